"""Live pictures, step by step and without threads: what they show, and when they stop."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from atlas_widget.errors import AtlasError
from atlas_widget.inversion import InversionEngine, InversionSettings
from atlas_widget.inversion.invert import run
from atlas_widget.probe import LayerProbe
from atlas_widget.session.pictures import inspector as inspect
from atlas_widget.session.pictures.cache import PictureCache
from atlas_widget.session.pictures.inspector import Inspector
from tests.conftest import make_tiny_model

ICON = InversionSettings.icon(size=24, steps=16)
PORTRAIT = InversionSettings.portrait(size=48, view=32, steps=16)
PLACE = (4, 3)


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    """Smaller pictures in fewer steps."""
    monkeypatch.setattr(InversionSettings, "icon", staticmethod(lambda: ICON))
    monkeypatch.setattr(InversionSettings, "portrait", staticmethod(lambda: PORTRAIT))


@pytest.fixture(scope="module")
def probe():
    with LayerProbe(make_tiny_model(), "middle", input_size=32, device="cpu") as probe:
        yield probe


@pytest.fixture(scope="module")
def directions(probe):
    import torch

    generator = torch.Generator().manual_seed(3)
    noise = torch.rand(2, 3, 8, 8, generator=generator)
    pictures = torch.nn.functional.interpolate(noise, (32, 32), mode="bilinear")
    seen = probe.activations(pictures)
    return seen[:, :, seen.shape[2] // 2, seen.shape[3] // 2].numpy()


@pytest.fixture(scope="module")
def engine(probe):
    """Engines are dear to make, and the same for all tests."""
    made = {}

    def engine(settings):
        if settings not in made:
            made[settings] = InversionEngine(probe, settings=settings)
        return made[settings]

    return engine


class Panel:
    """Somebody who watches: an inspector that sends every frame, and what it sent."""

    def __init__(self, probe, engine, cache):
        self.messages = []
        self.strips = []
        self.inspector = Inspector(probe, engine, cache, self.receive)

    def receive(self, content, buffers):
        self.messages.append(content)
        if buffers:
            self.strips.append(np.asarray(Image.open(io.BytesIO(buffers[0]))))

    def frames(self, request):
        return [m for m in self.messages if m["kind"] == "frame" and m["request"] == request]

    def work(self, until=None):
        slices = 0
        while self.inspector.active and not (until and until()):
            self.inspector.advance(0.02)
            slices += 1
            assert slices < 5000
        return slices


@pytest.fixture
def cache():
    made = PictureCache(None)
    yield made
    made.close()


@pytest.fixture
def panel(probe, engine, cache, monkeypatch):
    monkeypatch.setattr(inspect, "_FRAME_INTERVAL", 0.0)
    return Panel(probe, engine, cache)


def test_the_icon_comes_first_and_the_portrait_sharpens_it(panel, engine, directions):
    panel.inspector.open(PLACE, directions[0], request=1, seed=5)
    panel.work()
    frames = panel.frames(1)
    steps = [frame["step"] for frame in frames]
    assert steps == sorted(set(steps))
    assert {frame["steps"] for frame in frames} == {ICON.steps + PORTRAIT.steps}
    assert [frame["done"] for frame in frames] == [False] * (len(frames) - 1) + [True]
    assert frames[-1]["cosines"] == [pytest.approx(frames[-1]["cosine"])]
    icon = run(engine(ICON), directions[0], seed=5)
    portrait = run(engine(PORTRAIT), directions[0], seed=5, warm=icon.images)
    assert frames[-1]["cosine"] == pytest.approx(portrait.cosine[0], abs=1e-3)
    difference = np.abs(panel.strips[-1].astype(int) - portrait.images[0])
    assert difference.mean() < 3, "what JPEG costs"


def test_a_finished_picture_is_sent_at_once_and_without_an_engine(panel, probe, directions, cache):
    panel.inspector.open(PLACE, directions[0], request=1, seed=0)
    panel.work()
    (last,) = panel.frames(1)[-1:]
    again = Panel(probe, lambda _: pytest.fail("nothing is left to make"), cache)
    again.inspector.open(PLACE, directions[0], request=2, seed=0)
    (frame,) = again.frames(2)
    assert frame["done"]
    assert frame["cosine"] == pytest.approx(last["cosine"])
    assert not again.inspector.active


def test_a_paused_picture_rests_and_goes_on_where_it_was(panel, directions):
    panel.inspector.open(PLACE, directions[0], request=1, seed=0)
    panel.work(until=lambda: panel.frames(1))
    panel.inspector.pause(1, True)
    step = panel.frames(1)[-1]["step"]
    assert not panel.inspector.active
    panel.inspector.advance(1.0)
    assert panel.frames(1)[-1]["step"] == step
    panel.inspector.pause(1, False)
    panel.work()
    assert panel.frames(1)[-1]["done"]
    assert panel.frames(1)[-1]["step"] == ICON.steps + PORTRAIT.steps


def test_more_steps_go_on_from_the_picture_as_it_is(panel, directions):
    panel.inspector.open(PLACE, directions[0], request=1, seed=0)
    panel.work()
    before, picture = panel.frames(1)[-1], panel.strips[-1].astype(int)
    panel.inspector.more(1, 40)
    assert panel.inspector.active
    panel.work(until=lambda: not panel.frames(1)[-1]["done"])
    first = panel.frames(1)[-1]
    assert before["step"] < first["step"] < first["steps"] == before["steps"] + 40
    assert np.abs(panel.strips[-1] - picture).mean() < 25, "not begun anew"
    panel.work()
    last = panel.frames(1)[-1]
    assert last["done"]
    assert last["step"] == before["step"] + 40
    assert last["cosine"] >= before["cosine"] - 0.02
    # What was added is of this panel alone: whoever opens the cell next gets what everybody gets.
    panel.inspector.open(PLACE, directions[0], request=2, seed=0)
    assert panel.frames(2)[-1]["cosine"] == pytest.approx(before["cosine"])


def test_more_steps_of_a_picture_that_came_from_the_cache(panel, directions):
    for request in (1, 2):
        panel.inspector.open(PLACE, directions[0], request=request, seed=0)
        panel.work()
    finished = panel.strips[-1]
    panel.inspector.more(2, PORTRAIT.steps)
    panel.work()
    assert panel.frames(2)[-1]["step"] == 2 * PORTRAIT.steps
    assert panel.frames(2)[-1]["done"]
    assert not np.array_equal(panel.strips[-1], finished)
    panel.inspector.open(PLACE, directions[0], request=3, seed=0)
    assert np.array_equal(panel.strips[-1], finished), "the cache keeps what everybody gets"


def test_variants_are_of_one_direction_and_differ(panel, directions):
    panel.inspector.open(PLACE, directions[0], request=1, seed=0, variants=4)
    panel.work()
    frame, strip = panel.frames(1)[-1], panel.strips[-1]
    assert frame["done"]
    assert len(frame["cosines"]) == 4
    assert frame["cosine"] == pytest.approx(np.mean(frame["cosines"]))
    height, width = strip.shape[:2]
    assert width == 4 * height
    pictures = np.split(strip.astype(int), 4, axis=1)
    for one in range(4):
        for other in range(one):
            assert np.abs(pictures[one] - pictures[other]).mean() > 5


def test_several_live_pictures_take_turns_and_one_that_is_closed_ends(panel, directions):
    panel.inspector.open(PLACE, directions[0], request=1, seed=0)
    panel.inspector.open(PLACE, directions[1], request=2, seed=0)
    panel.inspector.open(PLACE, directions[1], request=3, seed=9)
    panel.work(until=lambda: all(len(panel.frames(request)) > 2 for request in (1, 2, 3)))
    assert not any(panel.frames(request)[-1]["done"] for request in (1, 2, 3))
    panel.inspector.close(2)
    ended = len(panel.frames(2))
    panel.work()
    assert len(panel.frames(2)) == ended
    assert panel.frames(1)[-1]["done"]
    assert panel.frames(3)[-1]["done"]
    for request in (1, 3, 99):
        panel.inspector.close(request)
    assert not panel.inspector.active


def test_what_goes_wrong_is_told_to_the_panel_and_ends_that_picture_alone(
    probe, engine, cache, directions
):
    def half_broken(settings):
        if settings == PORTRAIT:
            raise RuntimeError("the device caught fire")
        return engine(settings)

    panel = Panel(probe, half_broken, cache)
    panel.inspector.open(PLACE, np.zeros_like(directions[0]), request=1, seed=0)
    panel.inspector.open(PLACE, directions[0], request=2, seed=0)
    panel.work()
    failed = {m["request"]: m["message"] for m in panel.messages if m["kind"] == "inspect_failed"}
    assert "zero" in failed[1]
    assert failed[2] == "RuntimeError: the device caught fire"
    assert panel.frames(2), "the icon was made"


def test_what_nobody_can_mean_is_refused(panel, directions):
    with pytest.raises(AtlasError, match="1 to"):
        panel.inspector.open(PLACE, directions[0], request=1, seed=0, variants=10**6)
    panel.inspector.open(PLACE, directions[0], request=1, seed=0)
    for steps in (0, 10**9):
        with pytest.raises(AtlasError, match=str(steps)):
            panel.inspector.more(1, steps)
    for request in range(100):
        panel.inspector.open(PLACE, directions[0], request=request, seed=request)
    panel.inspector.pause(10**9, True)
    panel.inspector.more(10**9, 1)
    dropped = {m["request"] for m in panel.messages if m["kind"] == "inspect_failed"}
    assert dropped == set(range(100 - 24)), "and they are told"
    panel.work(until=lambda: panel.frames(99))
    assert not dropped & {m["request"] for m in panel.messages if m["kind"] == "frame"}
