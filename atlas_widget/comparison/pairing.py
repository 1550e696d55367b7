"""The samples that several atlases have in common: the same positions of the same crops."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from atlas_widget.atlas import Atlas
from atlas_widget.errors import AtlasError, OtherCollectionError

__all__ = ["CommonSamples", "common_samples"]

Ints = NDArray[np.int64]

_SAMPLING = ("seed", "crop_scale", "positions_per_crop", "num_samples")  # settings


@dataclass(frozen=True)
class CommonSamples:
    """Samples that all of several atlases have.

    Attributes
    ----------
    rows : list of ndarray of int64
        For each atlas the numbers of its samples: entry i is the same sample in all.
    images : ndarray of int64, shape (n,)
        A number for each sample's image.
    notice : str
        Which part of the samples that is, if it is not all.
    """

    rows: list[Ints]
    images: Ints
    notice: str = ""

    def __len__(self) -> int:
        return len(self.images)


def common_samples(
    atlases: Sequence[Atlas], names: Sequence[str], *, most: int | None = None, seed: int = 0
) -> CommonSamples:
    """Find the samples that all atlases have: the same image, crop and position.

    Parameters
    ----------
    atlases
        Two or more.
    names
        Names of the atlases, for messages.
    most, seed
        Of more samples as many are chosen at random.

    Returns
    -------
    CommonSamples
        In the order of the first atlas.

    Raises
    ------
    OtherCollectionError
        The atlases are of other images or were sampled differently.
    AtlasError
        One of them is no atlas.
    """
    for atlas, name in zip(atlases, names, strict=True):
        if not isinstance(atlas, Atlas):
            raise AtlasError(
                f"{name} is {atlas!r:.60}: an Atlas, such as Atlas.build(model, layer) or "
                "Atlas.load(folder), is compared."
            )
    first, *others = atlases
    for other, name in zip(others, names[1:], strict=True):
        _check_images(first, other, names[0], name)
    if all(_same_rows(first, other) for other in others):
        rows = [np.arange(len(first)) for _ in atlases]
    else:
        for other, name in zip(others, names[1:], strict=True):
            _check_maps(first, other, names[0], name)
        rows = _matched(atlases)
        if not len(rows[0]):
            raise OtherCollectionError(_sampled_differently(atlases, names))
    notices = []
    if any(len(found) < len(atlas) for found, atlas in zip(rows, atlases, strict=True)):
        parts = " and ".join(
            f"{len(atlas):,} of {name}" for atlas, name in zip(atlases, names, strict=True)
        )
        notices.append(
            f"{len(rows[0]):,} samples are at the same places in all, out of {parts}; the others "
            "are left out."
        )
    if most is not None and len(rows[0]) > most:
        chosen = np.random.default_rng(seed).choice(len(rows[0]), most, replace=False)
        notices.append(f"{most:,} of {len(rows[0]):,} samples, chosen at random, are compared.")
        rows = [found[np.sort(chosen)] for found in rows]
    images = first.samples.image_ids[rows[0]].astype(np.int64)
    return CommonSamples(rows, images, " ".join(notices))


def _check_images(first: Atlas, other: Atlas, name: str, other_name: str) -> None:
    """Raise an error if two atlases are of other images."""
    one, two = (atlas.provenance.get("images", {}) for atlas in (first, other))
    prints = one.get("fingerprint"), two.get("fingerprint")
    apart = None not in prints and prints[0] != prints[1]
    if apart or not set(first.samples.image_names) & set(other.samples.image_names):
        told = [
            f"{which}'s are {_images(atlas)}"
            for which, atlas in ((name, first), (other_name, other))
        ]
        raise OtherCollectionError(
            f"The atlases are of other images: {', '.join(told)}. Atlases are compared over the "
            "same ones."
        )


def _images(atlas: Atlas) -> str:
    record = atlas.provenance.get("images", {})
    names = atlas.samples.image_names
    told = record.get("description") or f"{names[0]!r} and others"
    return f"{told} ({record.get('count', len(names)):,} images)"


def _same_rows(first: Atlas, other: Atlas) -> bool:
    """Return True if row i of both is known to be the same place."""
    one, two = _sampling_key(first), _sampling_key(other)
    a, b = first.samples, other.samples
    return (
        one is not None
        and one == two
        and len(a) == len(b)
        and a.image_names == b.image_names
        and all(
            np.array_equal(getattr(a, part), getattr(b, part))
            for part in ("image_ids", "crops", "flipped")
        )
    )


def _sampling_key(atlas: Atlas) -> Any:
    """Return the key of the atlas whose places this one has: its own, or that of `like=`."""
    like = atlas.provenance.get("like")
    return like.get("key") if isinstance(like, dict) else atlas.provenance.get("key")


def _place_map(atlas: Atlas) -> tuple[int, int] | None:
    """Return rows and columns of the map that an atlas's places were drawn on."""
    like = atlas.provenance.get("like")
    size = like.get("map_size") if isinstance(like, dict) else None
    size = size or atlas.provenance.get("map_size")
    return (int(size[0]), int(size[1])) if size is not None else None


def _check_maps(first: Atlas, other: Atlas, name: str, other_name: str) -> None:
    """Raise an error if places were drawn on maps of other sizes."""
    one, two = _place_map(first), _place_map(other)
    if one is None or two is None or one == two:
        return
    coarse, fine = (name, other_name) if one <= two else (other_name, name)
    raise OtherCollectionError(
        f"The samples are not at the same places: those of {name} are positions of a map of "
        f"{one[0]}×{one[1]}, those of {other_name} of {two[0]}×{two[1]}. Build {fine} at the "
        f"places of {coarse}: Atlas.build(model, layer, images, like={coarse})."
    )


def _matched(atlases: Sequence[Atlas]) -> list[Ints]:
    """Return the rows of each whose image, crop and position occur in all."""
    tables = [_places(atlas) for atlas in atlases]
    codes, _ = pd.factorize(pd.MultiIndex.from_frame(pd.concat(tables, ignore_index=True)))
    parts = np.split(codes, np.cumsum([len(table) for table in tables])[:-1])
    common = parts[0]
    for part in parts[1:]:
        common = np.intersect1d(common, part)
    rows = []
    for part in parts:
        _, at = np.unique(part, return_index=True)  # codes of one atlas occur once
        rows.append(at[np.searchsorted(part[at], common)])
    order = np.argsort(rows[0], kind="stable")
    return [found[order] for found in rows]


def _places(atlas: Atlas) -> pd.DataFrame:
    """Return a row a sample that says where it is from; no two are alike."""
    samples = atlas.samples
    drawn, own = _place_map(atlas), atlas.provenance.get("map_size")
    positions = samples.positions.astype(np.int64)
    if drawn is not None and own is not None:
        positions = ((positions + 0.5) / np.asarray(own) * np.asarray(drawn)).astype(np.int64)
    table = pd.DataFrame(samples.crops, columns=["left", "top", "right", "bottom"])
    table["flipped"] = samples.flipped
    table["row"], table["column"] = positions.T
    table["index"] = np.asarray(samples.image_indices)[samples.image_ids]
    table["name"] = np.asarray(samples.image_names, object)[samples.image_ids]
    # a position may be drawn twice, where an image is seen whole each time
    table["again"] = table.groupby(list(table.columns), sort=False).cumcount()
    return table


def _sampled_differently(atlases: Sequence[Atlas], names: Sequence[str]) -> str:
    settings = [atlas.provenance.get("settings", {}) for atlas in atlases]
    told = [
        f"{setting} ({', '.join(str(each.get(setting)) for each in settings)})"
        for setting in _SAMPLING
        if len({str(each.get(setting)) for each in settings}) > 1
    ]
    differ = f" They differ in {' and '.join(told)}." if told else ""
    return (
        f"The atlases {' and '.join(names)} have no sample in common: they are of the same images, "
        f"but of other crops or positions.{differ} Build them at the places of one: "
        f"Atlas.build(model, layer, images, like={names[0]})."
    )
