"""Pictures that are made elsewhere: what is sent when, what a loss costs, and what is made here."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from atlas_widget.errors import ClusterError
from atlas_widget.images.thumbnails import encode_thumbnail
from atlas_widget.inversion import InversionEngine, InversionSettings
from atlas_widget.inversion.invert import run
from atlas_widget.probe import LayerProbe
from atlas_widget.session.cells.scene import ranks
from atlas_widget.session.pictures.cache import PictureCache
from atlas_widget.session.pictures.picture import Examples, Picture, State
from atlas_widget.session.pictures.queue import PictureQueue
from atlas_widget.session.pictures.renderer import NO_EXAMPLES, PictureRenderer

GROUP = "cell:20"
SETTINGS = InversionSettings.icon(size=16, steps=4)


class FakeMaker:
    """Two workers that finish what they are told to, in the way of the renderer's own engine."""

    batch_size = 2

    def __init__(self, engine: InversionEngine) -> None:
        self.engine = engine
        self.ready = True
        self.out: dict[Any, Any] = {}
        self.ended: list[tuple[Any, Any]] = []
        self.sent: list[tuple[int, ...]] = []

    @property
    def free(self) -> int:
        return 2 - len(self.out) if self.ready else 0

    def begin(
        self,
        ticket: Any,
        _probe: Any,
        _settings: Any,
        directions: Any,
        seed: int,
        examples: Any = None,
    ) -> None:
        assert self.free
        self.sent.append(ticket.batch.numbers)
        self.out[ticket] = (directions, seed, examples)

    def finish(self, cells: tuple[int, ...]) -> None:
        ticket = self._ticket(cells)
        directions, seed, examples = self.out.pop(ticket)
        self.ended.append((ticket, run(self.engine, directions, seed, images=examples)))

    def lose(self, cells: tuple[int, ...]) -> None:
        ticket = self._ticket(cells)
        del self.out[ticket]
        self.ended.append((ticket, None))

    def poll(self) -> list[tuple[Any, Any]]:
        ended, self.ended = self.ended, []
        return ended

    def close(self) -> None:
        self.ready = False

    def _ticket(self, cells: tuple[int, ...]) -> Any:
        (ticket,) = [one for one in self.out if one.batch.numbers == cells]
        return ticket


class FlatTargets:
    """Twenty random directions."""

    def __init__(self) -> None:
        self.means = np.random.default_rng(0).random((20, 12), np.float32)
        self.units = self.means / np.linalg.norm(self.means, axis=1, keepdims=True)

    def has(self, group: str, number: int) -> bool:
        return group == GROUP and 0 <= number < 20

    def directions(self, _group: str, numbers: Any) -> Any:
        return self.means[list(numbers)]

    def examples(self, _group: str, numbers: Any) -> list[Examples]:
        return [
            Examples(
                tuple(
                    encode_thumbnail(
                        Image.new("RGB", (64, 64), (10 * number + by,) * 3), (0, 0, 64, 64)
                    )
                    for by in (0, 40)
                )
            )
            for number in numbers
        ]

    def ranks(self, _group: str, numbers: Any, activations: Any) -> list[int]:
        return ranks(activations, self.units, list(numbers))

    def crop(self, _group: str, _number: int) -> Picture:
        return Picture(np.zeros((64, 64, 3), np.uint8), State.CROP)


class Bench:
    """A renderer with such a maker, and what it has shown."""

    def __init__(self, probe: LayerProbe, cache: PictureCache) -> None:
        self.engine = InversionEngine(probe, settings=SETTINGS)
        self.maker = FakeMaker(self.engine)
        self.queue = PictureQueue({GROUP: range(20)}, base=GROUP, labels=False)
        self.targets = FlatTargets()
        self.shown: dict[int, Picture] = {}
        self.engines_asked_for = 0
        self.notices: list[str] = []
        self.probe = probe
        self.cache = cache
        self.renderer = self.new_renderer()

    def new_renderer(self) -> PictureRenderer:
        return PictureRenderer(
            self.targets,
            self.queue,
            self.probe,
            SETTINGS,
            self._own_engine,
            self.cache,
            seed=3,
            show=lambda _, cell, picture: self.shown.update({cell: picture}),
            notice=self.notices.append,
            maker=self.maker,
        )

    def _own_engine(self) -> InversionEngine:
        self.engines_asked_for += 1
        return self.engine

    def work(self) -> None:
        """Do all that can be done now."""
        for _ in range(1000):
            if not self.renderer.advance(0.0):
                return
        raise AssertionError("it never rests")

    def final(self) -> set[int]:
        return {cell for cell, picture in self.shown.items() if picture.state is State.FINAL}


@pytest.fixture
def bench(tiny_model: torch.nn.Module, tmp_path: Path) -> Iterator[Bench]:
    with LayerProbe(tiny_model, "middle", input_size=32, device="cpu") as probe:
        bench = Bench(probe, PictureCache(tmp_path))
        yield bench
        bench.cache.close()


def test_what_is_sent_follows_the_person(bench: Bench) -> None:
    bench.queue.look(GROUP, range(8))
    bench.work()
    assert bench.maker.sent == [(0, 1), (2, 3)], "as many as there are workers"
    assert bench.renderer.waits_for_remote
    bench.queue.look(GROUP, range(12, 16))
    bench.maker.finish((2, 3))
    bench.work()
    assert bench.maker.sent[2:] == [(12, 13)]
    assert bench.final() == {2, 3}
    for cells in ((0, 1), (12, 13)):
        bench.maker.finish(cells)
    bench.work()
    bench.maker.finish((14, 15))
    bench.work()
    assert bench.final() == {0, 1, 2, 3, 12, 13, 14, 15}
    assert not bench.renderer.waits_for_remote
    assert not bench.engines_asked_for, "nothing was made here"


def test_pictures_are_those_made_here(bench: Bench, tmp_path: Path) -> None:
    bench.queue.look(GROUP, range(4))
    bench.work()
    for cells in ((0, 1), (2, 3)):
        bench.maker.finish(cells)
    bench.work()
    there, bench.shown = bench.shown, {}
    bench.maker.close()
    known, bench.cache = bench.cache, PictureCache(tmp_path / "another")
    bench.queue = PictureQueue({GROUP: range(20)}, base=GROUP, labels=False)
    bench.queue.look(GROUP, range(4))
    bench.renderer = bench.new_renderer()
    bench.work()
    known.close()
    assert bench.engines_asked_for
    assert there.keys() == bench.shown.keys() == {0, 1, 2, 3}
    for cell, here in bench.shown.items():
        assert there[cell].state is here.state is State.FINAL
        assert there[cell].made == here.made
        assert here.made.startswith("direction + statistics of 2 crops · preset ")
        assert there[cell].rank == here.rank
        assert there[cell].cosine == pytest.approx(here.cosine, abs=1e-3)
        assert np.abs(there[cell].pixels.astype(int) - here.pixels).max() <= 2


def test_without_crops_that_can_be_read_a_picture_has_its_direction_only(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.maker.close()
    damaged = Examples((b"no JPEG", b"nor this"))
    monkeypatch.setattr(
        bench.targets, "examples", lambda _group, numbers: [damaged for _ in numbers]
    )
    bench.queue.look(GROUP, range(2))
    bench.work()
    assert bench.final() >= {0, 1}
    assert bench.shown[0].made.startswith("direction only · ")
    assert set(bench.notices) == {NO_EXAMPLES}
    # the cache tells it too
    bench.queue = PictureQueue({GROUP: range(20)}, base=GROUP, labels=False)
    bench.queue.look(GROUP, range(2))
    made, bench.shown = bench.shown, {}
    bench.renderer = bench.new_renderer()
    bench.work()
    assert bench.shown[0].made == made[0].made


def test_a_lost_batch_is_sent_again_but_not_for_ever(bench: Bench) -> None:
    bench.queue.look(GROUP, range(2))
    for _ in range(2):
        bench.work()
        bench.maker.lose((0, 1))
    bench.work()
    assert bench.maker.sent == [(0, 1)] * 3
    bench.maker.lose((0, 1))
    with pytest.raises(ClusterError, match="3 workers"):
        bench.work()
    bench.work()
    assert len(bench.maker.sent) == 3
    assert bench.queue.failed(GROUP, 0)
    bench.queue.retry()
    bench.work()
    bench.maker.finish((0, 1))
    bench.work()
    assert bench.final() == {0, 1}


def test_made_here_while_nobody_else_can(bench: Bench) -> None:
    bench.queue.look(GROUP, range(4))
    bench.maker.ready = False  # still connecting
    for _ in range(3):
        bench.renderer.advance(0.0)
    assert bench.engines_asked_for
    bench.maker.ready = True
    bench.work()
    assert bench.maker.sent == [(0, 1), (2, 3)]
    bench.maker.finish((0, 1))
    bench.maker.lose((2, 3))
    bench.maker.close()  # all of it is gone
    bench.work()
    assert bench.final() == {0, 1, 2, 3}
    assert len(bench.maker.sent) == 2
    assert not bench.renderer.waits_for_remote


def test_what_another_scene_has_sent_is_kept(bench: Bench) -> None:
    bench.queue.look(GROUP, range(2))
    bench.work()
    bench.queue = PictureQueue({GROUP: range(20)}, base=GROUP, labels=False)
    bench.renderer = bench.new_renderer()
    bench.maker.finish((0, 1))
    bench.work()
    assert not bench.shown
    bench.queue.look(GROUP, range(2))
    bench.work()
    assert bench.final() == {0, 1}
    assert bench.maker.sent == [(0, 1)], "it was in the cache"
