import numpy as np
import pytest
import torch

from atlas_widget import Atlas, LayerProbe
from atlas_widget.images.opening import as_image_source
from atlas_widget.session.cells.class_values import SampleValues
from atlas_widget.session.cells.labels import Labeller
from atlas_widget.session.cells.scene import Scene
from atlas_widget.session.pictures.cache import PictureCache


@pytest.fixture(scope="module")
def room(tiny_images, tmp_path_factory):
    """A probe, a scene of two grids, the images and a cache."""
    from tests.conftest import make_tiny_model

    model = make_tiny_model()
    atlas = Atlas.build(model, "middle", tiny_images, num_samples=120, grids=(2, 4), progress=False)
    grids = {size: atlas.grid(size) for size in atlas.grids}
    scene = Scene(0, "middle", grids, atlas.samples, atlas)
    cache = PictureCache(tmp_path_factory.mktemp("cache"))
    with LayerProbe(model, "middle") as probe:
        yield probe, scene, as_image_source(tiny_images), cache
    cache.close()


def test_values_are_those_of_attribution_and_come_back_from_the_disk(room):
    from atlas_widget import attribute
    from atlas_widget.collect import sample_images

    probe, scene, source, cache = room
    chosen = np.arange(6)
    values = SampleValues(scene, probe, source, cache)
    assert not values.has(chosen)
    while not values.advance(chosen):
        pass
    images = sample_images(scene.samples, source, chosen, probe.input_size)
    exact = attribute(probe, None, images, scene.samples.positions[chosen].astype(int))
    largest = np.abs(exact).max(1, keepdims=True)
    assert np.abs(values.of(chosen) - exact).max() < 1e-3 * largest.max()
    assert np.array_equal(values.column(chosen, 3), values.of(chosen)[:, 3])
    later = SampleValues(scene, probe, source, cache)
    later.fetch(chosen)
    assert later.has(chosen)
    assert np.array_equal(later.of(chosen), values.of(chosen))


def test_memory_is_bounded_and_what_is_asked_for_stays(room):
    probe, scene, source, cache = room
    values = SampleValues(scene, probe, source, cache, budget=1)
    chosen = np.arange(10)
    for start in range(0, 110, 10):
        while not values.advance(chosen + start):
            pass
        assert values.has(chosen + start)
    assert len(values._known) <= 64
    assert not values.has(chosen)
    assert values.advance(chosen), "from the disk, at once"


def test_who_speaks_for_a_coarse_cell_speaks_for_the_finer_ones_too(room):
    probe, scene, source, cache = room
    labeller = Labeller(scene, probe, source, None, cache, samples=8)
    coarse = [cell for cell in scene.cells(2) if scene.count(2, cell) > 8]
    assert coarse
    for cell in coarse:
        speakers = set(labeller.chosen(2, cell).tolist())
        assert len(speakers) == 8
        finer = set()
        for child in scene.cells(4):
            if (child // 4 // 2) * 2 + child % 4 // 2 == cell:
                finer |= set(labeller.chosen(4, child).tolist())
        kept = {sample for child in scene.cells(4) for sample in scene.members(4, child).tolist()}
        assert speakers & kept <= finer


def test_where_each_class_costs_a_pass_all_samples_have_the_same_ones(room, monkeypatch, tmp_path):
    probe, scene, source, _ = room
    monkeypatch.setattr(probe.derivatives, "mode", "reverse per score")
    few = [1, 4, 6]
    monkeypatch.setattr("atlas_widget.attribution.scores_that_matter", lambda *_: few)
    cache = PictureCache(tmp_path)
    values = SampleValues(scene, probe, source, cache)
    chosen = np.arange(9)
    while not values.advance(chosen):
        pass
    assert np.array_equal(np.isfinite(values.of(chosen)).all(0).nonzero()[0], few)
    labeller = Labeller(scene, probe, source, None, cache)
    cell = next(iter(scene.cells(2)))
    while not labeller.advance(2, cell):
        pass
    known = labeller.known(2, cell)
    assert {item["index"] for item in (*known.classes, *known.against)} <= set(few)
    asked = None
    while asked is None:
        asked = labeller.class_values(2, cell, [0, 4])
    assert [item["index"] for item in asked] == [4]
    cache.close()


def test_cells_of_a_network_without_a_head_are_labelled_by_likeness(tiny_images, tmp_path):
    from atlas_widget import similarity_to
    from tests.conftest import make_tiny_model, tiny_picture

    body = make_tiny_model()
    body.head = torch.nn.Identity()
    body.pool = torch.nn.Identity()
    atlas = Atlas.build(body, "middle", tiny_images, num_samples=60, grids=(2,), progress=False)
    scene = Scene(0, "middle", {2: atlas.grid(2)}, atlas.samples, atlas)
    prompts = similarity_to([tiny_picture(0), tiny_picture(5)], names=["first", "sixth"])
    source, cache = as_image_source(tiny_images), PictureCache(tmp_path)
    with LayerProbe(body, "middle", target=prompts, device="cpu") as probe:
        labeller = Labeller(scene, probe, source, probe.target.named(None), cache)
        assert labeller.possible
        for cell in scene.cells(2):
            while not labeller.advance(2, cell):
                pass
            known = labeller.known(2, cell)
            told = {item["label"] for item in (*known.classes, *known.against)}
            assert told == {"first", "sixth"}
    cache.close()
