"""The last steps of a build in memory: samples are checked, laid out, wrapped as an atlas."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from atlas_widget.atlas import Atlas
from atlas_widget.atlas.defaults import MAX_UNREADABLE
from atlas_widget.build.provenance import AtlasSettings, describe
from atlas_widget.collect.checks import check_activations, check_readable
from atlas_widget.images.source import ImageSource, source_notices
from atlas_widget.layout import lay_out

if TYPE_CHECKING:
    from torch import nn

    from atlas_widget.atlas.samples import Samples
    from atlas_widget.probe import LayerProbe
    from atlas_widget.progress import CancelledCallback, ProgressCallback

__all__ = ["check_samples", "finish_atlas"]


def check_samples(
    samples: Samples, source: ImageSource, max_unreadable: float = MAX_UNREADABLE
) -> None:
    """Raise an error for samples of which no atlas should be made.

    Parameters
    ----------
    samples : Samples
        What was collected in memory.
    source : ImageSource
        The images.
    max_unreadable : float
        Fraction of the images that may be unreadable.

    Raises
    ------
    UnreadableImagesError, ActivationsError
    """
    reasons: dict[str, str] = getattr(source, "reasons", {})
    check_readable(
        {name: reasons.get(name, "") for name in samples.unreadable},
        len(samples.image_names) + len(samples.unreadable),
        max_unreadable,
        source,
    )
    check_activations(samples)


def finish_atlas(
    samples: Samples,
    probe: LayerProbe,
    source: ImageSource,
    settings: AtlasSettings,
    model: nn.Module,
    *,
    grids: Sequence[int],
    labels: list[str] | None,
    notices: Sequence[str] = (),
    min_count: int | None = None,
    progress: ProgressCallback | None = None,
    cancelled: CancelledCallback | None = None,
) -> Atlas:
    """Lay checked samples out and wrap them as an atlas.

    Parameters
    ----------
    samples : Samples
        What was collected, all of it in memory.
    probe, source, settings, model
        What they were collected from, for the layout and the record.
    grids, labels, min_count
        See `Atlas`.
    notices : sequence of str
        What was assumed, besides what the probe and the source tell.
    progress, cancelled : callable, optional
        For the layout.
    """
    laid_out = lay_out(
        samples.activations,
        settings.layout_method,
        seed=settings.seed,
        neighbors=settings.neighbors,
        progress=progress,
        cancelled=cancelled,
        device=probe.device,
    )
    return Atlas(
        samples,
        laid_out.xy,
        layer=probe.layer,
        grids=grids,
        labels=labels,
        provenance=describe(probe, source, replace(settings, layout_method=laid_out.method), model),
        notices=[*probe.notices, *notices, *source_notices(source), *laid_out.notices],
        min_count=min_count,
    )
