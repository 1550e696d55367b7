"""What of an atlas goes into which file, and whether what comes back fits together."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from atlas_widget.errors import AtlasError, SavedAtlasError, did_you_mean
from atlas_widget.images.thumbnails import Thumbnails
from atlas_widget.influence import Axis, Influence
from atlas_widget.moments import Moments
from atlas_widget.samples import Samples
from atlas_widget.storage import layer_folder, read_folder, write_folder
from atlas_widget.tensor_file import Written

if TYPE_CHECKING:
    from atlas_widget.atlas import Atlas

__all__ = ["NoAtlasOfLayerError", "find_atlas", "read_atlas", "write_atlas"]


class NoAtlasOfLayerError(SavedAtlasError):
    """There are atlases of other layers."""


AtlasType = TypeVar("AtlasType", bound="Atlas")

_FILES = {
    "samples.safetensors": (
        "xy",
        "positions",
        "crops",
        "flipped",
        "image_ids",
        "image_indices",
    ),
    "activations.safetensors": ("activations",),
    "thumbnails.safetensors": ("blob", "offsets"),
}
_INFLUENCE = {"influence.safetensors": ("influence", "origin")}  # of atlases about classes


_GRIDS = "grids.safetensors"  # what takes long to compute of large atlases
_MOMENTS = ("counts", "low", "high", "sum", "products")
_LARGE = 64 << 20  # bytes of activations; those of smaller atlases are read again in no time


def write_atlas(
    atlas: Atlas, folder: Path, ready: Mapping[str, tuple[Path, Written]] | None = None
) -> None:
    """Save an atlas; see `Atlas.save`.

    Parameters
    ----------
    atlas : Atlas
    folder : Path
    ready : mapping of str to (Path, Written), optional
        Files of it that are written already; see `write_folder`.
    """
    samples = atlas.samples
    record: dict[str, Any] = {
        "layer": atlas.layer,
        "grids": list(atlas.grids),
        "min_count": atlas.min_count,
        "labels": atlas.labels,
        "cell_labels": {
            str(size): {str(cell): label for cell, label in labels.items()}
            for size, labels in atlas.cell_labels.items()
        },
        "image_names": samples.image_names,
        "unreadable": list(samples.unreadable),
        "notices": atlas.notices,
        "provenance": atlas.provenance,
    }
    arrays: dict[str, NDArray[Any]] = {
        "xy": atlas.xy,
        "positions": samples.positions,
        "crops": samples.crops,
        "flipped": samples.flipped.astype(np.uint8),
        "image_ids": samples.image_ids,
        "image_indices": samples.image_indices,
        "activations": samples.activations,
        "blob": samples.thumbnails.blob,
        "offsets": samples.thumbnails.offsets,
    }
    kept = dict(_FILES)
    if atlas.influence is not None:
        record["influence_classes"] = list(atlas.influence.classes)
        arrays |= {"influence": atlas.influence.values, "origin": atlas.influence.origin}
        kept |= _INFLUENCE
    if atlas.axes is not None:
        record["axes"] = [_axis_record(axis) for axis in atlas.axes]
    if samples.activations.nbytes >= _LARGE:
        arrays |= (grids := _grid_arrays(atlas) | atlas.moments.arrays())
        kept[_GRIDS] = tuple(grids)
    files = {
        name: {key: arrays[key] for key in keys}
        for name, keys in kept.items()
        if name not in (ready or {})
    }
    write_folder(folder, record, files, ready)


def find_atlas(folder: Path, layer: str | None = None) -> Path:
    """Return where an atlas is: the folder itself, or one of those that were built in it.

    Parameters
    ----------
    folder : Path
        Where an atlas was saved, or the atlases of several layers were built.
    layer : str, optional
        Which of several.

    Raises
    ------
    NoAtlasOfLayerError
        There are atlases of other layers.
    SavedAtlasError
        There are several, and no layer was named.
    """
    if not folder.is_dir() or (folder / "atlas.json").is_file():
        return folder
    found = sorted(entry.parent for entry in folder.glob("*/atlas.json"))
    if layer is not None and folder / layer_folder(layer) in found:
        return folder / layer_folder(layer)
    if not found or (layer is None and len(found) == 1):
        return found[0] if found else folder
    names = ", ".join(path.name for path in found)
    if layer is None:
        raise SavedAtlasError(
            f"{str(folder)!r} holds several atlases ({names}): say which one, such as "
            f"{str(found[0])!r}."
        )
    raise NoAtlasOfLayerError(
        f"{str(folder)!r} holds no atlas of layer {layer!r}, but of {names}."
        + did_you_mean(layer, [path.name for path in found])
    )


def read_atlas(kind: type[AtlasType], folder: Path, *, verify: bool | None = None) -> AtlasType:
    """Load an atlas; see `Atlas.load`."""
    record, arrays = read_folder(folder, _FILES, verify=verify)
    try:
        atlas = kind(
            _samples(record, arrays),
            arrays["xy"],
            layer=_typed(record, "layer", str),
            grids=_typed(record, "grids", list),
            labels=_strings(record, "labels") if record.get("labels") is not None else None,
            provenance=_typed(record, "provenance", dict),
            notices=_strings(record, "notices"),
            min_count=_typed(record, "min_count", int) if record.get("min_count") else None,
            influence=_influence(record, folder, verify),
            axes=_axes(record),
        )
        for size, labels in _typed(record, "cell_labels", dict).items():
            atlas.cell_labels[int(size)] = {int(cell): label for cell, label in labels.items()}
        if _GRIDS in record["files"]:
            keys = (*_grid_keys(atlas.grids), *_MOMENTS)
            _, saved = read_folder(folder, {_GRIDS: keys}, verify=verify)
            atlas.moments = Moments.restored({key: saved[key] for key in _MOMENTS})
            for size in atlas.grids:
                means, nearest = (saved[key] for key in _grid_keys([size]))
                atlas.set_grid(size, means, nearest)
    except (AtlasError, ValueError, TypeError, AttributeError, LookupError) as error:
        raise SavedAtlasError(f"The atlas in {str(folder)!r} does not fit: {error}") from error
    return atlas


def _grid_keys(sizes: Iterable[int]) -> tuple[str, ...]:
    return tuple(f"{part}_{size}" for size in sizes for part in ("means", "nearest"))


def _grid_arrays(atlas: Atlas) -> dict[str, NDArray[Any]]:
    """Return what takes long to compute of an atlas's grids."""
    found: dict[str, NDArray[Any]] = {}
    for size in atlas.grids:
        grid = atlas.grid(size)
        means, nearest = _grid_keys([size])
        found |= {means: grid.means, nearest: grid.representatives()}
    return found


def _samples(record: dict[str, Any], arrays: dict[str, NDArray[Any]]) -> Samples:
    """Put samples together from what was read, if it fits together."""
    names = _strings(record, "image_names")
    count = len(arrays["activations"])
    shapes = {
        "activations": (count, *arrays["activations"].shape[1:2]),
        "xy": (count, 2),
        "positions": (count, 2),
        "crops": (count, 4),
        "flipped": (count,),
        "image_ids": (count,),
        "image_indices": (len(names),),
        "offsets": (count + 1,),
    }
    for key, shape in shapes.items():
        if arrays[key].shape != shape:
            raise SavedAtlasError(f"{key} has the shape {arrays[key].shape}, not {shape}.")
    ids, offsets = arrays["image_ids"], arrays["offsets"]
    if count and (ids.min() < 0 or ids.max() >= len(names)):
        raise SavedAtlasError("Samples name images that the saved atlas does not list.")
    if offsets[0] != 0 or (np.diff(offsets) < 0).any() or offsets[-1] != len(arrays["blob"]):
        raise SavedAtlasError("The thumbnails do not fit their list.")
    return Samples(
        activations=arrays["activations"],
        positions=arrays["positions"],
        crops=arrays["crops"],
        flipped=arrays["flipped"].astype(np.bool_),
        image_ids=ids,
        image_names=names,
        image_indices=arrays["image_indices"],
        thumbnails=Thumbnails(arrays["blob"], offsets),
        unreadable=tuple(_strings(record, "unreadable")),
    )


def _influence(record: dict[str, Any], folder: Path, verify: bool | None) -> Influence | None:
    if record.get("influence_classes") is None:
        return None
    classes = tuple(int(number) for number in _typed(record, "influence_classes", list))
    _, arrays = read_folder(folder, _INFLUENCE, verify=verify)
    return Influence(classes, arrays["influence"], arrays["origin"])


def _axis_record(axis: Axis) -> dict[str, Any]:
    ends = [axis.low, axis.high] if axis.measures else None  # JSON has no NaN
    return {"label": axis.label, "values": ends, "ends": [axis.low_label, axis.high_label]}


def _axes(record: dict[str, Any]) -> tuple[Axis, Axis] | None:
    if record.get("axes") is None:
        return None
    made = []
    for entry in _typed(record, "axes", list):
        nan = float("nan")
        low, high = entry["values"] or (nan, nan)
        low_label, high_label = entry["ends"]
        made.append(
            Axis(str(entry["label"]), float(low), float(high), str(low_label), str(high_label))
        )
    across, down = made
    return across, down


def _typed(record: dict[str, Any], key: str, kind: type) -> Any:
    value = record.get(key)
    if not isinstance(value, kind):
        raise SavedAtlasError(
            f"atlas.json: {key!r} should be a {kind.__name__}, not {value!r:.60}."
        )
    return value


def _strings(record: dict[str, Any], key: str) -> list[str]:
    values = _typed(record, key, list)
    if not all(isinstance(value, str) for value in values):
        raise SavedAtlasError(f"atlas.json: {key!r} should be a list of strings.")
    return list(values)
