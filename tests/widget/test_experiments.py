"""Trying out a region from Python: `w.ablate`, `w.steer`, `w.patch_test`, `w.find_cues`, and
what the pictures are worth."""

from __future__ import annotations

import io
import threading
import time

import numpy as np
import pytest
from PIL import Image

from atlas_widget import AtlasWidget
from atlas_widget.causes import ablate, examples_of
from atlas_widget.errors import AtlasError, AttributionError, CellError
from atlas_widget.probe import LayerProbe
from atlas_widget.session.tasks.replies import cues_reply
from tests.causes import planted
from tests.causes.conftest import fooled, shown

__all__ = ["fooled", "shown"]


@pytest.fixture(scope="module")
def w(fooled, shown, tmp_path_factory):
    """A widget of a network that takes a magenta mark for a disc."""
    widget = AtlasWidget(
        fooled,
        planted.LAYER,
        images=list(shown.rgb),
        transform=planted.CONFIG,
        labels=planted.LABELS,
        num_samples=2500,
        grids=(10, 20),
        cache_dir=tmp_path_factory.mktemp("cache"),
    )
    yield widget.wait(90)
    widget.close()


def test_the_selected_region_is_removed_and_added(w, fooled, shown):
    cells = w.atlas.grid(10).ids.tolist()[3:6]
    w.select(cells)
    removed = w.ablate(target=[0, 1], count=8)
    with LayerProbe(fooled, planted.LAYER, transform=planted.CONFIG, device="cpu") as probe:
        found = examples_of(w.atlas, probe, list(shown.rgb), cells, size=10, count=8)
        same = ablate(probe, None, found.rgb, found.positions, found.direction, target=[0, 1])
    np.testing.assert_allclose(removed.actual, same.actual, rtol=1e-3, atol=1e-4)
    assert removed.names == ("disc", "cross")
    added = w.steer(cells[0], 2.0, where="everywhere", target="disc", count=4)
    assert len(added) == 4
    assert added.names == ("disc",)
    assert "+2" in added.what


def test_nothing_selected_and_no_such_cell_are_said(w):
    w.select([])
    with pytest.raises(CellError, match="No cells are selected"):
        w.ablate()
    with pytest.raises(CellError):
        w.steer([10**6])
    with pytest.raises(AtlasError, match=r"where='presnt'.*'present'"):
        w.ablate(w.atlas.grid(10).ids[0].item(), where="presnt")
    with pytest.raises(AtlasError, match="alpha=0"):
        w.steer(w.atlas.grid(10).ids[0].item(), 0.0)


@pytest.fixture(scope="module")
def report(w, shown):
    classes = shown.classes
    return w.find_cues("disc", "cross", image_classes=classes, measured=1, test_images=16)


def test_the_planted_cue_comes_first_and_pasting_it_is_what_flips(w, report):
    cue = report[0]
    assert (cue.label, cue.other_label) == ("disc", "cross")
    assert planted.is_mark(cue.patch)
    test = w.patch_test(cue.patch, "disc", source="cross", size=0.2, count=60)
    assert test.confirmed
    assert test.patch.rate > 0.8
    assert set(test.controls) == {"noise", "random cells"}


def test_a_report_crosses_to_the_browser_with_its_crops(w, report):
    message, (jpeg,) = cues_reply(7, report, w.atlas.samples)
    count = len(report)
    assert (message["request"], message["grid"]) == (7, 10)
    assert message["cells"] == [cue.cells[0] for cue in report]
    assert message["argue_for"][0] == "disc"
    assert message["measured"][0] == pytest.approx(report[0].measured)
    assert message["confirmed"][0] == 1
    unmeasured = [at for at, cue in enumerate(report) if cue.test is None]
    assert unmeasured, "only one was pasted"
    assert {message["flips"][at] for at in unmeasured} == {None}
    assert {message["measured"][at] for at in unmeasured} == {None}
    sheet = np.asarray(Image.open(io.BytesIO(jpeg)))
    tile = message["tile"]
    assert sheet.shape == (count * tile, message["columns"] * tile, 3)
    assert planted.is_mark(sheet[:tile, :tile]), "what was pasted comes first"


def test_a_cell_is_put_on_images_as_its_picture_or_as_a_real_crop(w):
    cell = w.atlas.grid(10).ids[0].item()
    options = {"count": 12, "size": 0.2, "controls": 0, "position": "corner"}
    real = w.patch_test(cell, 0, crop=0, **options)
    thumbnail = w.atlas.samples.thumbnails.get(int(w.atlas.grid(10).nearest(0)[0]))
    same = w.patch_test(thumbnail, 0, **options)
    assert real.patch == same.patch
    assert set(real.controls) == {"noise"}
    with pytest.raises(CellError, match="crop=100000"):
        w.patch_test(cell, 0, crop=100_000)
    with pytest.raises(AtlasError, match="not with a picture"):
        w.patch_test(thumbnail, 0, crop=1)
    with pytest.raises(AttributionError, match=r"'dsic'.*'disc'"):
        w.patch_test(thumbnail, "dsic")


def test_an_interrupt_or_a_timeout_gives_it_up_and_the_widget_lives_on(w):
    cells = w.atlas.grid(10).ids.tolist()
    with pytest.raises(TimeoutError, match="Running a causal test"):
        w.ablate(cells, count=2000, timeout=0.05)
    began = time.monotonic()
    assert len(w.ablate(cells[0], count=2, timeout=60)) == 2
    assert time.monotonic() - began < 30, "what was given up is not waited for"


def test_the_worker_cannot_wait_for_itself(w):
    told = []

    def ask():
        try:
            w.ablate(0)
        except AtlasError as error:
            told.append(str(error))
        finally:
            ended.set()

    ended = threading.Event()
    w._worker.post(ask)
    assert ended.wait(30)
    assert "cannot be called from a trait observer" in told[0]


def test_the_pictures_are_measured_against_controls(w):
    check = w.sanity_check(count=6)
    names = [control.name for control in check.controls]
    assert names[0] == "pictures"
    assert {"noise images", "untrained network's pictures", "statistics alone"} < set(names)
    assert all(len(control.cosine) == 6 for control in check.controls[:3])
    assert check["pictures"].median > check["noise images"].median
    with pytest.raises(AtlasError, match="count=1: at least 2 cells"):
        w.sanity_check(count=1)
