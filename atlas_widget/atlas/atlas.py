"""The activation atlas: samples at their places, the grids over them, saving and loading."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from functools import cached_property
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray

from atlas_widget.atlas.class_influence import Axis, Influence
from atlas_widget.atlas.defaults import MAX_UNREADABLE, NUM_SAMPLES, POSITIONS_PER_CROP
from atlas_widget.atlas.files import (
    AtlasContents,
    does_not_fit,
    find_atlas,
    read_contents,
    write_contents,
)
from atlas_widget.atlas.grid import DEFAULT_GRIDS, Grid, check_grids
from atlas_widget.atlas.moments import Moments
from atlas_widget.atlas.samples import Samples
from atlas_widget.atlas.table import cell_table
from atlas_widget.deprecation import renamed
from atlas_widget.errors import AtlasError
from atlas_widget.progress import CancelledCallback, ProgressCallback

if TYPE_CHECKING:
    import pandas as pd
    import torch
    from torch import nn

    from atlas_widget.images.source import ImageSource
    from atlas_widget.layout import Embedding
    from atlas_widget.probe import LayerProbe

__all__ = ["DEFAULT_GRIDS", "Atlas"]

_LARGE_BYTES = 64 << 20  # bytes of activations; those of smaller atlases are read again in no time


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
        What it was made from; see `build.provenance.describe`.
    notices : sequence of str
        What was assumed or left out.
    min_count : int, optional
        How many samples a cell needs; by default it depends on the grid, see `default_min_count`.
    influence : Influence, optional
        What the samples argue for, where the atlas is about one class or two.
    axes : tuple of Axis, optional
        What x and y mean, where they mean something by themselves.

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
        influence: Influence | None = None,
        axes: tuple[Axis, Axis] | None = None,
    ) -> None:
        if influence is not None and len(influence) != len(samples):
            raise AtlasError(f"influence is of {len(influence):,} samples, not {len(samples):,}.")
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
        self.min_count = min_count
        self.influence = influence
        self.axes = axes
        self._made: dict[int, Grid] = {}

    @property
    def activations(self) -> NDArray[np.float32]:
        """Activations of all samples, (n, channels); memory-mapped when large."""
        return self.samples.activations

    @cached_property
    def moments(self) -> Moments:
        """Mean, second moment and range of the activations; one pass over them, or saved."""
        return Moments.of(self.activations)

    def __len__(self) -> int:
        return len(self.samples)

    def grid(self, size: int) -> Grid:
        """Return the grid of `size` × `size` cells; made when it is first asked for."""
        if size not in self._made:
            self._made[size] = Grid.from_layout(self.activations, self.xy, size, self.min_count)
        return self._made[size]

    def set_grid(
        self, size: int, means: NDArray[np.float32], representatives: NDArray[np.int64]
    ) -> None:
        """Take what was computed of a grid before, so that `grid` need not read activations.

        Parameters
        ----------
        size : int
            The grid.
        means, representatives : ndarray
            As that grid has them.
        """
        self._made[size] = Grid.from_layout(
            self.activations,
            self.xy,
            size,
            self.min_count,
            means=means,
            representatives=representatives,
        )

    @classmethod
    def build(
        cls,
        model: nn.Module,
        layer: str,
        images: Any = None,
        *,
        transform: Any = None,
        input_size: int | None = None,
        labels: Sequence[str] | Mapping[int, str] | None = None,
        num_samples: int = NUM_SAMPLES,
        grids: Sequence[int] = DEFAULT_GRIDS,
        seed: int = 0,
        device: str | torch.device | None = None,
        progress: bool = True,
        crop_scale: tuple[float, float] | None = None,
        positions_per_crop: int = POSITIONS_PER_CROP,
        neighbors: int | None = None,
        layout_method: str | Embedding = "umap",
        min_count: int | None = None,
        folder: str | os.PathLike[str] | None = None,
        dtype: str = "float32",
        max_unreadable: float = MAX_UNREADABLE,
        cluster: str | None = None,
        like: Atlas | None = None,
        cancelled: CancelledCallback | None = None,
        most_unreadable: float | None = None,
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
        input_size : int, optional
            Side in pixels of the pictures that the model takes; by default what the model or the
            transform says, else 224, with a notice.
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
        layout_method : str or object, optional
            What lays out: "umap", which is umap-learn, in a process of its own; "umap-torch", our
            UMAP on PyTorch, which runs on a GPU and also stands in, with a notice, where umap-learn
            cannot be used; "cuml" (on a GPU) or "torchdr", each in an extra of that name; or any
            object whose ``fit_transform`` gives places, (n, 2), for rows of length 1,
            (n, channels + 1), such as ``openTSNE.TSNE()``. Other libraries and objects show no
            progress, and an object cannot be stopped midway. Of more than 100,000 samples they lay
            out as many, and the others are placed among them.
        min_count : int, optional
            How many samples a cell needs.
        folder : str or Path, optional
            Where to collect to, and to keep the atlas, in a folder named after the layer: however
            many samples, memory does not grow with their activations, and what was interrupted
            goes on where it was. See `build.build_atlases`, also for several layers at once.
        dtype : {"float32", "float16"}
            In what activations are kept in `folder`.
        max_unreadable : float
            Which part of the images that are read may be unreadable before that is an error.
        cluster : str, optional
            A Ray cluster that collects the same activations: "auto" or an address, see
            `atlas_widget.cluster.connect`.
        like : Atlas, optional
            An atlas of another layer, checkpoint or model, over the same images: the activations
            are those at the places of its samples, so that `compare_atlases` can use all of them.
            `num_samples`, `seed`, `crop_scale` and `positions_per_crop` are its own then. In
            memory only. Where maps differ in size, give the atlas of the coarser one: what is
            finer is averaged over its units.
        cancelled : callable, optional
            Asked now and then; once it returns True, `Cancelled` is raised.
        most_unreadable : float, optional
            Deprecated: the old name of `max_unreadable`.
        """
        max_unreadable = renamed(
            "max_unreadable", max_unreadable, "most_unreadable", most_unreadable
        )
        built: Atlas = _room("build").build_atlas(
            model,
            layer,
            images,
            transform=transform,
            input_size=input_size,
            labels=labels,
            num_samples=num_samples,
            grids=grids,
            seed=seed,
            device=device,
            progress=progress,
            crop_scale=crop_scale,
            positions_per_crop=positions_per_crop,
            neighbors=neighbors,
            layout_method=layout_method,
            min_count=min_count,
            folder=folder,
            dtype=dtype,
            max_unreadable=max_unreadable,
            cluster=cluster,
            like=like,
            cancelled=cancelled,
        )
        return built if isinstance(built, cls) else cls._of(built.contents())

    @staticmethod
    def key(
        probe: LayerProbe, source: ImageSource, settings: Any, fingerprint: str | None = None
    ) -> str:
        """Return the cache key of an atlas; see `build.provenance.atlas_key`."""
        return str(_room("build").atlas_key(probe, source, settings, fingerprint))

    @classmethod
    def _of(cls, contents: AtlasContents) -> Self:
        atlas = cls(
            contents.samples,
            contents.xy,
            layer=contents.layer,
            grids=contents.grids,
            labels=contents.labels,
            provenance=contents.provenance,
            notices=contents.notices,
            min_count=contents.min_count,
            influence=contents.influence,
            axes=contents.axes,
        )
        atlas.cell_labels = contents.cell_labels
        if contents.moments is not None:
            atlas.moments = contents.moments
        for size, (means, representatives) in contents.grid_values.items():
            atlas.set_grid(size, means, representatives)
        return atlas

    def contents(self) -> AtlasContents:
        """Return what a saved atlas consists of; what takes long to compute only of large ones."""
        large = self.activations.nbytes >= _LARGE_BYTES
        sizes = self.grids if large else ()
        return AtlasContents(
            samples=self.samples,
            xy=self.xy,
            layer=self.layer,
            grids=self.grids,
            labels=self.labels,
            provenance=self.provenance,
            notices=self.notices,
            min_count=self.min_count,
            influence=self.influence,
            axes=self.axes,
            # A copy: a widget may be labelling cells on its own thread meanwhile.
            cell_labels={size: dict(labels) for size, labels in dict(self.cell_labels).items()},
            moments=self.moments if large else None,
            grid_values={
                size: (self.grid(size).means, self.grid(size).representatives()) for size in sizes
            },
        )

    def __repr__(self) -> str:
        count, channels = self.activations.shape
        model = self.provenance.get("model", "a model")
        return (
            f"<Atlas of {self.layer!r} in {model}: {count:,} samples of {channels} channels from "
            f"{len(self.samples.image_names):,} images, grids {self.grids}>"
        )

    def cells(self, size: int | None = None) -> pd.DataFrame:
        """Return a grid's cells as a table, a row a cell; see `cell_table`.

        Parameters
        ----------
        size : int, optional
            The grid; by default the coarsest.
        """
        grid = self.grid(self.grids[0] if size is None else size)
        return cell_table(grid, self.samples, self.cell_labels.get(grid.size, {}), self.influence)

    def diagnostics(
        self,
        grid: int | None = None,
        *,
        device: str | torch.device = "cpu",
        progress: ProgressCallback | None = None,
        cancelled: CancelledCallback | None = None,
    ) -> pd.DataFrame:
        """Return how far each cell's mean is to be trusted, a row a cell, as `cells` has them.

        See `diagnostics.diagnose` for the columns and parameters. ``atlas.cells(20).merge(
        atlas.diagnostics(20), on=["id", "count"])`` puts both side by side.
        """
        size = self.grids[0] if grid is None else grid
        table: pd.DataFrame = _room("diagnostics").diagnose(
            self, size, device=device, progress=progress, cancelled=cancelled
        )
        return table

    def split(self, grid: int, cell: int) -> Any:
        """Return a cell in two halves, along the direction in which its samples differ most.

        Parameters
        ----------
        grid : int
            Its size.
        cell : int
            The cell's id, row · size + column.

        Returns
        -------
        Split
            See `diagnostics.Split`.
        """
        return _room("diagnostics").split_cell(self.grid(grid), cell, self.samples)

    def with_layout(self, xy: NDArray[np.floating]) -> Atlas:
        """Return an atlas of the same samples in other places, such as another method's.

        Parameters
        ----------
        xy : ndarray, shape (num_samples, 2)
            Places in [0, 1], taken as they are; of any other range, they are spread over the square
            as our own are.

        Examples
        --------
        >>> other = umap.UMAP(metric="cosine").fit_transform(atlas.activations)
        >>> w = AtlasWidget(model, layer, atlas=atlas.with_layout(other))
        """
        from atlas_widget.layout import spread

        places = np.asarray(xy)
        if places.shape == self.xy.shape and np.isfinite(places).all():
            outside = len(places) and (places.min() < 0 or places.max() > 1)
            places = spread(places) if outside else places
        moved = Atlas(
            self.samples,
            places,
            layer=self.layer,
            grids=self.grids,
            labels=self.labels,
            provenance=self.provenance if xy is self.xy else {**self.provenance, "layout": "given"},
            notices=self.notices,
            min_count=self.min_count,
            influence=self.influence,
            axes=self.axes if xy is self.xy else None,
        )
        if xy is self.xy:
            moved._made.update(self._made)
        return moved

    def save(self, path: str | os.PathLike[str]) -> None:
        """Save as a folder of JSON and safetensors, all of it or nothing.

        Parameters
        ----------
        path : str or Path
            The folder. One that holds an atlas is replaced, one that holds anything else is not.
        """
        write_contents(self.contents(), Path(path).expanduser())

    @classmethod
    def load(cls, path: str | os.PathLike[str], *, verify: bool | None = None) -> Self:
        """Load a saved atlas. Nothing in it is executed.

        Parameters
        ----------
        path : str or Path
            The folder; or that in which it alone was built.
        verify : bool, optional
            Whether to check every byte; by default only of files under 256 MB, since larger ones
            are memory-mapped and not read.

        Raises
        ------
        SavedAtlasError
            It is missing, truncated, altered, or of an unknown version.
        """
        folder = find_atlas(Path(path).expanduser())
        contents = read_contents(folder, verify=verify)
        try:
            return cls._of(contents)
        except (AtlasError, ValueError, TypeError) as error:
            raise does_not_fit(folder, error) from error


def _room(name: str) -> Any:
    """Return a package that stands above this one, for a method that only passes a call on.

    The atlas itself is data and knows nothing of what makes or judges it.
    """
    return import_module(f"atlas_widget.{name}")
