"""The unbiased estimate of HSIC, from sums over two kernels."""

from __future__ import annotations

from typing import Any

__all__ = ["unbiased_hsic"]


def unbiased_hsic(count: Any, product: Any, first: Any, other: Any, rows: Any) -> Any:
    """Return unbiased HSIC (Song et al., JMLR 2012) of two kernels with empty diagonals.

    Parameters
    ----------
    count
        Number of rows, 4 at least. Numbers, or arrays of one shape for several subsets at once.
    product
        Sum of the product of the two kernels, entry by entry.
    first, other
        Sums of all entries of each.
    rows
        Sum over rows of the product of both kernels' row sums.
    """
    return (product + first * other / ((count - 1) * (count - 2)) - 2 / (count - 2) * rows) / (
        count * (count - 3)
    )
