"""Comparison of the user's own transform or processor with the preprocessing read off it.

Pictures of two flat colours, side by side, go through the user's object as it is, one at a time:
resizing, cropping and flipping leave the colours, and what is done to values shows in them, such as
the order of channels, a rescaling, an offset, or statistics of the picture.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from atlas_widget.probe.transforms import Affine, OneByOne, Recipe

__all__ = ["as_theirs"]

_COLOURS = np.array(
    [
        [(200, 100, 50), (30, 60, 220)],
        [(10, 240, 120), (250, 250, 20)],
        [(90, 90, 90), (160, 20, 130)],
        [(5, 15, 35), (230, 215, 245)],
    ],
    np.uint8,
)
_MOVED = 0.7
"""The share of points that show one of the two colours; the rest may lie on their border."""
_TOLERANCE = 0.01  # of the range of values: bytes are rounded on the way

Floats = NDArray[np.float64]
Call = Callable[[Image.Image], Any]


def as_theirs(transform: Any, recipe: Recipe, side: int) -> Recipe:
    """Return a recipe that does to colours what the user's transform does, or that says it cannot.

    Parameters
    ----------
    transform : object
        Takes a PIL image, as the transforms of data sets and image processors do.
    recipe : Recipe
        What was read off it.
    side : int
        Of the square pictures to try.

    Returns
    -------
    Recipe
        `recipe` where it does the same, or where the transform takes no such picture; else one
        with an affine map of colours that was measured, or `recipe` with a notice.
    """
    with _same_random_numbers():
        try:
            pictures = [_picture(left, right, side) for left, right in _COLOURS]
            call = _working(transform, pictures[0])
            made = [[_values(call(picture)) for picture in pictures] for _ in range(2)]
            theirs, again = (np.stack([_two(values) for values in run]) for run in made)
            seen = np.stack([_row(values) for values in made[0]])
        except Exception:  # it takes something else than pictures: what it is said to take, say
            return recipe
    if not np.isfinite(theirs).all():
        return recipe
    allowed = _TOLERANCE * float(np.ptp(theirs))
    alone = _ours(recipe, [picture[None] for picture in _tensors(pictures)])
    if np.abs(theirs - again).max() > allowed:
        if alone is not None and _only_moved(seen, alone, allowed):
            return recipe  # random crops and flips, which come before the model's input is made
        return replace(
            recipe,
            notice="The transform draws random numbers: the random part of it is left out.",
        )
    if _same(alone, theirs, allowed):
        together = _ours(recipe, [_tensors(pictures)])
        return recipe if _same(together, theirs, allowed) else _apart(recipe)
    for order in (theirs, theirs[:, ::-1]):
        measured = _affine(order, allowed)
        if measured is not None:
            return replace(measured, size=recipe.size)
    off = (
        ""
        if alone is None or alone.shape != theirs.shape
        else (f", by up to {np.abs(alone - theirs).max():.2g} of {np.abs(theirs).max():.2g}")
    )
    return replace(
        recipe,
        notice=f"What the transform makes of a picture differs from what the atlas gives the model"
        f"{off}: a step of it is not about single pixels or cannot be differentiated "
        f"({recipe.description} is kept). Pass transform= a differentiable function from RGB in "
        "[0, 1], (n, 3, h, w), to the model's input that does all of it.",
    )


@contextmanager
def _same_random_numbers() -> Iterator[None]:
    """Put random generators back if something drew from them."""
    torch_before, python, numpy = torch.get_rng_state(), random.getstate(), np.random.get_state()
    try:
        yield
    finally:
        # only if, since other threads may have drawn from them meanwhile
        if not torch.equal(torch.get_rng_state(), torch_before):
            torch.set_rng_state(torch_before)
        if random.getstate() != python:
            random.setstate(python)
        now = np.random.get_state()
        if not all(np.array_equal(one, other) for one, other in zip(now, numpy, strict=True)):
            np.random.set_state(numpy)


def _picture(left: Any, right: Any, side: int) -> Image.Image:
    values = np.empty((side, side, 3), np.uint8)
    values[:, : side // 2], values[:, side // 2 :] = left, right
    return Image.fromarray(values)


def _tensors(pictures: list[Image.Image]) -> Tensor:
    stacked = np.stack([np.asarray(picture) for picture in pictures])
    return torch.from_numpy(stacked).permute(0, 3, 1, 2).float() / 255


def _working(transform: Any, picture: Image.Image) -> Call:
    """Return the way to call a transform that gives a picture as numbers."""
    ways: tuple[Call, ...] = (
        lambda image: transform(image),
        lambda image: transform(image, return_tensors="pt"),
        lambda image: transform(images=image, return_tensors="pt"),
        lambda image: transform(image=np.asarray(image)),
        lambda image: transform(image.convert("L")),
    )
    for way in ways:
        try:
            _values(way(picture))
        except Exception:
            continue
        return way
    raise TypeError("It takes no picture.")


def _values(made: Any) -> Floats:
    """Return the values of one picture, (channels, height, width)."""
    if isinstance(made, Mapping) or hasattr(made, "keys"):
        made = made["pixel_values"] if "pixel_values" in made else made["image"]
    if isinstance(made, list | tuple):
        (made,) = made
    if isinstance(made, Image.Image):
        raise TypeError("A picture, not numbers.")
    values = np.asarray(made.detach().cpu() if isinstance(made, Tensor) else made, np.float64)
    while values.ndim > 3:
        (values,) = values
    if values.ndim != 3:
        raise TypeError("Not a picture.")
    if values.shape[0] not in (1, 3) and values.shape[2] in (1, 3):
        values = values.transpose(2, 0, 1)
    return values


def _two(values: Floats) -> Floats:
    _, height, width = values.shape
    middle = height // 2
    return np.stack([values[:, middle, width // 4], values[:, middle, width - 1 - width // 4]])


def _row(values: Floats) -> Floats:
    """Return the colours at nine points of the middle row, (points, channels)."""
    _, height, width = values.shape
    return values[:, height // 2, np.linspace(0, width - 1, 9).astype(int)].T


def _ours(recipe: Recipe, batches: list[Tensor]) -> Floats | None:
    made: list[Floats] = []
    try:
        for inputs in batches:
            for step in recipe.steps:
                inputs = step(inputs)
            made.extend(_two(picture) for picture in inputs.detach().double().cpu().numpy())
    except Exception:
        return None
    return np.stack(made)


def _same(ours: Floats | None, theirs: Floats, allowed: float) -> bool:
    """Return whether the colours are the same, in this order or mirrored."""
    if ours is None:
        return False
    ours = _as_many_channels(ours, theirs)
    return ours.shape == theirs.shape and any(
        bool(np.abs(one - theirs).max() <= allowed) for one in (ours, ours[:, ::-1])
    )


def _only_moved(seen: Floats, ours: Floats, allowed: float) -> bool:
    """Return whether nearly all colours that were seen are those that the pictures may have.

    Parameters
    ----------
    seen : ndarray, (pictures, points, channels)
    ours : ndarray, (pictures, 2, channels)
    allowed : float
    """
    ours = _as_many_channels(ours, seen)
    if ours.shape[-1] != seen.shape[-1]:
        return False
    distances = np.abs(seen[:, :, None] - ours[:, None]).max(-1).min(-1)
    return bool(np.mean(distances <= allowed) >= _MOVED)


def _as_many_channels(ours: Floats, theirs: Floats) -> Floats:
    if theirs.shape[-1] == 1 and ours.shape[-1] == 3:
        brightness: Floats = ours @ np.array([[0.299], [0.587], [0.114]])
        return brightness
    return ours


def _apart(recipe: Recipe) -> Recipe:
    """Return the recipe with each picture by itself: in a batch it mixes them."""
    return replace(
        recipe, steps=(OneByOne(recipe.steps),), description=f"each: {recipe.description}"
    )


def _affine(theirs: Floats, allowed: float) -> Recipe | None:
    """Return the affine map of colours that explains what became of them, if there is one."""
    colours = _COLOURS.reshape(-1, 3) / 255
    known = np.concatenate([colours, np.ones((len(colours), 1))], 1)
    found = theirs.reshape(-1, theirs.shape[-1])
    solution, *_ = np.linalg.lstsq(known, found, rcond=None)
    if np.abs(known @ solution - found).max() > allowed:
        return None
    matrix, offset = solution[:3].T, solution[3]
    matrix[np.abs(matrix) < 1e-3 * np.abs(matrix).max()] = 0.0
    step = Affine(matrix.round(6).tolist(), offset.round(6).tolist())
    mean = std = None
    if matrix.shape == (3, 3) and np.count_nonzero(matrix - np.diag(np.diag(matrix))) == 0:
        gains = np.diag(matrix)
        if (gains > 0).all():
            std = tuple((1 / gains).tolist())
            mean = tuple((-offset / gains).tolist())
    return Recipe((step,), f"colours {step.description}", mean, std)
