"""Debiased linear CKA of two layers over samples of which several come from one image."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["image_cka"]

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

_DRAWS = 10
_GROUPS = 50  # of images, left out one after the other
_MAX_IMAGES = 2000


def image_cka(
    first: NDArray[np.floating], other: NDArray[np.floating], images: Ints, *, seed: int = 0
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
        Number of each sample's image, (n,).
    seed
        Which samples are drawn.

    Returns
    -------
    tuple of float
        CKA, low, high: 1 if one is a rotation of the other, about 0 if they have nothing in common.
        NaN for fewer than 8 images.
    """
    order = np.argsort(images, kind="stable")
    _, starts, sizes = np.unique(images[order], return_index=True, return_counts=True)
    if len(starts) < 8:
        return float("nan"), float("nan"), float("nan")
    rng = np.random.default_rng(seed)
    groups = min(_GROUPS, len(starts) // 4)
    draws = 1 if sizes.max() == 1 else _DRAWS
    total = np.zeros((groups + 1, 3))
    taken = rng.permutation(len(starts))[:_MAX_IMAGES]  # once: a group is of the same images
    for _ in range(draws):
        rows = order[starts[taken] + rng.integers(sizes[taken])]
        total += _hsics(_scaled(first[rows]), _scaled(other[rows]), groups)
    both, one, two = total.T
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
    found = np.empty((groups + 1, 3))
    k, m = x @ x.T, y @ y.T
    np.fill_diagonal(k, 0.0)
    np.fill_diagonal(m, 0.0)
    pairs = [(k, m), (k, k), (m, m)]
    group = np.arange(len(x)) % groups
    for at, (one, two) in enumerate(pairs):
        products = one * two
        whole = products.sum(1), one.sum(1), two.sum(1)
        found[0, at] = _hsic(whole[0].sum(), whole[1], whole[2])
        for number in range(groups):
            left = group == number
            stay = ~left
            inner = products[left][:, left].sum()
            product = whole[0].sum() - 2 * whole[0][left].sum() + inner
            sums = (total[stay] - matrix[stay][:, left].sum(1)
                    for total, matrix in ((whole[1], one), (whole[2], two)))  # fmt: skip
            found[number + 1, at] = _hsic(product, *sums)
    return found


def _hsic(product: float, first: Floats, other: Floats) -> float:
    """Return unbiased HSIC from the sums of two kernels with empty diagonals."""
    n = len(first)
    return float(
        (
            product
            + first.sum() * other.sum() / ((n - 1) * (n - 2))
            - 2 / (n - 2) * (first @ other)
        )
        / (n * (n - 3))
    )
