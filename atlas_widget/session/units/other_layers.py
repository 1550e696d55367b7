"""Pictures of units of layers that are not shown, for the page of a unit that is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from atlas_widget.session.pictures.cache import CachedPicture, PictureCache
from atlas_widget.session.pictures.renderer import picture_key

if TYPE_CHECKING:
    from atlas_widget.probe import LayerProbe
    from atlas_widget.session.pictures.picture import Pixels

__all__ = ["unit_pictures"]


def unit_pictures(
    cache: PictureCache, seed: int, probe: LayerProbe, units: Sequence[int]
) -> list[Pixels]:
    """Return the pictures of units that their own pages show, from the cache or made now.

    Parameters
    ----------
    cache
        Stores finished pictures.
    seed
        Seed of the noise that pictures start from.
    probe
        The layer.
    units
        The units.
    """
    from atlas_widget.inversion import InversionEngine, InversionSettings

    settings = InversionSettings.unit()
    directions = np.zeros((len(units), probe.channels), np.float32)
    directions[np.arange(len(units)), list(units)] = 1
    keys = [picture_key(probe, settings, seed, direction) for direction in directions]
    known = dict(cache.pictures(keys))
    missing = [at for at, key in enumerate(keys) if key not in known]
    if missing:
        engine = InversionEngine(probe, settings=settings)
        for start in range(0, len(missing), engine.batch_size):
            some = missing[start : start + engine.batch_size]
            state = engine.start(directions[some], np.full(len(some), seed))
            engine.advance(state, settings.steps)
            pictures = engine.pictures(state)
            cosines, activations = engine.fidelity(pictures, directions[some])
            known |= {
                keys[at]: CachedPicture(pixels, float(cosine), seen, settings.made_with(0))
                for at, pixels, cosine, seen in zip(
                    some, pictures, cosines, activations, strict=True
                )
            }
        cache.put_pictures({keys[at]: known[keys[at]] for at in missing})
    return [known[key].pixels for key in keys]
