"""The finished thing: how an atlas is made, changed, saved and loaded."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray

from atlas_widget.cell_table import cell_table
from atlas_widget.collect import NUM_SAMPLES, POSITIONS_PER_CROP
from atlas_widget.collect.checks import MOST_UNREADABLE
from atlas_widget.grid import DEFAULT_GRIDS
from atlas_widget.laid_out import LaidOutSamples
from atlas_widget.layout import Embedding, other_layout, spread
from atlas_widget.progress import CancelledCallback, ProgressCallback
from atlas_widget.provenance import AtlasSettings, atlas_key
from atlas_widget.saved_atlas import find_atlas, read_atlas, write_atlas

if TYPE_CHECKING:
    import pandas as pd
    import torch
    from torch import nn

__all__ = ["DEFAULT_GRIDS", "Atlas"]


class Atlas(LaidOutSamples):
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
    influence : Influence, optional
        What the samples argue for, where the atlas is about one class or two.
    axes : tuple of Axis, optional
        What x and y mean, where they mean something by themselves.

    Attributes
    ----------
    cell_labels : dict of int to dict of int to str or None
        For a grid's size, the label of the cells (by id) whose classes are known by now.
    """

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
        layout_method: str | Embedding = "umap",
        min_count: int | None = None,
        folder: str | os.PathLike[str] | None = None,
        dtype: str = "float32",
        most_unreadable: float = MOST_UNREADABLE,
        cluster: str | None = None,
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
        layout_method : str or object, optional
            Who lays out: "umap", our own; "umap-learn", "cuml" (on a GPU) or "torchdr", each in an
            extra of that name; or any object whose ``fit_transform`` gives places, (n, 2), for rows
            of length 1, (n, channels + 1), such as ``openTSNE.TSNE()`` or ``umap.UMAP()``. Those
            cannot be stopped midway and show no progress. Of more than 100,000 samples they lay out
            as many, and the others are placed among them.
        min_count : int, optional
            How many samples a cell needs.
        folder : str or Path, optional
            Where to collect to, and to keep the atlas, in a folder named after the layer: however
            many samples, memory does not grow with their activations, and what was interrupted
            goes on where it was. See `building.build_atlases`, also for several layers at once.
        dtype : {"float32", "float16"}
            In what activations are kept in `folder`.
        most_unreadable : float
            Which part of the images that are read may be unreadable before that is an error.
        cluster : str, optional
            A Ray cluster that collects the same activations: "auto" or an address, see
            `atlas_widget.cluster.connect`.
        cancelled : callable, optional
            Asked now and then; once it returns True, `Cancelled` is raised.
        """
        from atlas_widget.building.single import build_in_folder, build_in_memory

        settings = AtlasSettings(
            num_samples,
            seed,
            crop_scale,
            positions_per_crop,
            neighbors,
            layout_method=other_layout(layout_method),
        )
        options: dict[str, Any] = {
            "transform": transform,
            "labels": labels,
            "grids": grids,
            "device": device,
            "min_count": min_count,
            "most_unreadable": most_unreadable,
            "progress": progress,
            "cluster": cluster,
            "cancelled": cancelled,
        }
        if folder is None:
            return build_in_memory(cls, model, layer, images, settings, **options)
        kept = Path(folder).expanduser()
        return cls.load(
            build_in_folder(model, layer, images, kept, settings, dtype=dtype, **options)
        )

    key = staticmethod(atlas_key)

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
        return cell_table(self, self.grid(self.grids[0] if size is None else size))

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
        from atlas_widget.diagnostics import diagnose

        size = self.grids[0] if grid is None else grid
        return diagnose(self, size, device=device, progress=progress, cancelled=cancelled)

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
        write_atlas(self, Path(path).expanduser())

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
        return read_atlas(cls, find_atlas(Path(path).expanduser()), verify=verify)
