"""Deletion, insertion and ablation: exact where the rest of the network is linear."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from atlas_widget.errors import AtlasError
from tests.reading.networks import chain, image, lively, read, scores_of

ALL = ["relu2", "conv3", "relu3"]


def scores_with(model, layer, change):
    """The scores with a layer's output changed, through the user's own model."""
    handle = model.get_submodule(layer).register_forward_hook(lambda _m, _a, out: change(out))
    try:
        return scores_of(model)
    finally:
        handle.remove()


def test_before_a_linear_rest_the_curves_follow_from_the_attribution():
    model = chain()
    with read(model, ALL) as seen:
        found = seen.deletion("relu3", 1, points=37, orders=3)
        values = np.sort(seen.spatial("relu3", 1).values.ravel())[::-1]
    score, bias = float(scores_of(model)[1]), float(model.head.bias.detach()[1])
    sums = np.concatenate([[0], np.cumsum(values)])
    np.testing.assert_array_equal(found.counts, np.arange(37))
    np.testing.assert_allclose(found.deletion, score - sums, atol=1e-12)
    np.testing.assert_allclose(found.insertion, bias + sums, atol=1e-12)
    assert found.deletion[-1] == pytest.approx(bias, abs=1e-12)
    assert found.insertion[-1] == pytest.approx(score, abs=1e-12)
    assert (found.random_deletion >= found.deletion - 1e-12).all()
    assert (found.random_insertion <= found.insertion + 1e-12).all()
    assert found.area_deleted > 0
    assert found.area_inserted > 0


def test_any_curve_is_what_the_model_says_without_the_positions():
    model = chain()
    with read(model, ALL) as seen:
        found = seen.deletion("relu2", 2, points=5, orders=2, seed=3)
        again = seen.deletion("relu2", 2, points=5, orders=2, seed=3)
        order = np.argsort(-seen.spatial("relu2", 2).values.ravel(), kind="stable")
    np.testing.assert_array_equal(found.random_deletion, again.random_deletion)
    assert found.counts[0] == 0
    assert found.counts[-1] == 144
    for count, down, up in zip(found.counts, found.deletion, found.insertion, strict=True):
        gone = torch.zeros(144, dtype=torch.bool)
        gone[order[:count].copy()] = True
        gone = gone.view(12, 12)
        without = scores_with(model, "relu2", lambda out, gone=gone: out * ~gone)[2]
        only = scores_with(model, "relu2", lambda out, gone=gone: out * gone)[2]
        assert down == pytest.approx(float(without), abs=1e-12)
        assert up == pytest.approx(float(only), abs=1e-12)
    table = found.table()
    assert table.index.tolist() == found.counts.tolist()
    assert (table["random deletion min"] <= table["random deletion max"]).all()
    assert found.random_deletion.shape == found.random_insertion.shape == (2, len(found.counts))
    assert not np.array_equal(found.random_deletion[0], found.random_deletion[1])


def test_progress_is_told_and_a_curve_can_be_cancelled():
    from atlas_widget.progress import Cancelled

    told = []
    with read(chain(), ALL) as seen:
        seen.deletion("relu3", 0, points=5, orders=4, progress=lambda *at: told.append(at))
        assert told[-1][0] == told[-1][1]
        with pytest.raises(Cancelled):
            seen.deletion("relu3", 0, cancelled=lambda: True)
        for options, words in [({"points": 1}, "points=1"), ({"orders": 0}, "orders=0")]:
            with pytest.raises(AtlasError, match=words):
                seen.deletion("relu3", 0, **options)


@pytest.mark.parametrize("layer", ["relu3", "conv3"])
def test_before_a_linear_rest_an_ablation_is_as_predicted(layer):
    model = chain()
    with read(model, ALL) as seen:
        groups = seen.groups("relu3", 3)
        for what in (
            {"channel": 4},
            {"positions": [(0, 1), (5, 5)]},
            {"positions": np.eye(6, dtype=bool)},
            {"group": (groups, 1)},
        ):
            if layer == "conv3" and ("channel" in what or "group" in what):
                continue
            table = seen.ablate(layer, **what, classes=[0, 1, 2, 3])
            np.testing.assert_allclose(table["predicted"], table["actual"], atol=1e-12)
            assert table["actual"].abs().max() > 1e-3
        mask = np.eye(6, dtype=bool)
        table = seen.ablate("relu3", positions=mask, classes=2)
        wanted = -seen.spatial("relu3", 2).values[mask].sum()
        assert table.loc[2, "predicted"] == pytest.approx(wanted, abs=1e-12)


def test_an_ablation_is_what_the_model_says_and_the_prediction_the_attribution():
    model = chain()
    with read(model, ALL, labels=list("abcd")) as seen:
        table = seen.ablate("relu2", channel=3)
        assert table.index.tolist() == torch.argsort(-scores_of(model)).tolist()

        def change(out):
            out = out.clone()
            out[:, 3] = 0
            return out

        after = scores_with(model, "relu2", change)
        for k in range(4):
            row = table.loc[k]
            assert row["label"] == "abcd"[k]
            assert row["score"] == pytest.approx(float(scores_of(model)[k]), abs=1e-12)
            assert row["actual"] == pytest.approx(float(after[k]) - row["score"], abs=1e-12)
            predicted = -seen.channels("relu2", k).values[3]
            assert row["predicted"] == pytest.approx(predicted, abs=1e-12)
        assert not np.allclose(table["predicted"], table["actual"], atol=1e-6)
        groups = seen.groups("relu2", 2)
        part = torch.from_numpy(groups.part(0))
        table = seen.ablate("relu2", group=(groups, 0), classes=["b"])
        after = scores_with(model, "relu2", lambda out: out - part)
        assert table.loc[1, "score"] + table.loc[1, "actual"] == pytest.approx(
            float(after[1]), abs=1e-12
        )
        assert table.loc[1, "predicted"] == pytest.approx(
            -groups.attribution("b").values[0], abs=1e-12
        )
        np.testing.assert_array_equal(seen.rgb[0], image)


@pytest.mark.parametrize("max_pool", ["plain", "relaxed"])
def test_many_classes_are_predicted_as_few_are(max_pool):
    model = chain()
    model.head = lively(nn.Linear(7, 20))
    with read(model, ALL, max_pool=max_pool) as seen:
        many = seen.ablate("relu2", positions=[(2, 3), (4, 4)], classes=range(20))
        few = seen.ablate("relu2", positions=[(2, 3), (4, 4)], classes=[0, 7, 19])
        np.testing.assert_allclose(many.loc[[0, 7, 19], "predicted"], few["predicted"], atol=1e-13)
        assert few["predicted"].abs().min() > 1e-6


def test_a_control_removes_as_much_elsewhere_in_the_channels():
    model = chain()
    with read(model, ALL) as seen:
        groups = seen.groups("relu2", 2)
        part = torch.from_numpy(groups.part(1))
        table = seen.ablate("relu2", group=(groups, 1), classes=[0, 2], controls=3, seed=7)
        plain = seen.ablate("relu2", group=(groups, 1), classes=[0, 2])
        np.testing.assert_allclose(table["actual"], plain["actual"], atol=1e-13)
        rng = np.random.default_rng(7)
        others = [part[torch.from_numpy(rng.permutation(6))] for _ in range(3)]
        wanted = np.array(
            [
                (scores_with(model, "relu2", lambda out, o=o: out - o) - scores_of(model)).numpy()
                for o in others
            ]
        )[:, [0, 2]]
        np.testing.assert_allclose(table["random"], wanted.mean(0), atol=1e-12)
        np.testing.assert_allclose(table["random_min"], wanted.min(0), atol=1e-12)
        np.testing.assert_allclose(table["random_max"], wanted.max(0), atol=1e-12)
        assert "random" not in plain
        for wrong in (-1, True, 1.5):
            with pytest.raises(AtlasError, match="controls="):
                seen.ablate("relu2", channel=0, controls=wrong)


def test_what_cannot_be_removed_is_refused():
    with read(chain(), ALL) as seen:
        groups = seen.groups("relu3", 2)
        for what, words in [
            ({}, "one of the three"),
            ({"channel": 1, "positions": [(0, 0)]}, "one of the three"),
            ({"channel": 9}, "units 0 to 5"),
            ({"positions": []}, "positions is empty"),
            ({"positions": [(0, 12)]}, "columns 0 to 11"),
            ({"positions": np.ones((3, 3), bool)}, r"shape \(3, 3\)"),
            ({"group": (groups, 0)}, "of layer 'relu3'"),
            ({"channel": 0, "classes": []}, "classes is empty"),
        ]:
            with pytest.raises(AtlasError, match=words):
                seen.ablate("relu2", **what)
