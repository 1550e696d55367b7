"""From a model and images to a folder of atlases, however many samples; resumable at any point."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from atlas_widget.atlas.defaults import MAX_UNREADABLE
from atlas_widget.atlas.grid import DEFAULT_GRIDS, check_grids
from atlas_widget.atlas.storage import layer_folder
from atlas_widget.attribution.output_labels import resolve_labels
from atlas_widget.build.builder import Builder, CropProgress
from atlas_widget.build.provenance import AtlasSettings
from atlas_widget.collect import NUM_SAMPLES, POSITIONS_PER_CROP
from atlas_widget.collect.lock import FolderLock
from atlas_widget.collect.plan import SAMPLES_PER_SHARD, plan_collections
from atlas_widget.collect.to_disk import CollectMissing, collect_here
from atlas_widget.deprecation import renamed
from atlas_widget.errors import AtlasError
from atlas_widget.images.opening import as_image_source
from atlas_widget.images.source import ImageSource
from atlas_widget.layout import Embedding, OtherLayout, other_layout, umap_ready
from atlas_widget.progress import CancelledCallback, TextProgress

if TYPE_CHECKING:
    import torch
    from torch import nn

    from atlas_widget.probe import LayerProbe

__all__ = ["Collector", "build_atlases"]

Collector = Callable[[Sequence["LayerProbe"], ImageSource], CollectMissing]
"""Makes of probes and images what collects shards, such as on a cluster."""


def build_atlases(
    model: nn.Module,
    layers: Sequence[str],
    images: Any,
    folder: str | os.PathLike[str],
    *,
    transform: Any = None,
    labels: Sequence[str] | Mapping[int, str] | None = None,
    num_samples: int = NUM_SAMPLES,
    grids: Sequence[int] = DEFAULT_GRIDS,
    seed: int = 0,
    device: str | torch.device | None = None,
    input_size: int | None = None,
    crop_scale: tuple[float, float] | None = None,
    positions_per_crop: int = POSITIONS_PER_CROP,
    neighbors: int | None = None,
    fit_samples: int | None = None,
    layout_method: str | Embedding | OtherLayout = "umap",
    min_count: int | None = None,
    dtype: str = "float32",
    batch_size: int | None = None,
    samples_per_shard: int = SAMPLES_PER_SHARD,
    threads: int | None = None,
    max_unreadable: float = MAX_UNREADABLE,
    keep_shards: bool = False,
    restart: bool = False,
    wait: bool = False,
    progress: bool = True,
    cancelled: CancelledCallback | None = None,
    collector: Collector | None = None,
    most_unreadable: float | None = None,
) -> dict[str, Path]:
    """Build the atlases of several layers in a folder, in one pass over the images.

    Interrupted at any point, the same call goes on where it was, and on the same machine the
    result is the same to the bit. Memory does not grow with the number of activations. The samples
    are those that `Atlas.build` collects, but an image that cannot be read is left out, not made up
    for.

    Parameters
    ----------
    model : nn.Module
        Any vision model. It is copied and left as it is.
    layers : sequence of str
        Names from ``list_layers(model)``.
    images
        See `as_image_source`.
    folder : str or Path
        Where to build; each layer's atlas is a folder in it.
    transform, labels, num_samples, grids, seed, device, crop_scale, positions_per_crop
        See `Atlas.build`.
    neighbors, fit_samples : int, optional
        See `umap_layout`.
    layout_method : str or object
        See `Atlas.build`.
    min_count : int, optional
        How many samples a cell needs.
    input_size : int, optional
        See `LayerProbe`.
    dtype : {"float32", "float16"}
        In what activations are kept on disk.
    batch_size, samples_per_shard : int, optional
        See `plan_collections`.
    threads : int, optional
        How many threads read images; see `collect_shard`.
    max_unreadable : float
        Which part of the images may be unreadable before that is an error.
    keep_shards : bool
        Whether to keep what a finished atlas was put together from.
    restart : bool
        Whether to throw away what is there of something else.
    wait : bool
        Whether to wait for another process that builds in the folder.
    progress : bool
        Whether to write progress to stderr.
    cancelled : callable, optional
        Asked now and then; once it returns True, `Cancelled` is raised.
    collector : callable, optional
        Makes of probes and images what collects shards; by default this process does.
    most_unreadable : float, optional
        Deprecated: the old name of `max_unreadable`.

    Returns
    -------
    dict of str to Path
        Where each layer's atlas is.

    Raises
    ------
    FolderHeldError
        Another process builds in the folder.
    OtherCollectionError
        The folder holds something else of this name.
    UnreadableImagesError, DiskError, ActivationsError, LayerNotFoundError, ImagesError
    """
    from atlas_widget.probe.private_copy import unwrapped
    from atlas_widget.probe.several import open_layers

    max_unreadable = renamed("max_unreadable", max_unreadable, "most_unreadable", most_unreadable)
    text = TextProgress(progress)
    grids = check_grids(grids)
    root = _local(folder)
    if isinstance(layers, str) or not layers:
        raise AtlasError(f"layers={layers!r}: one or more names of layers, as a list.")
    other = other_layout(layout_method)
    crops = CropProgress()

    def here(probes: Sequence[LayerProbe], source: ImageSource) -> CollectMissing:
        return collect_here(
            probes,
            source,
            threads=threads,
            progress=crops.within,
            cancelled=cancelled,
            say=text.say,
        )

    with FolderLock(root, wait=wait, say=text.say, cancelled=cancelled), umap_ready(start=False):
        probes = open_layers(
            model, layers, transform=transform, device=device, input_size=input_size
        )
        try:
            plain = unwrapped(model)
            names, notice = resolve_labels(labels, probes[0].num_classes, plain)
            source = as_image_source(images, preprocessing=probes[0].preprocessing)
            plans = plan_collections(
                probes,
                source,
                num_samples=num_samples,
                seed=seed,
                crop_scale=crop_scale,
                positions_per_crop=positions_per_crop,
                dtype=dtype,
                batch_size=batch_size,
                samples_per_shard=samples_per_shard,
            )
            builder = Builder(
                root=root,
                model=plain,
                probes={probe.layer: probe for probe in probes},
                source=source,
                settings=AtlasSettings(
                    num_samples,
                    seed,
                    crop_scale,
                    positions_per_crop,
                    neighbors,
                    fit_samples=fit_samples,
                    layout_method=other,
                ),
                grids=grids,
                min_count=min_count,
                labels=names,
                notices=[notice] if notice else [],
                collect=(collector or here)(probes, source),
                crops=crops,
                max_unreadable=max_unreadable,
                text=text,
                cancelled=cancelled,
            )
            text.say(
                f"{source.description}: {num_samples:,} samples of {', '.join(builder.probes)}."
            )
            for plan in plans:
                if restart:
                    builder.discard_others(plan)
                left = [layer for layer in plan.layers if not builder.finished(plan, layer)]
                if left:
                    channels = [plan.channels[plan.layers.index(layer)] for layer in left]
                    builder.build(replace(plan, layers=tuple(left), channels=tuple(channels)))
                if not keep_shards:
                    builder.discard_shards(plan.layers)
            return {probe.layer: root / layer_folder(probe.layer) for probe in probes}
        finally:
            for probe in probes:
                probe.close()


def _local(folder: str | os.PathLike[str]) -> Path:
    """Return the folder to build in, if it is one: a Path would make a folder of a URL."""
    if re.match(r"[a-z][a-z0-9+.-]+:/", os.fspath(folder)):
        raise AtlasError(
            f"{os.fspath(folder)!r} is a URL: atlases are memory-mapped, so they are built in a "
            "folder, such as a mounted one. Images may be at a URL, and so may shards that a "
            "cluster collects (--shards-at, or cluster_collector(store=…))."
        )
    return Path(folder).expanduser()
