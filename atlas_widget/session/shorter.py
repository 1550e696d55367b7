"""Advice how to wait less, where an estimate is long: from the measured speed and real counts."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["LONG", "CoarserGrid", "advice"]

LONG = 30.0
"""Seconds left from which on there is advice."""

_SHARE = 0.5  # of the time left: advice names nothing that takes longer
_MIN_SAMPLES = 1000  # samples: fewer make a poor map
_LONG_FOR_CLUSTER = 600.0  # seconds


@dataclass(frozen=True)
class CoarserGrid:
    """A grid with fewer cells than the one in view.

    Attributes
    ----------
    size
        Cells along a side.
    cells
        Number of its cells whose work is still to be done.
    exists
        Whether it is one of the atlas's grids; else the widget has to be opened with it.
    """

    size: int
    cells: int
    exists: bool


def advice(
    stage: str,
    left: float,
    speed: float,
    *,
    samples: int = 0,
    grid: CoarserGrid | None = None,
    device: str = "cpu",
    cluster: bool = False,
) -> list[str]:
    """Return what would take less time than the work in progress, each in a few words.

    Parameters
    ----------
    stage
        Of the status.
    left
        Seconds left.
    speed
        How much is done in a second: samples, cells or steps.
    samples
        Number of samples that were asked for; 0 if the atlas was given.
    grid
        The next coarser grid, where the work is about cells.
    device
        Type of the device that the network runs on.
    cluster
        Whether the work could be done on a cluster, and is not.
    """
    if stage == "umap":  # it runs on the processor, whatever there is
        found = [_fewer_in_layout(samples)]
    else:
        instead = (
            _fewer_samples(samples, left, speed)
            if stage in ("collecting", "attribution")
            else _coarser(grid, left, speed)
        )
        found = [instead, *_devices(device, cluster and left >= _LONG_FOR_CLUSTER)]
    return [words for words in found if words]


def _fewer_samples(samples: int, left: float, speed: float) -> str:
    count = _quarter(samples)
    if count >= samples or count / speed > _SHARE * left:
        return ""
    return f"num_samples={count}: {_about(count / speed)}"


def _fewer_in_layout(samples: int) -> str:
    """The time that a layout takes grows with the number of samples."""
    count = _quarter(samples)
    return f"num_samples={count}: about a quarter of the time" if count * 3 < samples else ""


def _quarter(samples: int) -> int:
    return max(_MIN_SAMPLES, 100 * round(samples / 400))


def _coarser(grid: CoarserGrid | None, left: float, speed: float) -> str:
    if grid is None or grid.cells / speed > _SHARE * left:
        return ""
    size = grid.size
    if not grid.exists:
        sizes = f"({size}, {2 * size}, {4 * size})"
        return f"grids={sizes}, {grid.cells} cells at first: {_about(grid.cells / speed)}"
    if grid.cells == 0:
        return f"the {size} × {size} grid: it is done"
    return f"the {size} × {size} grid: {_about(grid.cells / speed)}"


def _devices(device: str, cluster: bool) -> list[str]:
    found = ['cluster="auto": a Ray cluster'] if cluster else []
    if device != "cpu":
        return found
    import torch

    here = torch.cuda.is_available()
    return ['device="cuda": the GPU of this machine' if here else "a machine with a GPU", *found]


def _about(seconds: float) -> str:
    if seconds < 90:
        return f"about {max(1, round(seconds))} s"
    if seconds < 5400:
        return f"about {round(seconds / 60)} min"
    return f"about {seconds / 3600:.1f} h"
