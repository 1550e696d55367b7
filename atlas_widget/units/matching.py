"""Matches of the units of two networks, layers or checkpoints over the same images."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from atlas_widget.errors import OtherCollectionError
from atlas_widget.units.hsic import unbiased_hsic

if TYPE_CHECKING:
    import pandas as pd

    from atlas_widget.units.unit_scan import UnitScan

__all__ = ["UnitMatches", "debiased_cka", "match_units", "match_values"]

_PERMUTATIONS = 20
_FLOOR = 0.95
_FLOAT = npt.NDArray[np.float64]


@dataclass(frozen=True)
class UnitMatches:
    """Best matches of units; see :func:`match_units`.

    Attributes
    ----------
    table
        A row for each unit of the first layer, indexed by ``unit``: ``match``, the unit of the
        other layer with the largest correlation ``r``; ``mutual``, True if it is also the other
        one's best; ``one_to_one`` and ``r_one_to_one``, the match if no unit may be taken twice;
        ``floor``, the 95 % quantile of the best r if the images are permuted; ``above_floor``.
        Missing for dead units.
    gone
        Units of the first layer whose best r is not above the floor.
    new
        Units of the other layer whose best r is not above the floor.
    cka
        Debiased linear CKA of the two layers: 1 if one is a rotation of the other, about 0 if they
        have nothing in common.
    """

    table: pd.DataFrame
    gone: list[int]
    new: list[int]
    cka: float


def match_units(
    first: UnitScan, layer: str, other: UnitScan, other_layer: str | None = None, *, seed: int = 0
) -> UnitMatches:
    """Find for each unit the unit of another layer or network that is active in the same images.

    Units are compared by their maximum over each image, so maps of any two sizes can be compared
    (Li et al., "Convergent Learning", ICLR 2016, for positions). Correlations that come about
    by chance, among so many units and so few images, are measured by permuting the images.

    Parameters
    ----------
    first, layer
        The scan of a network, and its layer.
    other, other_layer
        The scan of another network or checkpoint over the same images, or the same scan; its
        layer, by default the one of the same name.
    seed
        Seed of the permutations.

    Returns
    -------
    UnitMatches

    Raises
    ------
    OtherCollectionError
        The scans are of other images.
    """
    one, two = first._scan(layer), other._scan(other_layer or layer)
    if first.record["images"] != other.record["images"]:
        raise OtherCollectionError(
            "These scans are of other images: units are compared over the same ones."
        )
    _, here, there = np.intersect1d(one.images, two.images, return_indices=True)
    if len(here) < 3:
        raise OtherCollectionError(f"The scans have {len(here)} images in common: 3 at least.")
    cka = debiased_cka(one.image_mean[here], two.image_mean[there])
    return match_values(
        one.image_max[here],
        two.image_max[there],
        lambda rng: rng.permutation(len(here)),
        cka=cka,
        seed=seed,
    )


def match_values(
    first: npt.NDArray[np.floating],
    other: npt.NDArray[np.floating],
    permute: Callable[[np.random.Generator], npt.NDArray[np.int64]],
    *,
    cka: float,
    seed: int = 0,
) -> UnitMatches:
    """Match units by the correlation of values over the same images or samples.

    Parameters
    ----------
    first, other
        Values of the units of each layer, (rows, units): row i of both belongs together.
    permute
        Draws a permutation of rows in which nothing belongs together, such as whole images.
    cka
        The two layers' CKA, which is passed on.
    seed
        Seed of the permutations.
    """
    import pandas as pd
    from scipy.optimize import linear_sum_assignment

    a, alive_a = _standardized(first)
    b, alive_b = _standardized(other)
    r = a.T @ b
    rng = np.random.default_rng(seed)
    chance, chance_b = [], []
    for _ in range(_PERMUTATIONS):
        permuted = a[permute(rng)].T @ b
        chance.append(permuted[:, alive_b].max(1, initial=-1.0))
        chance_b.append(permuted[alive_a].max(0, initial=-1.0))
    floor = np.quantile(chance, _FLOOR, axis=0)
    floor_b = np.quantile(chance_b, _FLOOR, axis=0)
    masked = np.where(alive_a[:, None] & alive_b[None], r, -np.inf)
    match, best_b = masked.argmax(1), masked.argmax(0)
    found = alive_a & alive_b.any()
    units = np.arange(len(match))
    mutual = found & (best_b[match] == units)
    rows, columns = linear_sum_assignment(-np.where(np.isfinite(masked), masked, -2.0))
    single = np.full(len(match), -1)
    taken = np.isfinite(masked[rows, columns])
    single[rows[taken]] = columns[taken]
    best = r[units, match]
    table = pd.DataFrame(
        {
            "match": pd.array(np.where(found, match, -1), "Int64"),
            "r": np.where(found, best, np.nan),
            "mutual": mutual,
            "one_to_one": pd.array(single, "Int64"),
            "r_one_to_one": np.where(single >= 0, r[units, single], np.nan),
            "floor": np.where(found, floor, np.nan),
            "above_floor": found & (best > floor),
        },
        index=pd.RangeIndex(len(match), name="unit"),
    )
    for name in ("match", "one_to_one"):
        table[name] = table[name].mask(table[name] < 0)
    reached = r[best_b, np.arange(r.shape[1])]
    gone = np.flatnonzero(alive_a & ~(found & (best > floor)))
    new = np.flatnonzero(alive_b & ~((reached > floor_b) & alive_a.any()))
    return UnitMatches(table, gone.tolist(), new.tolist(), cka)


def debiased_cka(a: npt.NDArray[np.floating], b: npt.NDArray[np.floating]) -> float:
    """Return the debiased linear CKA of two representations of the same images.

    Kornblith et al., "Similarity of Neural Network Representations Revisited" (ICML 2019), with the
    unbiased estimate of HSIC by Song et al. (JMLR 2012), which does not grow with the number of
    units.

    Parameters
    ----------
    a, b
        A row an image, (images, units) each, of four images at least.
    """
    k, m = (_centred_gram(np.asarray(x, np.float64)) for x in (a, b))
    return float(_hsic(k, m) / np.sqrt(max(_hsic(k, k) * _hsic(m, m), 1e-300)))


def _centred_gram(x: _FLOAT) -> _FLOAT:
    x = x - x.mean(0)
    gram: _FLOAT = x @ x.T
    np.fill_diagonal(gram, 0.0)
    return gram


def _hsic(k: _FLOAT, m: _FLOAT) -> float:
    if len(k) < 4:
        return float("nan")
    rows_k, rows_m = k.sum(1), m.sum(1)
    return float(unbiased_hsic(len(k), np.sum(k * m), rows_k.sum(), rows_m.sum(), rows_k @ rows_m))


def _standardized(values: npt.NDArray[np.floating]) -> tuple[_FLOAT, npt.NDArray[np.bool_]]:
    """Return columns of mean zero and length one, and which of them change at all."""
    centred = np.asarray(values, np.float64)
    centred = centred - centred.mean(0)
    lengths = np.linalg.norm(centred, axis=0)
    alive = lengths > 1e-9 * np.maximum(np.abs(values).max(0), 1e-30) * np.sqrt(len(values))
    return np.where(alive, centred / np.where(alive, lengths, 1.0), 0.0), alive
