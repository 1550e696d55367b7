import numpy as np
import pytest

from atlas_widget import Atlas, LayerProbe
from atlas_widget.images.opening import as_image_source
from atlas_widget.protocol.messages import table
from atlas_widget.session.cells.labels import Labeller
from atlas_widget.session.cells.scene import Scene
from atlas_widget.session.panels.class_overview import ClassOverview
from atlas_widget.session.pictures.cache import PictureCache


class Room:
    """An overview of a tiny atlas, and what it sent."""

    def __init__(self, probe, scene, source, cache):
        self.scene = scene
        self.labeller = Labeller(scene, probe, source, None, cache)
        self.sent = []
        self.computed = []
        self.overview = ClassOverview(self.compute, lambda content, _: self.sent.append(content))
        self.overview.show(scene, self.labeller)

    def compute(self, grid, cell):
        self.computed.append(cell)
        self.labeller.advance(grid, cell)

    def work(self):
        for _ in range(1000):
            if not self.overview.work():
                return
        raise AssertionError("it does not end")

    def of(self, kind):
        messages = [message for message in self.sent if message["kind"] == kind]
        fields = table()["from_kernel"][kind]["fields"]
        assert all(message.keys() == {"kind", *fields} for message in messages)
        return messages

    def gains(self):
        return {
            cell: (value, low, high)
            for m in self.of("influence")
            for cell, value, low, high in zip(
                m["cells"], m["values"], m["low"], m["high"], strict=True
            )
        }


@pytest.fixture(scope="module")
def parts(tiny_images, tmp_path_factory):
    from tests.conftest import make_tiny_model

    model = make_tiny_model()
    atlas = Atlas.build(model, "middle", tiny_images, num_samples=120, grids=(2, 4), progress=False)
    grids = {size: atlas.grid(size) for size in atlas.grids}
    cache = PictureCache(tmp_path_factory.mktemp("cache"))
    with LayerProbe(model, "middle") as probe:
        yield (
            probe,
            Scene(3, "middle", grids, atlas.samples, atlas),
            as_image_source(tiny_images),
            cache,
        )
    cache.close()


@pytest.fixture
def room(parts):
    return Room(*parts)


def test_influence_is_what_the_cards_say_in_the_order_that_was_asked_for(parts, tmp_path):
    probe, scene, source, _ = parts
    room = Room(probe, scene, source, PictureCache(tmp_path))
    cells = sorted(room.scene.cells(4), reverse=True)
    room.overview.influence(4, 3, [*cells, 99])
    room.work()
    assert [message["class"] for message in room.of("influence")] == [3] * len(room.of("influence"))
    assert list(room.gains()) == cells
    assert room.overview.waiting == 0
    for cell in cells:
        (exact,) = room.labeller.class_values(4, cell, [3])
        said = room.gains()[cell]
        told = (exact["value"], exact["low"], exact["high"])
        if np.isnan(exact["low"]):
            assert said[1:] == (None, None)
        else:
            assert np.allclose(said, told, rtol=1e-3)


def test_a_second_class_costs_nothing_more(room):
    cells = list(room.scene.cells(2))
    room.overview.influence(2, 0, cells)
    room.work()
    room.computed.clear()
    before = room.labeller.values.computed
    room.overview.influence(2, 7, cells)
    room.work()
    assert not room.computed
    assert room.labeller.values.computed == before
    assert {m["class"] for m in room.of("influence")} == {0, 7}


def test_a_later_question_replaces_an_earlier_one_and_no_cells_end_it(room):
    cells = list(room.scene.cells(2))
    room.overview.influence(2, 0, cells)
    room.overview.influence(2, 1, cells[:1])
    room.work()
    assert [m["class"] for m in room.of("influence")] == [1]
    room.overview.influence(2, 1, cells)
    room.overview.influence(2, 1, [])
    assert not room.overview.work()


def test_a_search_finds_cells_that_argue_for_a_class_that_wins_none(room):
    room.overview.influence(4, 0, list(room.scene.cells(4)))
    room.work()
    room.overview.strongest(4, range(10))
    room.work()
    found = {message["class"]: message for message in room.of("strongest")}
    assert found.keys() == set(range(10))
    winning = {winner for cell in room.scene.cells(4) for winner in winners(room, 4, cell)}
    argued = {class_ for class_, message in found.items() if message["cells"]}
    assert argued - winning, "else the test shows nothing"
    for class_, message in found.items():
        assert message["values"] == sorted(message["values"], reverse=True)
        assert all(value > 0 for value in message["values"])
        assert message["known"] == message["total"] == len(room.scene.cells(4))
        for cell in message["cells"]:
            (exact,) = room.labeller.class_values(4, cell, [class_])
            assert exact["value"] > 0


def winners(room, grid, cell):
    room.compute(grid, cell)
    return room.labeller.known(grid, cell).winners


def test_a_search_is_answered_again_once_more_is_known(parts, tmp_path):
    probe, scene, source, _ = parts
    room = Room(probe, scene, source, PictureCache(tmp_path))
    room.overview.strongest(2, [4])
    room.work()
    (first,) = room.of("strongest")
    assert (first["known"], first["cells"]) == (0, []), "a search computes nothing"
    assert not room.computed
    room.overview.influence(2, 0, list(scene.cells(2)))
    room.overview._search.answered = float("-inf")  # as if some time had passed
    room.work()
    assert room.of("strongest")[-1]["known"] == len(scene.cells(2))


def test_classes_that_do_not_exist_are_left_out(room):
    room.overview.strongest(2, [-1, 10, 10**6])
    room.overview.influence(2, 10, list(room.scene.cells(2)))
    room.work()
    assert not room.sent
