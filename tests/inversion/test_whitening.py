"""Directions that stand out from what all activations share."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from atlas_widget.errors import ActivationsError
from atlas_widget.inversion import InversionSettings, Whitening, invert
from atlas_widget.probe import LayerProbe


def activations(count: int = 4000) -> np.ndarray:
    """A large part that all share, and small ones that tell them apart."""
    rng = np.random.default_rng(0)
    common = np.zeros(8)
    common[0] = 10.0
    return (common + rng.normal(size=(count, 8))).astype(np.float32)


def cosine(a: np.ndarray, b: np.ndarray) -> float:
    return float(a @ b / np.linalg.norm(a) / np.linalg.norm(b))


def test_what_all_share_counts_less_and_a_large_ridge_changes_nothing() -> None:
    rows = activations()
    a, b = rows[:100].mean(0) + np.eye(8)[1] * 2, rows[:100].mean(0) + np.eye(8)[2] * 2
    assert cosine(a, b) > 0.9
    sharp = Whitening.of(rows, ridge=0.01)([a, b])
    assert cosine(*sharp) < 0.5
    dull = Whitening.of(rows, ridge=1e6)([a, b])
    np.testing.assert_allclose(dull, [a, b], rtol=1e-3, atol=1e-3)


def test_a_target_is_as_long_as_its_direction_reaches() -> None:
    rows = activations()
    target = Whitening.of(rows, ridge=0.1)(rows[:5])
    length = np.linalg.norm(target, axis=1)
    along = (rows[:5] * target).sum(1) / length
    np.testing.assert_allclose(along, length, rtol=1e-4)


def test_activations_are_read_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = activations(1000)
    whole = Whitening.of(rows).matrix
    monkeypatch.setattr("atlas_widget.inversion.whitening._CHUNK", 64)
    np.testing.assert_allclose(Whitening.of(rows).matrix, whole)


@pytest.mark.parametrize(
    ("rows", "ridge", "said"),
    [(np.ones(8), 1.0, "expected"), (np.ones((4, 8)), 0.0, "ridge=0.0")],
)
def test_what_cannot_be_whitened_is_told(rows: np.ndarray, ridge: float, said: str) -> None:
    with pytest.raises(ActivationsError, match=said):
        Whitening.of(rows, ridge=ridge)


def test_whitened_pictures_keep_the_cosine_to_the_direction_itself() -> None:
    torch.manual_seed(0)
    net = nn.Sequential(nn.Conv2d(3, 8, 5, 2, 2), nn.ReLU(), nn.Conv2d(8, 8, 3, 1, 1))
    probe = LayerProbe(net, "2", input_size=32, device="cpu")
    rows = probe.activations(torch.rand(16, 3, 32, 32)).permute(0, 2, 3, 1).reshape(-1, 8).numpy()
    settings = InversionSettings.icon(size=24, steps=12)
    whitening = Whitening.of(rows, ridge=0.1)
    icons = invert(probe, rows[:2], settings=settings, whitening=whitening)
    np.testing.assert_array_equal(icons.directions, rows[:2])
    expected = [cosine(a, d) for a, d in zip(icons.activations, rows[:2], strict=True)]
    np.testing.assert_allclose(icons.cosine, expected, atol=1e-5)
    with pytest.raises(ActivationsError, match="8 channels"):
        whitening(np.ones((1, 5)))
