"""Building at the places of another atlas's samples: what is taken over from it, and recorded."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from atlas_widget.atlas import Atlas
from atlas_widget.atlas.samples import Samples
from atlas_widget.build.provenance import AtlasSettings
from atlas_widget.errors import AtlasError

__all__ = ["check_like", "note_like", "places_of", "settings_like"]


def check_like(like: Atlas, given: Mapping[str, Any]) -> None:
    """Raise an error if no atlas can be built at the places of another one.

    Parameters
    ----------
    like
        The other atlas.
    given
        Arguments, by name, that go with none.

    Raises
    ------
    AtlasError
    """
    if not isinstance(like, Atlas):
        raise AtlasError(
            f"like={like!r:.60}: an Atlas, such as Atlas.build(model, layer) or Atlas.load(folder)."
        )
    if given:
        names = " and ".join(f"{name}=" for name in given)
        raise AtlasError(
            f"like= builds in memory: leave out {names}, and save the atlas with atlas.save(…)."
        )
    places_of(like)


def places_of(atlas: Atlas) -> tuple[Samples, tuple[int, int]]:
    """Return an atlas's samples with the positions that they stand for, and the map these are of.

    An atlas that was built at the places of another one stands for positions of the other's map,
    unless its own map is coarser.

    Raises
    ------
    AtlasError
        Its record does not say how large its map is.
    """
    size = atlas.provenance.get("map_size")
    if not isinstance(size, list | tuple) or len(size) != 2:
        raise AtlasError(
            "like= needs an atlas whose provenance says how large the layer's map is "
            f"(provenance['map_size']); that of {atlas!r} does not: build it with Atlas.build."
        )
    like = atlas.provenance.get("like")
    drawn = np.asarray(like["map_size"] if isinstance(like, dict) else size)
    stands_for = np.minimum(drawn, size)
    positions = (atlas.samples.positions + 0.5) / np.asarray(size) * stands_for
    rows, columns = (int(side) for side in stands_for)
    return replace(atlas.samples, positions=positions.astype(np.int16)), (rows, columns)


def settings_like(like: Atlas, settings: AtlasSettings) -> AtlasSettings:
    """Return settings with what determines samples as another atlas has it."""
    theirs = like.provenance.get("settings", {})
    scale = theirs.get("crop_scale")
    return replace(
        settings,
        num_samples=len(like),
        seed=int(theirs.get("seed", settings.seed)),
        crop_scale=tuple(scale) if scale is not None else settings.crop_scale,
        positions_per_crop=int(theirs.get("positions_per_crop", settings.positions_per_crop)),
    )


def note_like(atlas: Atlas, like: Atlas) -> None:
    """Record whose places an atlas was built at; its key is no longer that of a usual build."""
    names = ("model", "weights_hash", "layer", "key")
    theirs = {name: like.provenance.get(name) for name in names}
    theirs["map_size"] = list(places_of(like)[1])
    first = like.provenance.get("like")
    if isinstance(first, dict):  # whose places the other one has itself
        theirs["key"] = first["key"]
    record = atlas.provenance
    text = f"{record.get('key')} at the places of {theirs['key']}"
    record["key"] = hashlib.blake2b(text.encode(), digest_size=16).hexdigest()
    record["like"] = theirs
