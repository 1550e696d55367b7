"""Build the atlas of one layer: in memory, or through shards in a folder."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from atlas_widget.atlas import DEFAULT_GRIDS, Atlas
from atlas_widget.atlas.defaults import MAX_UNREADABLE, NUM_SAMPLES, POSITIONS_PER_CROP
from atlas_widget.atlas.grid import check_grids
from atlas_widget.atlas.samples import Samples
from atlas_widget.attribution.output_labels import resolve_labels
from atlas_widget.build.finish import check_samples, finish_atlas
from atlas_widget.build.in_folder import Collector, build_atlases
from atlas_widget.build.like import check_like, note_like, places_of, settings_like
from atlas_widget.build.provenance import AtlasSettings
from atlas_widget.collect import collect, collect_at_places
from atlas_widget.images.opening import as_image_source
from atlas_widget.layout import Embedding, other_layout, umap_ready
from atlas_widget.progress import CancelledCallback, TextProgress

if TYPE_CHECKING:
    import torch
    from torch import nn

__all__ = ["build_atlas"]


def build_atlas(
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
) -> Atlas:
    """Collect activations, lay them out and put grids over them; see `Atlas.build`."""
    method = other_layout(layout_method)
    if like is not None:
        others = {"folder": folder, "cluster": cluster}
        check_like(like, {name: value for name, value in others.items() if value is not None})
    settings = AtlasSettings(
        num_samples,
        seed,
        crop_scale,
        positions_per_crop,
        neighbors,
        layout_method=method,
    )
    if folder is not None:
        (path,) = build_atlases(
            model,
            [layer],
            images,
            Path(folder).expanduser(),
            num_samples=num_samples,
            seed=seed,
            crop_scale=crop_scale,
            positions_per_crop=positions_per_crop,
            neighbors=neighbors,
            layout_method=method or "umap-torch",
            transform=transform,
            input_size=input_size,
            labels=labels,
            grids=grids,
            device=device,
            min_count=min_count,
            dtype=dtype,
            max_unreadable=max_unreadable,
            progress=progress,
            cancelled=cancelled,
            collector=_collector(model, cluster, transform, cancelled),
        ).values()
        return Atlas.load(path)

    from atlas_widget.probe import LayerProbe
    from atlas_widget.probe.private_copy import unwrapped

    sizes = check_grids(grids)
    text = TextProgress(progress)
    with (
        LayerProbe(
            model, layer, transform=transform, device=device, input_size=input_size
        ) as probe,
        umap_ready(start=method is not None and method.is_default),
    ):
        plain = unwrapped(model)
        names, notice = resolve_labels(labels, probe.num_classes, plain)
        source = as_image_source(images, preprocessing=probe.preprocessing)
        gather = collect if cluster is None else _gatherer(plain, cluster, transform)
        if like is None:
            samples = gather(
                probe,
                source,
                num_samples=settings.num_samples,
                seed=settings.seed,
                crop_scale=settings.crop_scale,
                positions_per_crop=settings.positions_per_crop,
                progress=text.stage("collecting"),
                cancelled=cancelled,
            )
        else:
            settings = settings_like(like, settings)
            samples = collect_at_places(
                *places_of(like),
                probe,
                source,
                progress=text.stage("collecting"),
                cancelled=cancelled,
            )
        check_samples(samples, source, max_unreadable)
        if method is not None and method.notice:
            text.say(method.notice)
        atlas = finish_atlas(
            samples,
            probe,
            source,
            settings,
            plain,
            grids=sizes,
            labels=names,
            notices=[notice] if notice else [],
            min_count=min_count,
            progress=text.stage("layout"),
            cancelled=cancelled,
        )
        if like is not None:
            note_like(atlas, like)
        text.say(*atlas.notices)
        return atlas


def _gatherer(model: nn.Module, cluster: str, transform: Any) -> Callable[..., Samples]:
    from atlas_widget.cluster import collect_on_cluster

    return partial(collect_on_cluster, model=model, address=cluster, transform=transform)


def _collector(
    model: nn.Module, cluster: str | None, transform: Any, cancelled: CancelledCallback | None
) -> Collector | None:
    if cluster is None:
        return None
    from atlas_widget.cluster import cluster_collector

    return cluster_collector(model, cluster, transform=transform, cancelled=cancelled)
