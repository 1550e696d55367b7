"""Two classes compared: who is in it, and what the axes say."""

from __future__ import annotations

import numpy as np
import pytest

from atlas_widget import Atlas
from atlas_widget.classes import compare_classes
from atlas_widget.errors import AttributionError

FIRST, SECOND = "kind 1", "kind 8"


@pytest.fixture(scope="module")
def compared(atlas, attributions) -> Atlas:
    return compare_classes(atlas, FIRST, SECOND, attributions, count=60)


def test_the_strongest_of_both_each_once(compared, attributions):
    rows = compared.influence.origin
    assert len(set(rows.tolist())) == len(rows) == len(compared)
    for class_ in (1, 8):
        values = attributions.of(class_)
        strongest = np.argsort(-values)[: min(60, int((values > 0).sum()))]
        assert set(strongest.tolist()) <= set(rows.tolist())
    assert compared.influence.classes == (1, 8)


def test_across_is_the_difference(compared, attributions):
    rows = compared.influence.origin
    difference = attributions.of(1)[rows] - attributions.of(8)[rows]
    np.testing.assert_allclose(compared.influence.signed, difference, rtol=1e-5)
    across, down = compared.axes
    reach = np.percentile(np.abs(difference), 99)
    assert across.low == pytest.approx(reach)
    assert across.high == pytest.approx(-reach)
    inside = np.abs(difference) < reach
    places = across.low + compared.xy[:, 0] * (across.high - across.low)
    np.testing.assert_allclose(places[inside], difference[inside], atol=1e-4 * reach)
    assert set(compared.xy[~inside, 0].tolist()) <= {0.0, 1.0}
    assert (across.low_label, across.high_label) == (FIRST, SECOND)
    assert across.measures
    assert not down.measures


def test_down_keeps_alike_samples_together(compared):
    units = compared.activations / np.linalg.norm(compared.activations, axis=1, keepdims=True)
    cosine = units @ units.T
    apart = np.abs(compared.xy[:, 1][:, None] - compared.xy[:, 1])
    pairs = np.triu_indices(len(compared), 1)
    near = apart[pairs] < np.quantile(apart[pairs], 0.1)
    assert cosine[pairs][near].mean() > cosine[pairs][~near].mean() + 0.05
    assert np.ptp(compared.xy[:, 1]) > 0.9


def test_cells_of_either_side_argue_for_its_class(compared):
    grid = compared.grid(4)
    mean = compared.influence.cells(grid).mean
    assert (mean[grid.cols == 0] > 0).all()
    assert (mean[grid.cols == 3] < 0).all()
    one = compared.influence.cells(grid, 1).mean
    other = compared.influence.cells(grid, 8).mean
    np.testing.assert_allclose(one - other, mean, rtol=1e-4, atol=1e-6)


def test_comes_back_from_disk_with_its_axes(compared, tmp_path):
    compared.save(tmp_path / "pair.atlas")
    loaded = Atlas.load(tmp_path / "pair.atlas")
    assert loaded.axes[0] == compared.axes[0]
    assert loaded.axes[1].label == compared.axes[1].label
    assert loaded.influence.classes == (1, 8)
    assert loaded.with_layout(loaded.xy).axes is loaded.axes
    assert loaded.with_layout(loaded.xy[:, ::-1]).axes is None


def test_reversed_classes_mirror_it(compared, atlas, attributions):
    turned = compare_classes(atlas, SECOND, FIRST, attributions, count=60)
    np.testing.assert_allclose(turned.xy[:, 0], 1 - compared.xy[:, 0], atol=1e-6)
    np.testing.assert_array_equal(turned.xy[:, 1], compared.xy[:, 1])


def test_one_class_twice(atlas, attributions):
    with pytest.raises(AttributionError, match="same class"):
        compare_classes(atlas, 3, "kind 3", attributions)
