"""Groups of channels that are active together in one image, by non-negative factorisation."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from atlas_widget.errors import ActivationsError, AtlasError, did_you_mean

if TYPE_CHECKING:
    from atlas_widget.reading.attributions import Attribution

__all__ = ["Groups", "Order", "explained_share", "explained_shares", "find_groups"]

Floats = NDArray[np.float64]
Order = Literal["strength", "left to right"]

_ORDERS = ("strength", "left to right")
_ITERATIONS = 400
_TOLERANCE = 1e-5
_TINY = 1e-300


@dataclass(frozen=True)
class Groups:
    """Groups of channels of one layer that are active together in one image.

    The layer's map is about the sum over groups of a map times a direction. After "The Building
    Blocks of Interpretability" (Olah et al., Distill 2018): the groups are those of this image, and
    not to be reused for another.

    Attributes
    ----------
    layer
        Name of the layer.
    maps
        Strength of each group at each position, ≥ 0, (groups, rows, columns).
    directions
        Channels of each group, (groups, channels). Of length 1 where the layer is never negative;
        else the difference of a positive and a negative part, which have the length 1 together.
    explained
        1 − ‖h − Σ map · direction‖² / ‖h‖².
    signed
        Whether the layer has negative values, so that [h⁺ | h⁻] was factorised.
    shared
        Whether the directions were found in many images, and only the maps in this one.
    """

    layer: str
    maps: Floats
    directions: Floats
    explained: float
    signed: bool
    shared: bool = False
    _attribute: Callable[[Groups, int | str, int | str | None], Attribution] | None = field(
        default=None, repr=False, compare=False
    )

    def __len__(self) -> int:
        return len(self.maps)

    @property
    def reconstruction(self) -> Floats:
        """Map that the groups make up together, (channels, rows, columns)."""
        found: Floats = np.einsum("gij,gc->cij", self.maps, self.directions)
        return found

    def part(self, group: int) -> Floats:
        """Return what one group adds to the layer's map, (channels, rows, columns)."""
        self.check(group)
        found: Floats = np.einsum("ij,c->cij", self.maps[group], self.directions[group])
        return found

    def check(self, group: int) -> None:
        """Raise if there is no group of this number."""
        if isinstance(group, bool) or not isinstance(group, int | np.integer):
            raise AtlasError(f"A group is given by its number, not by {group!r:.60}.")
        if not 0 <= group < len(self):
            raise AtlasError(f"There is no group {group}: there are {len(self)}, from 0.")

    def attribution(self, a: int | str, b: int | str | None = None) -> Attribution:
        """Return what each group contributes to the score of class `a`, or to that of a less b's.

        Parameters
        ----------
        a, b
            Classes, by number or name.

        Returns
        -------
        Attribution
            Its remainders begin with ``"in no group"``: what the factorisation left over.
        """
        if self._attribute is None:
            raise AtlasError(
                "These groups know of no classes; those of read_image(…).groups(layer, n) do."
            )
        return self._attribute(self, a, b)

    def __repr__(self) -> str:
        return f"<Groups: {len(self)} of {self.layer}, {100 * self.explained:.0f} % explained>"


def find_groups(
    activations: NDArray[np.floating],
    n: int,
    *,
    layer: str = "",
    order: Order = "strength",
    seed: int = 0,
    shares: Sequence[NDArray[np.floating]] | None = None,
    attribute: Callable[[Groups, int | str, int | str | None], Attribution] | None = None,
) -> Groups:
    """Factorise one image's map of a layer into groups of channels.

    scikit-learn's NMF (coordinate descent on the Frobenius norm, started by NNDSVDa); of a layer
    with negative values, the positive and the negative parts side by side.

    Parameters
    ----------
    activations
        The layer's map, (channels, rows, columns).
    n
        Number of groups, at most as many as there are positions or channels.
    layer
        Its name.
    order
        ``"strength"``: by the length of their maps; ``"left to right"``: by the column of their
        peak.
    seed
        Of what is random in the start.
    shares
        Parts in [0, 1] that the map is split into, each (channels, rows, columns), to be factorised
        side by side with one map of a group for all; its directions in the parts are added up.
        None: the map is not split.
    attribute
        What :meth:`Groups.attribution` calls.

    Raises
    ------
    AtlasError
        There cannot be so many groups, or there is no such order.
    ActivationsError
        The map is zero everywhere, or not finite.
    """
    if order not in _ORDERS:
        raise AtlasError(f"order={order!r}: {' or '.join(map(repr, _ORDERS))}."
                         f"{did_you_mean(str(order), _ORDERS)}")  # fmt: skip
    h, stacked, signed = _matrix(activations, layer)
    split = stacked
    if shares is not None:
        parts = [np.asarray(each, np.float64).reshape(len(activations), -1).T for each in shares]
        split = np.hstack([stacked * (np.hstack([p, p]) if signed else p) for p in parts])
    _check_number(n, split, layer)
    strengths, factors = _factorise(split, n, seed)
    factors = factors.reshape(n, -1, stacked.shape[1]).sum(1)
    lengths = np.linalg.norm(factors, axis=1)
    strengths = strengths * lengths
    factors = factors / np.maximum(lengths, _TINY)[:, None]
    channels = h.shape[1]
    directions = factors[:, :channels] - factors[:, channels:] if signed else factors
    columns = activations.shape[2]
    if order == "strength":
        keys = -np.linalg.norm(strengths, axis=0)
    else:
        keys = (strengths.argmax(0) % columns).astype(np.float64)
    at = np.argsort(keys, kind="stable")
    strengths, directions = strengths[:, at], directions[at]
    return Groups(
        layer,
        strengths.T.reshape(n, *activations.shape[1:]),
        directions,
        explained_share(h, strengths @ directions),
        signed,
        _attribute=attribute,
    )


def explained_shares(
    activations: NDArray[np.floating], largest: int, *, layer: str = "", seed: int = 0
) -> Floats:
    """Return the share of a map that 1, 2, … groups explain, which never falls.

    Each factorisation starts from the one before with one more group, the row that it explains
    worst, at first nowhere present; coordinate descent can only lower the error from there. Where
    a fit from scratch is better, it is kept instead.

    Parameters
    ----------
    activations, layer, seed
        As for :func:`find_groups`.
    largest
        Greatest number of groups.

    Returns
    -------
    ndarray, (largest,)
        1 − ‖[h⁺ | h⁻] − S C‖² / ‖h‖², which is 1 − ‖h − S C‖² / ‖h‖² where nothing is negative.
    """
    _, stacked, _ = _matrix(activations, layer)
    _check_number(largest, stacked, layer)
    shares = []
    best: tuple[Floats, Floats] | None = None
    for n in range(1, largest + 1):
        tries = [_factorise(stacked, n, seed)]
        if best is not None:
            strengths, factors = best
            left = np.maximum(stacked - strengths @ factors, 0.0)
            row = left[np.linalg.norm(left, axis=1).argmax()]
            begun = np.hstack([strengths, np.zeros((len(stacked), 1))]), np.vstack([factors, row])
            tries.append(_factorise(stacked, n, seed, begun))
        best = max(tries, key=lambda each: explained_share(stacked, each[0] @ each[1]))
        shares.append(explained_share(stacked, best[0] @ best[1]))
    return np.array(shares)


def _factorise(
    values: Floats, n: int, seed: int, start: tuple[Floats, Floats] | None = None
) -> tuple[Floats, Floats]:
    """Return S (positions, n) and C (n, columns), both ≥ 0, whose product is near `values`."""
    from sklearn.decomposition import NMF
    from sklearn.exceptions import ConvergenceWarning

    model = NMF(
        n,
        init="nndsvda" if start is None else "custom",
        solver="cd",
        max_iter=_ITERATIONS,
        tol=_TOLERANCE,
        random_state=seed,
    )
    scale = float(values.max())  # the tolerance is about values near 1
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # `explained` says how near it came
        if start is None:
            strengths = model.fit_transform(values / scale)
        else:
            strengths = model.fit_transform(values / scale, W=start[0] / scale, H=start[1].copy())
    return np.asarray(strengths, np.float64) * scale, np.asarray(model.components_, np.float64)


def _matrix(activations: NDArray[np.floating], layer: str) -> tuple[Floats, Floats, bool]:
    """Return h (positions, channels), what of it is factorised, and whether h has a sign."""
    h = np.asarray(activations, np.float64).reshape(len(activations), -1).T
    if not np.isfinite(h).all():
        raise ActivationsError(f"The activations of layer {layer!r} are not finite.")
    if not h.any():
        raise ActivationsError(
            f"Layer {layer!r} is zero everywhere for this image, so it has no groups."
        )
    signed = bool((h < 0).any())
    return h, np.hstack([np.maximum(h, 0), np.maximum(-h, 0)]) if signed else h, signed


def _check_number(n: object, stacked: Floats, layer: str) -> None:
    most = min(stacked.shape)
    whole = isinstance(n, int | np.integer) and not isinstance(n, bool)
    if not whole or not 1 <= n <= most:  # type: ignore[operator]
        raise AtlasError(
            f"n={n!r:.40} groups: layer {layer!r} has {stacked.shape[0]} positions and "
            f"{stacked.shape[1]} columns to factorise here, so 1 to {most} can be found."
        )


def explained_share(values: Floats, found: Floats) -> float:
    """Return 1 − ‖values − found‖² / ‖values‖²."""
    return 1.0 - float(((values - found) ** 2).sum() / (values**2).sum())
