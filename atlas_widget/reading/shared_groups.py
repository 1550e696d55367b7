"""Groups of channels that are the same for all images, found in an atlas's samples."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from atlas_widget.errors import ActivationsError, AtlasError
from atlas_widget.reading.groups import Groups, explained_share

if TYPE_CHECKING:
    from atlas_widget.atlas import Atlas
    from atlas_widget.reading.attributions import Attribution

__all__ = ["SharedGroups", "find_shared_groups"]

Floats = NDArray[np.float64]

_MAX_SAMPLES = 20_000
_BATCH = 1024


@dataclass(frozen=True)
class SharedGroups:
    """Groups of channels of one layer that are active together over many images.

    Those of one image are not to be reused for another ("The Building Blocks of Interpretability",
    Olah et al., Distill 2018); these have one number in all images.

    Attributes
    ----------
    layer
        Name of the layer.
    directions
        Channels of each group, (groups, channels), of length 1; for a layer with negative values
        as :class:`Groups` has it.
    explained
        1 − ‖h − Σ strength · direction‖² / ‖h‖² over the samples.
    samples
        Number of the samples that they were found in.
    """

    layer: str
    directions: Floats
    explained: float
    samples: int
    _factors: Floats

    def __len__(self) -> int:
        return len(self.directions)

    def of(
        self,
        activations: NDArray[np.floating],
        attribute: Callable[[Groups, int | str, int | str | None], Attribution] | None = None,
    ) -> Groups:
        """Return how strong each group is in an image's map, (channels, rows, columns).

        The non-negative strengths that come nearest to the map, at each position by itself.

        Parameters
        ----------
        activations
            The layer's map.
        attribute
            What :meth:`Groups.attribution` calls.
        """
        channels, rows, columns = activations.shape
        if channels != self.directions.shape[1]:
            raise AtlasError(
                f"The shared groups of {self.layer!r} are of {self.directions.shape[1]} channels, "
                f"and the map has {channels}: they are of another model or layer."
            )
        h = np.asarray(activations, np.float64).reshape(channels, -1).T
        strengths = _strengths(h, self._factors)
        maps = strengths.T.reshape(len(self), rows, columns)
        explained = explained_share(h, strengths @ self.directions) if h.any() else 0.0
        signed = self._factors.shape[1] > channels
        return Groups(self.layer, maps, self.directions, explained, signed, True, attribute)

    def __repr__(self) -> str:
        return (
            f"<SharedGroups: {len(self)} of {self.layer}, {100 * self.explained:.0f} % of "
            f"{self.samples} samples explained>"
        )


def find_shared_groups(atlas: Atlas, n: int, *, seed: int = 0) -> SharedGroups:
    """Factorise an atlas's samples into groups of channels, for use in every image.

    scikit-learn's MiniBatchNMF on the activations of the samples, of at most 20,000 drawn at
    random; of a layer with negative values, on their positive and negative parts side by side.

    Parameters
    ----------
    atlas
        Of the layer.
    n
        Number of groups, at most as many as there are samples or channels.
    seed
        Of what is random.

    Raises
    ------
    AtlasError
        There cannot be so many groups.
    ActivationsError
        The samples are zero everywhere.
    """
    from sklearn.decomposition import MiniBatchNMF
    from sklearn.exceptions import ConvergenceWarning

    taken = np.arange(len(atlas))
    if len(taken) > _MAX_SAMPLES:
        rng = np.random.default_rng(seed)
        taken = np.sort(rng.choice(len(taken), _MAX_SAMPLES, replace=False))
    h = np.asarray(atlas.activations[taken], np.float32)
    if not h.any():
        raise ActivationsError(f"The samples of {atlas.layer!r} are zero everywhere: no groups.")
    signed = bool((h < 0).any())
    values = np.hstack([np.maximum(h, 0), np.maximum(-h, 0)]) if signed else h
    whole = isinstance(n, int | np.integer) and not isinstance(n, bool)
    if not whole or not 1 <= n <= min(values.shape):
        raise AtlasError(
            f"n={n!r:.40} groups: the atlas of {atlas.layer!r} has {values.shape[0]} samples and "
            f"{values.shape[1]} columns to factorise, so 1 to {min(values.shape)} can be found."
        )
    model = MiniBatchNMF(n, init="nndsvda", batch_size=_BATCH, random_state=seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # `explained` says how near it came
        model.fit(values / values.max())
    factors = np.asarray(model.components_, np.float64)
    factors = factors / np.maximum(np.linalg.norm(factors, axis=1), 1e-300)[:, None]
    strengths = _strengths(h.astype(np.float64), factors)
    order = np.argsort(-np.linalg.norm(strengths, axis=0), kind="stable")
    factors, strengths = factors[order], strengths[:, order]
    channels = h.shape[1]
    directions = factors[:, :channels] - factors[:, channels:] if signed else factors
    explained = explained_share(h.astype(np.float64), strengths @ directions)
    return SharedGroups(atlas.layer, directions, explained, len(h), factors)


def _strengths(h: Floats, factors: Floats) -> Floats:
    """Return the S ≥ 0, (positions, groups), for which S · factors is nearest to h or [h⁺ | h⁻]."""
    from scipy.optimize import nnls

    if factors.shape[1] > h.shape[1]:
        h = np.hstack([np.maximum(h, 0), np.maximum(-h, 0)])
    # the same problem in as many dimensions as there are groups
    basis, corner = np.linalg.qr(factors.T)
    inside = h @ basis
    return np.array([nnls(corner, row)[0] for row in inside])
