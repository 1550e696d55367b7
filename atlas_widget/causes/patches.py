"""The article's attack, as an experiment: a patch on many pictures, with controls."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from atlas_widget.attribution.class_names import class_name, class_number
from atlas_widget.attribution.output_labels import resolve_labels
from atlas_widget.causes.pasting import (
    as_picture,
    box_at,
    corner_boxes,
    noise_patch,
    pixel_box,
    put,
    scaled,
)
from atlas_widget.causes.patch_outcome import PatchTest, Protocol, Trials
from atlas_widget.causes.pictures import pictures_of
from atlas_widget.causes.running import opened_anywhere, probabilities, scores_of
from atlas_widget.errors import AtlasError, AttributionError, did_you_mean
from atlas_widget.probe import LayerProbe
from atlas_widget.progress import CancelledCallback, ProgressCallback, check_cancelled

if TYPE_CHECKING:
    from atlas_widget.atlas import Atlas
    from atlas_widget.causes.pasting import Box

__all__ = ["SIZES", "patch_test", "random_patches"]

SIZES = (0.2, 0.3, 0.4)
"""Sides of the patch that are tried, as fractions of the picture's."""

_TOP = 5
_CORNERS = ("corner", "best corner")

Patches = Sequence[NDArray[np.uint8]]


def patch_test(
    model: nn.Module | LayerProbe,
    images: Any,
    patch: Any,
    target: int | str,
    *,
    source: int | str | None = None,
    position: str | tuple[float, float] = "best corner",
    size: float | Sequence[float] = SIZES,
    controls: Sequence[Any] = (),
    labels: Sequence[str] | None = None,
    transform: Any = None,
    device: str | torch.device | None = None,
    seed: int = 0,
    batch_size: int = 16,
    progress: ProgressCallback | None = None,
    cancelled: CancelledCallback | None = None,
) -> PatchTest:
    """Put a patch on pictures and count how many the model then takes for the target class.

    The protocol is the article's (Carter et al., Distill 2019): pictures that the model got right
    before; the patch in one corner and size for all of them, the most effective one, or in the most
    effective corner and size of each; and the same with noise, to see what covering a corner does
    by itself. Their ten patches on 1,000 pictures flipped 37 % and 58 %, noise 4 % and 11–18 %.

    Parameters
    ----------
    model : nn.Module or LayerProbe
        A model, left exactly as it is; or a probe, which is faster for several calls.
    images
        The pictures: a folder, a dataset, a list, an array or a tensor; see `as_image_source`.
    patch : array or PIL image
        A cell's picture or a real crop: RGB, (height, width, 3).
    target : int or str
        The class that they are to become.
    source : int or str, optional
        The class that they are of. Then only those count that the model takes for it; else all that
        it does not take for the target already.
    position : {"best corner", "corner"} or tuple of float
        The best corner for each picture, one for all, or x and y of the patch's middle as fractions
        of the picture.
    size : float or sequence of float
        Sides of the patch as fractions of the picture's shorter side.
    controls : sequence of arrays or PIL images
        Patches that should do nothing, such as `random_patches` or other cells' pictures: each
        picture gets one of them, at random.
    labels : sequence of str, optional
        The classes' names; those of ImageNet for a model of torchvision's or timm's.
    transform, device : optional
        As for `LayerProbe`.
    seed : int
        Of the noise and of which control a picture gets.
    batch_size : int
        Pictures at a time.
    progress, cancelled : callable, optional
        Called with (passes done, passes), a pass being a picture with a patch; asked before each
        batch.

    Returns
    -------
    PatchTest
        ``.under("corner")`` and ``.under("best corner")`` judge the same trials by either protocol.

    Raises
    ------
    AttributionError
        The model has no such class, or none of the pictures counts.
    """
    protocol = _protocol(position)
    sizes = _sizes(size)
    with opened_anywhere(model, transform, device) as probe:
        names = labels
        if names is None:
            names, _ = resolve_labels(None, probe.num_classes, probe.model)
        wanted = class_number(target, names, probe.num_classes)
        of = None if source is None else class_number(source, names, probe.num_classes)
        pictures = pictures_of(images, probe)
        shape = pictures.shape[1:]
        places = _places(position, sizes, shape)
        before = _all_scores(probe, pictures, batch_size)
        counted, left_out = _counted(before, wanted, of, names)
        pictures, before = pictures[counted], before[counted]
        random = np.random.default_rng(seed)
        side = max(8, round(max(sizes) * min(shape[:2])))
        noise = [noise_patch(random, side) for _ in range(len(pictures))]
        conditions: dict[str, Patches] = {
            "patch": [as_picture(patch)] * len(pictures),
            "noise": noise,
        }
        if len(controls):
            others = [as_picture(each) for each in controls]
            drawn = random.integers(0, len(others), len(pictures))
            conditions["random cells"] = [others[number] for number in drawn]
        total = len(conditions) * len(places) * len(pictures)
        done = 0
        trials = {}
        for name, patches in conditions.items():
            columns = []
            for box in places.values():
                scores = []
                # smoothed noise would be a grey square, the more so the smaller it is
                smooth = name != "noise"
                for batch in _pasted(pictures, patches, box, batch_size, smooth=smooth):
                    check_cancelled(cancelled)
                    scores.append(scores_of(probe, batch))
                    done += len(batch)
                    if progress is not None:
                        progress(done, total)
                columns.append(_judged(np.concatenate(scores), before, wanted))
            trials[name] = Trials(*(np.stack(parts, 1) for parts in zip(*columns, strict=True)))
        return PatchTest.judged(
            trials,
            probabilities(before)[:, wanted],
            tuple(places),
            protocol,
            wanted,
            class_name(wanted, names),
            left_out,
        )


def random_patches(
    atlas: Atlas, count: int = 16, *, seed: int = 0, without: Sequence[int] = ()
) -> list[NDArray[np.uint8]]:
    """Return what the layer saw in random cells of an atlas's coarsest grid, as controls.

    Parameters
    ----------
    atlas : Atlas
    count : int
        How many; one a cell, as long as there are cells enough.
    seed : int
    without : sequence of int
        Ids of cells to leave out: that which is tested, and its like.
    """
    grid = atlas.grid(atlas.grids[0])
    cells = np.flatnonzero(~np.isin(grid.ids, np.asarray(without, np.int64)))
    if not len(cells):
        raise AtlasError("There are no cells but those left out.")
    random = np.random.default_rng(seed)
    chosen = random.choice(cells, count, replace=count > len(cells))
    return [atlas.samples.thumbnails.get(int(grid.nearest(int(cell))[0])) for cell in chosen]


def _protocol(position: str | tuple[float, float]) -> Protocol:
    if position in _CORNERS:
        return "corner" if position == "corner" else "best corner"
    if isinstance(position, str):
        hint = did_you_mean(position, _CORNERS)
        raise AtlasError(
            f"position={position!r}: 'corner', 'best corner', or x and y in [0, 1].{hint}"
        )
    if len(position) != 2 or not all(0 <= float(part) <= 1 for part in position):
        raise AtlasError(f"position={position!r}: x and y as fractions of the picture, in [0, 1].")
    return "position"


def _sizes(size: float | Sequence[float]) -> list[float]:
    sizes = [float(each) for each in np.atleast_1d(np.asarray(size, np.float64))]
    if not sizes or not all(0 < each <= 1 for each in sizes):
        raise AtlasError(
            f"size={size!r}: sides of the patch as fractions of the picture's, in (0, 1]."
        )
    return sizes


def _places(
    position: str | tuple[float, float], sizes: Sequence[float], shape: tuple[int, ...]
) -> dict[str, Box]:
    places: dict[str, Box] = {}
    for size in sizes:
        if isinstance(position, str):
            boxes = corner_boxes(size, shape)
            places |= {f"{corner}, {size:.0%}": box for corner, box in boxes.items()}
        else:
            x, y = (float(part) for part in position)
            places[f"x {x:.2f}, y {y:.2f}, {size:.0%}"] = box_at((x, y), size, shape)
    return places


def _counted(
    scores: NDArray[np.float32], target: int, source: int | None, names: Sequence[str] | None
) -> tuple[NDArray[np.bool_], dict[str, int]]:
    """Say which pictures count, and how many do not, by reason."""
    said = scores.argmax(1)
    if target == source:
        raise AttributionError("source and target are the same class.")
    taken = said == target
    left_out = {f"taken for {class_name(target, names)!r} already": int(taken.sum())}
    counted = ~taken
    if source is not None:
        wrong = counted & (said != source)
        left_out[f"not taken for {class_name(source, names)!r}"] = int(wrong.sum())
        counted &= said == source
    left_out = {reason: count for reason, count in left_out.items() if count}
    if not counted.any():
        reasons = ", ".join(f"{count:,} are {reason}" for reason, count in left_out.items())
        raise AttributionError(f"None of the {len(said):,} pictures counts: {reasons}.")
    return counted, left_out


def _all_scores(
    probe: LayerProbe, pictures: NDArray[np.uint8], batch_size: int
) -> NDArray[np.float32]:
    if batch_size < 1:
        raise AtlasError(f"batch_size must be at least 1, not {batch_size}.")
    parts = [
        scores_of(probe, pictures[start : start + batch_size])
        for start in range(0, len(pictures), batch_size)
    ]
    return np.concatenate(parts)


def _pasted(
    pictures: NDArray[np.uint8], patches: Patches, box: Box, size: int, *, smooth: bool
) -> Iterator[NDArray[np.uint8]]:
    """Yield batches of pictures with their patches on; each patch is scaled once."""
    left, top, width, height = pixel_box(box, pictures.shape[1:])
    ready: dict[int, NDArray[np.uint8]] = {}
    for start in range(0, len(pictures), size):
        batch = pictures[start : start + size].copy()
        for picture, patch in zip(batch, patches[start : start + size], strict=True):
            if id(patch) not in ready:
                ready[id(patch)] = scaled(patch, (width, height), smooth=smooth)
            put(picture, ready[id(patch)], left, top)
        yield batch


def _judged(
    scores: NDArray[np.float32], before: NDArray[np.float32], target: int
) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any], NDArray[Any]]:
    own = scores[:, target]
    better = (scores > own[:, None]).sum(1)
    return better == 0, better < _TOP, own - before[:, target], probabilities(scores)[:, target]
