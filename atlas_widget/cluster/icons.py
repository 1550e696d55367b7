"""Feature inversions on a cluster, a batch of directions at a time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from atlas_widget.cluster.connection import connect, send_code
from atlas_widget.cluster.crew import places
from atlas_widget.cluster.pool import run_jobs
from atlas_widget.errors import ActivationsError, ImagesError
from atlas_widget.inversion.invert import Icons
from atlas_widget.progress import CancelledCallback, ProgressCallback

if TYPE_CHECKING:
    from torch import nn

__all__ = ["invert_on_cluster"]

_BATCH = 32  # directions a worker inverts at a time


def invert_on_cluster(
    model: nn.Module,
    layer: str,
    directions: Any,
    address: str = "auto",
    *,
    transform: Any = None,
    seed: int | Sequence[int] = 0,
    device: Any = None,
    input_size: int | None = None,
    warm: Any = None,
    images: Any = None,
    workers: int | None = None,
    progress: ProgressCallback | None = None,
    cancelled: CancelledCallback | None = None,
    **options: Any,
) -> Icons:
    """Do what `invert` does on all machines of a cluster.

    Parameters
    ----------
    model, layer, directions, transform, seed, warm, images
        See `invert`.
    address
        See `connect`.
    device : optional
        Where workers compute: "cuda" for one GPU each, "cpu" for one core each; by default a GPU
        where the cluster has any.
    input_size : int, optional
        See `LayerProbe`.
    workers : int, optional
        At most so many.
    progress, cancelled : callable, optional
        Called with (pictures done, pictures); asked now and then.
    **options
        Further ones of `invert`: size, steps, settings, parametrization, whitening.

    Examples
    --------
    >>> grid = atlas.grid(40)
    >>> icons = invert_on_cluster(model, atlas.layer, grid.means, "auto")
    """
    from atlas_widget.inversion import invert
    from atlas_widget.inversion.inputs import as_directions, as_seeds, as_warm

    ray = connect(address)
    targets = as_directions(directions)
    if not len(targets):
        raise ActivationsError(f"directions: an array of shape (n, channels), not {targets.shape}.")
    seeds = as_seeds(seed, len(targets))
    warmth = None if warm is None else as_warm(warm, len(targets)).cpu().numpy()
    if images is not None and len(images) != len(targets):
        raise ImagesError(
            f"crops of {len(images)} pictures for {len(targets)} directions: some for each"
        )
    if device is None:
        device = "cuda" if places(ray, gpu=True) else "cpu"
    kind = torch.device(device).type
    send_code(model, transform)

    def make() -> Callable[[tuple[int, int]], Icons]:
        from atlas_widget.probe import LayerProbe

        if kind == "cpu":
            torch.set_num_threads(1)
        probe = LayerProbe(model, layer, transform=transform, device=kind, input_size=input_size)

        def work(part: tuple[int, int]) -> Icons:
            rows = slice(*part)
            some = None if warmth is None else warmth[rows]
            crops = None if images is None else images[rows]
            own = seeds[rows].tolist()
            return invert(probe, targets[rows], seed=own, warm=some, images=crops, **options)

        return work

    starts = range(0, len(targets), _BATCH)
    parts = [(start, min(start + _BATCH, len(targets))) for start in starts]
    made: dict[tuple[int, int], Icons] = {}
    done = 0
    jobs = run_jobs(ray, make, parts, gpu=kind == "cuda", workers=workers, cancelled=cancelled)
    for part, icons in jobs:
        made[part] = icons
        done += len(icons)
        if progress is not None:
            progress(done, len(targets))
    return _together([made[part] for part in parts], warmed=warmth is not None)


def _together(parts: list[Icons], *, warmed: bool) -> Icons:
    def joined(name: str) -> Any:
        return np.concatenate([getattr(part, name) for part in parts])

    origins = joined("origins")
    return Icons(
        images=joined("images"),
        cosine=joined("cosine"),
        activations=joined("activations"),
        directions=joined("directions"),
        seeds=joined("seeds"),
        origins=np.arange(len(origins)) if warmed else origins,
        steps=joined("steps"),
        examples=joined("examples"),
        settings=parts[0].settings,
        early_layers=next((part.early_layers for part in parts if part.early_layers), ()),
        notices=parts[0].notices,
    )
