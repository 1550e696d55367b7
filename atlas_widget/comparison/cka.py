"""Debiased linear CKA of two layers over samples of which several come from one image."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from atlas_widget.units.hsic import unbiased_hsic

__all__ = ["image_cka"]

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

_DRAWS = 10
_GROUPS = 50  # of images, left out one after the other
_MAX_IMAGES = 2000
_MIN_IMAGES = 8


def image_cka(
    first: NDArray[np.floating],
    other: NDArray[np.floating],
    images: Ints,
    *,
    draws: int = _DRAWS,
    seed: int = 0,
) -> tuple[float, float, float]:
    """Return the debiased linear CKA of two layers, with a 95 % jackknife interval over images.

    CKA by Kornblith et al. (ICML 2019) from the unbiased estimate of HSIC by Song et al. (JMLR
    2012), which does not grow with the number of channels. It takes samples for independent, so it
    is computed of one sample of each image at a time, and HSIC averaged over several draws. Groups
    of images are left out in turn for the interval: drawn with replacement, as bootstraps draw, an
    image would be compared with itself.

    Parameters
    ----------
    first, other
        Activations of the same samples, (n, channels) each.
    images
        Number of each sample's image, (n,). Of more than 2,000 images as many are used.
    draws
        How often one sample of each image is drawn.
    seed
        Which samples are drawn.

    Returns
    -------
    tuple of float
        CKA, low, high: 1 if one is a rotation of the other, about 0 if they have nothing in common.
        NaN for fewer than 8 images, and for constant activations.
    """
    order = np.argsort(images, kind="stable")
    _, starts, sizes = np.unique(images[order], return_index=True, return_counts=True)
    if len(starts) < _MIN_IMAGES:
        return float("nan"), float("nan"), float("nan")
    rng = np.random.default_rng(seed)
    groups = min(_GROUPS, len(starts) // 4)
    draws = 1 if sizes.max() == 1 else draws
    total = np.zeros((groups + 1, 3))
    taken = rng.permutation(len(starts))[:_MAX_IMAGES]  # once: a group is of the same images
    for _ in range(draws):
        rows = order[starts[taken] + rng.integers(sizes[taken])]
        total += _hsics(_scaled(first[rows]), _scaled(other[rows]), groups)
    both, one, two = total.T
    if min(one[0], two[0]) <= 0:
        return float("nan"), float("nan"), float("nan")
    whole, *without = both / np.sqrt(np.maximum(one * two, 1e-300))
    spread = np.sqrt((groups - 1) * np.var(without))
    return float(whole), float(whole - 1.96 * spread), float(whole + 1.96 * spread)


def _scaled(values: NDArray[np.floating]) -> Floats:
    """Centre, so that sums stay small, and bring to scale 1, which CKA does not depend on."""
    centred = np.asarray(values, np.float64)
    centred = centred - centred.mean(0)
    scale = np.sqrt(np.mean(centred**2))
    scaled: Floats = centred / scale if scale > 0 else centred
    return scaled


def _hsics(x: Floats, y: Floats, groups: int) -> Floats:
    """Return HSIC of both, of x and of y, for all rows and without each group, (groups + 1, 3)."""
    k, m = x @ x.T, y @ y.T
    np.fill_diagonal(k, 0.0)
    np.fill_diagonal(m, 0.0)
    # one column a group, of ones for its rows: sums over groups are products with it
    members = np.eye(groups)[np.arange(len(x)) % groups]
    stays = 1.0 - members
    remaining = stays.sum(0)
    found = np.empty((groups + 1, 3))
    for at, (one, two) in enumerate([(k, m), (k, k), (m, m)]):
        products = one * two
        of_rows = products.sum(1)
        sums_one, sums_two = one.sum(1), two.sum(1)
        found[0, at] = unbiased_hsic(
            len(x), of_rows.sum(), sums_one.sum(), sums_two.sum(), sums_one @ sums_two
        )
        inner = (members * (products @ members)).sum(0)
        product = of_rows.sum() - 2 * (of_rows @ members) + inner
        left_one = (sums_one[:, None] - one @ members) * stays
        left_two = (sums_two[:, None] - two @ members) * stays
        found[1:, at] = unbiased_hsic(
            remaining, product, left_one.sum(0), left_two.sum(0), (left_one * left_two).sum(0)
        )
    return found
