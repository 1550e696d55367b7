"""Division of an atlas into files, and checks that the files read back fit together."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from atlas_widget.atlas.class_influence import Axis, Influence
from atlas_widget.atlas.grid import check_grids
from atlas_widget.atlas.moments import Moments
from atlas_widget.atlas.safetensors_stream import Written
from atlas_widget.atlas.samples import Samples
from atlas_widget.atlas.storage import layer_folder, present, read_folder, write_folder
from atlas_widget.errors import AtlasError, SavedAtlasError, did_you_mean
from atlas_widget.images.thumbnails import Thumbnails

__all__ = [
    "AtlasContents",
    "NoAtlasOfLayerError",
    "does_not_fit",
    "find_atlas",
    "read_contents",
    "write_contents",
]


class NoAtlasOfLayerError(SavedAtlasError):
    """There are atlases of other layers."""


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


@dataclass(frozen=True)
class AtlasContents:
    """Contents of a saved atlas; the attributes are those of `Atlas`.

    Attributes
    ----------
    moments : Moments or None
        Of the activations, where they are large.
    grid_values : mapping of int to (means, representatives)
        Of each grid what takes long to compute, where the activations are large.
    """

    samples: Samples
    xy: NDArray[np.float32]
    layer: str
    grids: Sequence[int]
    labels: list[str] | None
    provenance: Mapping[str, Any]
    notices: list[str]
    min_count: int | None
    influence: Influence | None
    axes: tuple[Axis, Axis] | None
    cell_labels: dict[int, dict[int, str | None]]
    moments: Moments | None = None
    grid_values: Mapping[int, tuple[NDArray[np.float32], NDArray[np.int64]]] = field(
        default_factory=dict
    )


def write_contents(
    contents: AtlasContents, folder: Path, ready: Mapping[str, tuple[Path, Written]] | None = None
) -> None:
    """Save an atlas; see `Atlas.save`.

    Parameters
    ----------
    contents : AtlasContents
        What to save.
    folder : Path
        Where.
    ready : mapping of str to (Path, Written), optional
        Files of it that are written already; see `write_folder`.
    """
    samples = contents.samples
    record: dict[str, Any] = {
        "layer": contents.layer,
        "grids": list(contents.grids),
        "min_count": contents.min_count,
        "labels": contents.labels,
        "cell_labels": {
            str(size): {str(cell): label for cell, label in labels.items()}
            for size, labels in contents.cell_labels.items()
        },
        "image_names": samples.image_names,
        "unreadable": list(samples.unreadable),
        "notices": contents.notices,
        "provenance": contents.provenance,
    }
    arrays: dict[str, NDArray[Any]] = {
        "xy": contents.xy,
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
    if contents.influence is not None:
        record["influence_classes"] = list(contents.influence.classes)
        arrays |= {"influence": contents.influence.values, "origin": contents.influence.origin}
        kept |= _INFLUENCE
    if contents.axes is not None:
        record["axes"] = [_axis_record(axis) for axis in contents.axes]
    if contents.moments is not None:
        computed: dict[str, NDArray[Any]] = dict(contents.moments.arrays())
        for size, values in contents.grid_values.items():
            computed |= dict(zip(_grid_keys([size]), values, strict=True))
        arrays |= computed
        kept[_GRIDS] = tuple(computed)
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
    inside = (record.parent for record in folder.glob("*/atlas.json"))
    # Hidden ones are what a save that was cut off has left.
    found = sorted(entry for entry in inside if not entry.name.startswith("."))
    if layer is not None:
        own = folder / layer_folder(layer)
        if (present(own) / "atlas.json").is_file():
            return own
        for path in found:  # under another name, as earlier versions chose them
            if _layer_of(path) == layer:
                return path
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


def _layer_of(folder: Path) -> object:
    try:
        record = json.loads((folder / "atlas.json").read_text(encoding="utf-8"))
        return record.get("layer") if isinstance(record, dict) else None
    except (OSError, ValueError):
        return None


def read_contents(folder: Path, *, verify: bool | None = None) -> AtlasContents:
    """Load an atlas; see `Atlas.load`."""
    record, arrays = read_folder(folder, _FILES, verify=verify)
    try:
        grids = check_grids(_typed(record, "grids", list))
        moments, grid_values = None, {}
        if _GRIDS in record["files"]:
            keys = (*_grid_keys(grids), *_MOMENTS)
            _, saved = read_folder(folder, {_GRIDS: keys}, verify=verify)
            moments = Moments.restored({key: saved[key] for key in _MOMENTS})
            for size in grids:
                means, nearest = (saved[key] for key in _grid_keys([size]))
                grid_values[size] = means, nearest
        return AtlasContents(
            samples=_samples(record, arrays),
            xy=arrays["xy"],
            layer=_typed(record, "layer", str),
            grids=grids,
            labels=_strings(record, "labels") if record.get("labels") is not None else None,
            provenance=_typed(record, "provenance", dict),
            notices=_strings(record, "notices"),
            min_count=_typed(record, "min_count", int) if record.get("min_count") else None,
            influence=_influence(record, folder, verify),
            axes=_axes(record),
            cell_labels={
                int(size): {int(cell): label for cell, label in labels.items()}
                for size, labels in _typed(record, "cell_labels", dict).items()
            },
            moments=moments,
            grid_values=grid_values,
        )
    except (AtlasError, ValueError, TypeError, AttributeError, LookupError) as error:
        raise does_not_fit(folder, error) from error


def does_not_fit(folder: Path, error: Exception) -> SavedAtlasError:
    """Return the error for a saved atlas whose parts do not fit together."""
    return SavedAtlasError(f"The atlas in {str(folder)!r} does not fit: {error}")


def _grid_keys(sizes: Iterable[int]) -> tuple[str, ...]:
    return tuple(f"{part}_{size}" for size in sizes for part in ("means", "nearest"))


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
