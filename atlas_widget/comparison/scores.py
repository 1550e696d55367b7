"""Scores of two layers over the same samples, each with its interval and what shuffling gives."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray

from atlas_widget.atlas import Atlas
from atlas_widget.comparison.cka import image_cka
from atlas_widget.comparison.neighborhoods import (
    chance_of,
    kept_shares,
    map_neighbors,
    nearest_elsewhere,
    rank_penalties,
)
from atlas_widget.comparison.placing import displacement, fit_onto
from atlas_widget.comparison.resampling import (
    image_interval,
    jackknife_interval,
    permuted_by_image,
    statistic_interval,
)
from atlas_widget.progress import CancelledCallback, check_cancelled

__all__ = ["Neighborhoods", "activation_scores", "cell_scores", "map_scores", "score_table"]

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

_CKA_CONTROLS = 5
_CELL_CONTROLS = 5

Row = dict[str, float]


@dataclass(frozen=True)
class Neighborhoods:
    """Nearest neighbours of the same samples in two layers, those of one image left out.

    Attributes
    ----------
    first, other
        Numbers of samples, (n, neighbours) each.
    images
        Number of each sample's image, (n,).
    """

    first: Ints
    other: Ints
    images: Ints

    @classmethod
    def of(
        cls,
        first: NDArray[np.floating],
        other: NDArray[np.floating],
        images: Ints,
        count: int,
        *,
        device: torch.device | str = "cpu",
        cancelled: CancelledCallback | None = None,
    ) -> Neighborhoods:
        """Find those of activations, (n, channels) each."""
        one, two = (
            nearest_elsewhere(values, images, count, device=device, cancelled=cancelled)
            for values in (first, other)
        )
        return cls(one, two, images)

    @property
    def count(self) -> int:
        """Number of neighbours of each sample."""
        return int(self.first.shape[1])

    @property
    def chances(self) -> Floats:
        """Share of the neighbours that unrelated layers have in common, (n,)."""
        return chance_of(self.images, self.count)

    def kept(self, permutation: Ints | None = None) -> Floats:
        """Return the share of neighbours that is the same in both, (n,).

        Parameters
        ----------
        permutation
            Samples of the other layer that take the place of each, as a control.
        """
        other = self.other
        if permutation is not None:
            back = np.argsort(permutation)
            other = back[other[permutation]]
        return kept_shares(self.first, other)

    def agreement(self, permutation: Ints | None = None) -> Floats:
        """Return the same corrected for chance: 0 on average if unrelated, 1 if all are kept."""
        return (self.kept(permutation) - self.chances) / (1 - self.chances)


def activation_scores(
    first: NDArray[np.floating],
    other: NDArray[np.floating],
    near: Neighborhoods,
    *,
    controls: int,
    seed: int,
    cancelled: CancelledCallback | None = None,
) -> dict[str, Row]:
    """Return what two layers' activations have in common, before any map is made of them."""
    images = near.images
    permutations = _permutations(images, controls, seed)
    shuffled = []
    for permutation in permutations:
        check_cancelled(cancelled)
        shuffled.append(float(near.agreement(permutation).mean()))
    cka = image_cka(first, other, images, seed=seed)
    cka_shuffled = []
    for permutation in permutations[:_CKA_CONTROLS]:
        check_cancelled(cancelled)
        cka_shuffled.append(image_cka(first, other[permutation], images, draws=1, seed=seed)[0])
    return {
        "agreement": _row(image_interval(near.agreement(), images, seed=seed), shuffled),
        "cka": _row(cka, cka_shuffled),
    }


def map_scores(
    other: NDArray[np.floating],
    places: NDArray[np.floating],
    aligned: NDArray[np.floating],
    free: NDArray[np.floating],
    control: tuple[NDArray[np.floating], NDArray[np.floating]] | None,
    images: Ints,
    count: int,
    *,
    seed: int,
    device: torch.device | str = "cpu",
    cancelled: CancelledCallback | None = None,
) -> dict[str, Row]:
    """Return how honest and how near to each other the maps of two layers are.

    Parameters
    ----------
    other
        Activations of the layer that was laid out beside the first one's map, (n, channels).
    places
        The first layer's map, (n, 2).
    aligned, free
        The other layer's map beside it, and as it is by itself.
    control
        The other layer's samples after their images were permuted, and their map, laid out in the
        same way.
    images, count
        Number of each sample's image; how many neighbours.
    seed, device, cancelled
        Of the intervals; where to compute; asked now and then.
    """
    chances = chance_of(images, count)

    def near(xy: NDArray[np.floating]) -> Ints:
        return map_neighbors(xy, images, count, device=device, cancelled=cancelled)

    def penalties(activations: NDArray[np.floating], nearest: Ints) -> Floats:
        return rank_penalties(activations, nearest, images, device=device, cancelled=cancelled)

    def kept(nearest: Ints) -> Floats:
        return (kept_shares(near_places, nearest) - chances) / (1 - chances)

    near_places, near_aligned = near(places), near(aligned)
    moved = displacement(aligned, places)
    moved_free = displacement(fit_onto(free, places), places)
    permuted: dict[str, list[float]] = {}
    if control is not None:
        near_control = near(control[1])
        permuted = {
            "map_agreement": [float(kept(near_control).mean())],
            "displacement": [float(np.median(displacement(control[1], places)))],
            "trust": [1 - float(penalties(control[0], near_control).mean())],
        }

    def median(values: Floats) -> Callable[[Ints], float]:
        return lambda rows: float(np.median(values[rows]))

    rows = {
        "map_agreement": image_interval(kept(near_aligned), images, seed=seed),
        "displacement": statistic_interval(median(moved), images, seed=seed),
        "displacement_free": statistic_interval(median(moved_free), images, seed=seed),
        "trust": image_interval(1 - penalties(other, near_aligned), images, seed=seed),
        "trust_free": image_interval(1 - penalties(other, near(free)), images, seed=seed),
    }
    return {name: _row(values, permuted.get(name, [])) for name, values in rows.items()}


def cell_scores(
    first: Atlas, other: Atlas, images: Ints, *, controls: int, seed: int
) -> dict[str, Row]:
    """Return what the cells of two maps have in common, on the coarsest grid of the first."""
    from sklearn.metrics import adjusted_mutual_info_score

    size = first.grids[0]
    mine, theirs = (
        np.clip((atlas.xy * size).astype(np.int64), 0, size - 1) @ (1, size)
        for atlas in (first, other)
    )

    def alike(rows: Ints) -> float:
        return float(adjusted_mutual_info_score(mine[rows], theirs[rows]))

    shuffled = [
        float(adjusted_mutual_info_score(mine, theirs[permutation]))
        for permutation in _permutations(images, min(controls, _CELL_CONTROLS), seed)
    ]
    return {"cells": _row(jackknife_interval(alike, images, seed=seed), shuffled)}


def score_table(rows: dict[str, Row]) -> pd.DataFrame:
    """Return scores as a table, a row a score."""
    table = pd.DataFrame.from_dict(rows, orient="index")
    table.index.name = "score"
    return table


def _permutations(images: Ints, count: int, seed: int) -> list[Ints]:
    rng = np.random.default_rng(seed)
    return [permuted_by_image(images, rng) for _ in range(count)]


def _row(values: tuple[float, float, float], shuffled: list[float]) -> Row:
    """Return a score with its interval, and mean and range of it where nothing is in common."""
    value, low, high = values
    control = float(np.mean(shuffled)) if shuffled else float("nan")
    limits = [float("nan")] * 2
    if len(shuffled) > 1:
        limits = [float(limit) for limit in np.quantile(shuffled, [0.025, 0.975])]
    return {
        "value": value,
        "low": low,
        "high": high,
        "control": control,
        "control_low": limits[0],
        "control_high": limits[1],
    }
