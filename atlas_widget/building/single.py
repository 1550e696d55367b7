"""The atlas of one layer: in memory, or through shards in a folder."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from atlas_widget.building.build import Collector, build_atlases
from atlas_widget.collect import collect
from atlas_widget.collect.checks import check_readable
from atlas_widget.grid import check_grids
from atlas_widget.images.sources import as_image_source, unreadable_notice
from atlas_widget.layout import umap_layout
from atlas_widget.progress import CancelledCallback, TextProgress
from atlas_widget.provenance import AtlasSettings, describe, resolve_labels
from atlas_widget.samples import Samples

if TYPE_CHECKING:
    import torch
    from torch import nn

    from atlas_widget.atlas import Atlas

__all__ = ["build_in_folder", "build_in_memory"]

AtlasType = TypeVar("AtlasType", bound="Atlas")
Labels = Sequence[str] | Mapping[int, str] | None


def build_in_memory(
    kind: type[AtlasType],
    model: nn.Module,
    layer: str,
    images: Any,
    settings: AtlasSettings,
    *,
    transform: Any,
    labels: Labels,
    grids: Sequence[int],
    device: str | torch.device | None,
    min_count: int | None,
    most_unreadable: float,
    progress: bool,
    cluster: str | None,
    cancelled: CancelledCallback | None,
) -> AtlasType:
    """Build an atlas with all its samples in memory; see `Atlas.build`."""
    from atlas_widget.probe import LayerProbe
    from atlas_widget.probe.private_copy import unwrapped

    sizes = check_grids(grids)
    text = TextProgress(progress)
    with LayerProbe(model, layer, transform=transform, device=device) as probe:
        plain = unwrapped(model)
        names, notice = resolve_labels(labels, probe.num_classes, plain)
        source = as_image_source(images, preprocessing=probe.preprocessing)
        gather = collect if cluster is None else _gatherer(plain, cluster, transform)
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
        check_readable(
            dict.fromkeys(samples.unreadable, ""),
            len(samples.image_names) + len(samples.unreadable),
            most_unreadable,
            source,
        )
        if settings.layout_method is not None:
            text.say(settings.layout_method.notice)
        xy = umap_layout(
            samples.activations,
            seed=settings.seed,
            neighbors=settings.neighbors,
            other=settings.layout_method,
            progress=text.stage("layout"),
            cancelled=cancelled,
            device=probe.device,
        )
        notices = [*probe.notices, *([notice] if notice else []), *unreadable_notice(source)]
        text.say(*notices)
        return kind(
            samples,
            xy,
            layer=probe.layer,
            grids=sizes,
            labels=names,
            provenance=describe(probe, source, settings, plain),
            notices=notices,
            min_count=min_count,
        )


def build_in_folder(
    model: nn.Module,
    layer: str,
    images: Any,
    folder: Path,
    settings: AtlasSettings,
    *,
    transform: Any,
    cluster: str | None,
    cancelled: CancelledCallback | None,
    **options: Any,
) -> Path:
    """Build the atlas of a layer in a folder, and return where it is; see `build_atlases`."""
    built = build_atlases(
        model,
        [layer],
        images,
        folder,
        num_samples=settings.num_samples,
        seed=settings.seed,
        crop_scale=settings.crop_scale,
        positions_per_crop=settings.positions_per_crop,
        neighbors=settings.neighbors,
        layout_method=settings.layout_method or "umap",
        transform=transform,
        cancelled=cancelled,
        collector=_collector(model, cluster, transform, cancelled),
        **options,
    )
    (path,) = built.values()
    return path


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
