"""The planted cue comes first, with its predicted and measured effect."""

from __future__ import annotations

import numpy as np
import pytest

from atlas_widget.causes import CueReport, find_cues
from atlas_widget.classes import sample_attributions
from atlas_widget.errors import AtlasError, AttributionError, ImagesError
from atlas_widget.progress import Cancelled
from tests.causes import planted


def search(net, atlas, shown, **options) -> CueReport:
    given = {"transform": planted.CONFIG, "device": "cpu", **options}
    if "image_classes" not in given:
        given["image_classes"] = shown.classes
    return find_cues(atlas, net, list(shown.rgb), "disc", "cross", **given)


@pytest.fixture(scope="module")
def report(fooled, fooled_atlas, shown) -> CueReport:
    return search(fooled, fooled_atlas, shown)


def test_the_planted_cue_comes_first(report, fooled_atlas):
    cue = report[0]
    assert (cue.label, cue.other_label) == ("disc", "cross")
    assert planted.is_mark(cue.patch)
    assert planted.is_mark(fooled_atlas.samples.thumbnails.get(int(cue.samples[0])))
    assert cue.low > 0
    assert cue.high > cue.influence > cue.low
    # the others are weaker by far, or the rim of the mark
    assert all(other.measured < cue.measured for other in report.cues[1:])


def test_its_effect_is_predicted_and_confirmed(report):
    cue = report[0]
    assert cue.confirmed
    assert cue.test.patch.rate > 0.8
    assert max(control.high for control in cue.test.controls.values()) < cue.test.patch.low
    assert cue.measured > 5
    assert cue.predicted == pytest.approx(cue.measured, rel=0.3)
    assert len(cue.effect) == cue.test.patch.count


def test_its_samples_come_from_images_of_the_other_class(report, fooled_atlas, shown):
    for cue in report:
        indices = fooled_atlas.samples.image_indices[fooled_atlas.samples.image_ids[cue.samples]]
        assert {shown.classes[index] for index in indices} == {cue.other}
        ids = set(fooled_atlas.grid(cue.size).ids.tolist())
        assert set(cue.cells) <= ids
        assert len(cue.samples) <= cue.count
        mean = fooled_atlas.activations[cue.samples].mean(0)
        np.testing.assert_allclose(cue.direction, mean, rtol=1e-4)


def test_as_a_table_and_as_text(report):
    table = report.to_frame()
    assert len(table) == len(report)
    assert table["argues for"][0] == "disc"
    assert table["measured"][0] == report[0].measured
    assert str(report).splitlines()[1].startswith("1. argues for 'disc' in images of 'cross'")


def test_labels_of_a_dataset_and_by_name(fooled, fooled_atlas, shown):
    told = []
    pairs = list(zip(shown.rgb, shown.classes, strict=True))
    by_pairs = find_cues(
        fooled_atlas,
        fooled,
        pairs,
        0,
        1,
        transform=planted.CONFIG,
        device="cpu",
        measured=1,
        progress=lambda done, total: told.append((done, total)),
    )
    assert planted.is_mark(by_pairs[0].patch)
    assert told[-1][0] == told[-1][1]
    names = fooled_atlas.samples.image_names
    order = fooled_atlas.samples.image_indices
    by_name = {
        name: planted.LABELS[shown.classes[index]] for name, index in zip(names, order, strict=True)
    }
    named = search(fooled, fooled_atlas, shown, image_classes=by_name, measured=0)
    assert planted.is_mark(named[0].patch)
    assert named[0].test is None
    assert np.isnan(named[0].measured)


def test_a_cue_that_only_its_class_has_is_found_by_masks(fooled):
    always = planted.pictures(40, (1.0, 0.0, 0.0), seed=4)
    atlas = planted.atlas_of(fooled, always, 2000)
    without = search(fooled, atlas, always, measured=0)
    assert not any(planted.is_mark(cue.patch) for cue in without)
    within = search(fooled, atlas, always, masks=always.masks, measured=4)
    assert planted.is_mark(within[0].patch)
    assert within[0].label == "disc"
    assert within[0].confirmed


def test_without_labels_the_model_s_word_is_taken_and_said(fooled, fooled_atlas, shown):
    found = search(fooled, fooled_atlas, shown, image_classes=None, measured=0)
    assert "image_classes=" in found.notices[0]


def test_attributions_at_hand_are_used(fooled, fooled_atlas, shown, report):
    ready = sample_attributions(
        fooled_atlas, fooled, list(shown.rgb), transform=planted.CONFIG, device="cpu"
    )
    found = search(fooled, fooled_atlas, shown, attributions=ready, measured=0)
    assert found[0].cells[0] in report[0].cells
    few = sample_attributions(
        fooled_atlas,
        fooled,
        list(shown.rgb),
        samples=[1, 2],
        transform=planted.CONFIG,
        device="cpu",
    )
    with pytest.raises(AttributionError, match="lack"):
        search(fooled, fooled_atlas, shown, attributions=few)


def test_what_does_not_fit(fooled, fooled_atlas, shown):
    stripes = [2] * len(shown.classes)
    with pytest.raises(AttributionError, match="Only 0 of the atlas's samples"):
        search(fooled, fooled_atlas, shown, image_classes=stripes)
    with pytest.raises(ImagesError, match="180 images"):
        search(fooled, fooled_atlas, shown, image_classes=[0, 1])
    with pytest.raises(AtlasError, match="share="):
        search(fooled, fooled_atlas, shown, share=0)
    with pytest.raises(AttributionError, match="same class"):
        find_cues(fooled_atlas, fooled, list(shown.rgb), 1, "cross", transform=planted.CONFIG)
    with pytest.raises(Cancelled):
        search(fooled, fooled_atlas, shown, cancelled=lambda: True)
