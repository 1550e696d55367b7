"""The finished thing: samples, their layout and its grids, with a record of where they come from."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray

from atlas_widget.collect import NUM_SAMPLES, POSITIONS_PER_CROP, collect
from atlas_widget.errors import AtlasError, SavedAtlasError
from atlas_widget.grid import Grid
from atlas_widget.images.sources import as_image_source
from atlas_widget.images.thumbnails import Thumbnails
from atlas_widget.layout import umap_layout
from atlas_widget.progress import CancelledCallback, TextProgress
from atlas_widget.provenance import AtlasSettings, atlas_key, describe, resolve_labels
from atlas_widget.samples import Samples
from atlas_widget.storage import read_folder, write_folder

if TYPE_CHECKING:
    import pandas as pd
    import torch
    from torch import nn

__all__ = ["DEFAULT_GRIDS", "Atlas", "check_grids"]

DEFAULT_GRIDS = (20, 40, 80)

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


class Atlas:
    """An activation atlas.

    Usually made by `Atlas.build` or `Atlas.load`.

    Parameters
    ----------
    samples : Samples
        What was collected.
    xy : ndarray, shape (n, 2)
        The samples' places in [0, 1]; y grows downwards.
    layer : str
        The layer's name.
    grids : sequence of int
        Cells along a side, at each level, coarsest first.
    labels : list of str, optional
        Names of the model's outputs.
    provenance : mapping, optional
        What it was made from; see `provenance.describe`.
    notices : sequence of str
        What was assumed or left out.
    min_count : int, optional
        How many samples a cell needs; by default it depends on the grid, see `default_min_count`.

    Attributes
    ----------
    cell_labels : dict of int to dict of int to str or None
        For a grid's size, the label of the cells (by id) whose classes are known by now.
    """

    def __init__(
        self,
        samples: Samples,
        xy: NDArray[np.floating],
        *,
        layer: str,
        grids: Sequence[int] = DEFAULT_GRIDS,
        labels: list[str] | None = None,
        provenance: Mapping[str, Any] | None = None,
        notices: Sequence[str] = (),
        min_count: int | None = None,
    ) -> None:
        if np.shape(xy) != (len(samples), 2):
            raise AtlasError(f"xy has the shape {np.shape(xy)}, not ({len(samples)}, 2).")
        if not np.isfinite(xy).all() or np.min(xy, initial=0) < 0 or np.max(xy, initial=0) > 1:
            raise AtlasError("xy has values outside [0, 1].")
        self.samples = samples
        self.xy = np.asarray(xy, np.float32)
        self.layer = layer
        self.grids = check_grids(grids)
        self.labels = labels
        self.provenance: dict[str, Any] = dict(provenance or {})
        self.notices = list(notices)
        self.cell_labels: dict[int, dict[int, str | None]] = {}
        self._min_count = min_count
        self._made: dict[int, Grid] = {}

    @classmethod
    def build(
        cls,
        model: nn.Module,
        layer: str,
        images: Any = None,
        *,
        transform: Any = None,
        labels: Sequence[str] | Mapping[int, str] | None = None,
        num_samples: int = NUM_SAMPLES,
        grids: Sequence[int] = DEFAULT_GRIDS,
        seed: int = 0,
        device: str | torch.device | None = None,
        progress: bool = True,
        crop_scale: tuple[float, float] | None = None,
        positions_per_crop: int = POSITIONS_PER_CROP,
        neighbors: int | None = None,
        min_count: int | None = None,
        cancelled: CancelledCallback | None = None,
    ) -> Self:
        """Collect activations, lay them out and put grids over them.

        Parameters
        ----------
        model : nn.Module
            Any vision model. It is copied and left as it is.
        layer : str
            A name from ``list_layers(model)``.
        images : optional
            A folder, a dataset, a DataLoader, a list, a tensor, "imagenette", or None for the demo
            photos; see `as_image_source`.
        transform : optional
            What normalises the model's input; see `resolve_transform`.
        labels : list of str, optional
            Names of the model's outputs.
        num_samples : int
            How many activations.
        grids : sequence of int
            Cells along a side, at each level.
        seed : int
            The same seed gives the same atlas.
        device : optional
            Where to run the model; CUDA where there is one.
        progress : bool
            Whether to write progress to stderr.
        crop_scale, positions_per_crop : optional
            See `collect`.
        neighbors : int, optional
            See `umap_layout`.
        min_count : int, optional
            How many samples a cell needs.
        cancelled : callable, optional
            Asked now and then; once it returns True, `Cancelled` is raised.
        """
        from atlas_widget.probe import LayerProbe

        grids = check_grids(grids)
        text = TextProgress(progress)
        settings = AtlasSettings(num_samples, seed, crop_scale, positions_per_crop, neighbors)
        with LayerProbe(model, layer, transform=transform, device=device) as probe:
            names, notice = resolve_labels(labels, probe.num_classes, model)
            source = as_image_source(images, preprocessing=probe.preprocessing)
            samples = collect(
                probe,
                source,
                num_samples=num_samples,
                seed=seed,
                crop_scale=crop_scale,
                positions_per_crop=positions_per_crop,
                progress=text.stage("collecting"),
                cancelled=cancelled,
            )
            xy = umap_layout(
                samples.activations,
                seed=seed,
                neighbors=neighbors,
                progress=text.stage("layout"),
                cancelled=cancelled,
                device=probe.device,
            )
            notices = [*probe.notices, *([notice] if notice else []), *unreadable_notice(source)]
            text.say(*notices)
            return cls(
                samples,
                xy,
                layer=probe.layer,
                grids=grids,
                labels=names,
                provenance=describe(probe, source, settings, model),
                notices=notices,
                min_count=min_count,
            )

    key = staticmethod(atlas_key)

    @property
    def activations(self) -> NDArray[np.float32]:
        """Activations of all samples, (n, channels); memory-mapped when large."""
        return self.samples.activations

    def __len__(self) -> int:
        return len(self.samples)

    def __repr__(self) -> str:
        count, channels = self.activations.shape
        model = self.provenance.get("model", "a model")
        return (
            f"<Atlas of {self.layer!r} in {model}: {count:,} samples of {channels} channels from "
            f"{len(self.samples.image_names):,} images, grids {self.grids}>"
        )

    def grid(self, size: int) -> Grid:
        """Return the grid of `size` × `size` cells; made when it is first asked for."""
        if size not in self._made:
            self._made[size] = Grid.from_layout(self.activations, self.xy, size, self._min_count)
        return self._made[size]

    def cells(self, size: int | None = None) -> pd.DataFrame:
        """Return a grid's cells as a table, a row a cell.

        Parameters
        ----------
        size : int, optional
            The grid; by default the coarsest.

        Returns
        -------
        DataFrame
            Columns ``row``, ``col``, ``id`` (row · size + col), ``x`` and ``y`` (the cell's centre
            in [0, 1]), ``count`` (samples), ``label`` (None where it is not known, or not yet),
            ``sample`` (the one nearest to the mean) and ``image`` (which that comes from).
        """
        import pandas as pd

        grid = self.grid(self.grids[0] if size is None else size)
        nearest = grid.representatives()
        known = self.cell_labels.get(grid.size, {})
        labels = np.array([known.get(int(cell_id)) for cell_id in grid.ids], dtype=object)
        return pd.DataFrame(
            {
                "row": grid.rows,
                "col": grid.cols,
                "id": grid.ids,
                "x": (grid.cols + 0.5) / grid.size,
                "y": (grid.rows + 0.5) / grid.size,
                "count": grid.counts,
                "label": pd.Series(labels, dtype=object),
                "sample": nearest,
                "image": [self.samples.name(int(sample)) for sample in nearest],
            }
        )

    def with_layout(self, xy: NDArray[np.floating]) -> Atlas:
        """Return an atlas of the same samples in other places."""
        return Atlas(
            self.samples,
            xy,
            layer=self.layer,
            grids=self.grids,
            labels=self.labels,
            provenance=self.provenance,
            notices=self.notices,
            min_count=self._min_count,
        )

    def save(self, path: str | os.PathLike[str]) -> None:
        """Save as a folder of JSON and safetensors, all of it or nothing.

        Parameters
        ----------
        path : str or Path
            The folder. One that holds an atlas is replaced, one that holds anything else is not.
        """
        samples = self.samples
        record = {
            "layer": self.layer,
            "grids": list(self.grids),
            "min_count": self._min_count,
            "labels": self.labels,
            "cell_labels": {
                str(size): {str(cell): label for cell, label in labels.items()}
                for size, labels in self.cell_labels.items()
            },
            "image_names": samples.image_names,
            "unreadable": list(samples.unreadable),
            "notices": self.notices,
            "provenance": self.provenance,
        }
        arrays = {
            "xy": self.xy,
            "positions": samples.positions,
            "crops": samples.crops,
            "flipped": samples.flipped.astype(np.uint8),
            "image_ids": samples.image_ids,
            "image_indices": samples.image_indices,
            "activations": samples.activations,
            "blob": samples.thumbnails.blob,
            "offsets": samples.thumbnails.offsets,
        }
        files = {name: {key: arrays[key] for key in keys} for name, keys in _FILES.items()}
        write_folder(Path(path).expanduser(), record, files)

    @classmethod
    def load(cls, path: str | os.PathLike[str], *, verify: bool | None = None) -> Self:
        """Load a saved atlas. Nothing in it is executed.

        Parameters
        ----------
        path : str or Path
            The folder.
        verify : bool, optional
            Whether to check every byte; by default only of files under 256 MB, since larger ones
            are memory-mapped and not read.

        Raises
        ------
        SavedAtlasError
            It is missing, truncated, altered, or of an unknown version.
        """
        folder = Path(path).expanduser()
        record, arrays = read_folder(folder, _FILES, verify=verify)
        try:
            samples = _samples(record, arrays)
            atlas = cls(
                samples,
                arrays["xy"],
                layer=_typed(record, "layer", str),
                grids=_typed(record, "grids", list),
                labels=_strings(record, "labels") if record.get("labels") is not None else None,
                provenance=_typed(record, "provenance", dict),
                notices=_strings(record, "notices"),
                min_count=record.get("min_count"),
            )
            for size, labels in _typed(record, "cell_labels", dict).items():
                atlas.cell_labels[int(size)] = {int(k): v for k, v in labels.items()}
        except SavedAtlasError:
            raise
        except (AtlasError, ValueError, TypeError, AttributeError, IndexError) as error:
            raise SavedAtlasError(f"The atlas in {str(folder)!r} does not fit: {error}") from error
        return atlas


def check_grids(grids: Sequence[int]) -> tuple[int, ...]:
    """Return the sizes of grids, coarsest first, each once."""
    sizes = [grids] if isinstance(grids, int) else list(grids)
    right = all(isinstance(s, (int, np.integer)) and not isinstance(s, bool) for s in sizes)
    if not sizes or not right or not all(1 <= size <= 4096 for size in sizes):
        raise AtlasError(
            f"grids={grids!r}: one or more numbers of cells along a side, from 1 to 4,096, "
            f"such as {DEFAULT_GRIDS}."
        )
    return tuple(sorted({int(size) for size in sizes}))


def unreadable_notice(source: Any) -> list[str]:
    """Say in a line which images could not be read; nothing if all could."""
    names = list(source.unreadable)
    if not names:
        return []
    shown = ", ".join(names[:3]) + (" and others" if len(names) > 3 else "")
    return [f"{len(names):,} of {len(source):,} images could not be read: {shown}."]


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
    if count and not (0 <= ids.min() and ids.max() < len(names)):
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
