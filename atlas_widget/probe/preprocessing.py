"""Preprocessing from RGB in [0, 1] to the model's input, as specified by the user or the model."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import torch
from torch import Tensor, nn

from atlas_widget.errors import TransformError
from atlas_widget.probe.as_theirs import as_theirs
from atlas_widget.probe.noise import same_noise
from atlas_widget.probe.transforms import (
    OneByOne,
    Recipe,
    luma,
    model_recipe,
    takes_pictures,
    transform_recipe,
)

__all__ = ["Preprocessing", "input_channels", "resolve_transform"]


@dataclass(frozen=True)
class Preprocessing:
    """A differentiable function from RGB in [0, 1], (n, 3, h, w), to the model's input.

    Attributes
    ----------
    mean, std : tuple of float, optional
        Of the normalisation, where it is one.
    size : int, optional
        The side of the square pictures the model was made for, where known.
    description : str
        The same in every process: part of the keys of caches.
    notice : str, optional
        What had to be assumed, to be shown once.
    channels : int
        How many channels the model takes: with one, colours become their luma.
    """

    mean: tuple[float, ...] | None
    std: tuple[float, ...] | None
    size: int | None
    description: str
    notice: str | None = None
    channels: int = 3
    steps: tuple[Callable[[Tensor], Tensor], ...] = field(default=(), repr=False, compare=False)

    def __call__(self, rgb: Tensor) -> Tensor:
        """Return the model's input for RGB in [0, 1] of shape (n, 3, h, w)."""
        inputs = rgb
        for step in self.steps:
            inputs = step(inputs)
        if self.channels == 1 and inputs.shape[1] == 3:
            inputs = luma(inputs)
        return inputs

    def with_channels(self, channels: int) -> Preprocessing:
        """Return the same for a model that takes that many channels."""
        return self if channels == self.channels else replace(self, channels=channels)


def input_channels(model: nn.Module) -> int:
    """Return how many channels the model's first convolution takes; 3 where there is none."""
    for module in model.modules():
        if isinstance(module, nn.Conv2d):
            return int(module.in_channels)
        if isinstance(module, nn.Linear):
            side = round((module.in_features) ** 0.5)
            return 1 if side * side == module.in_features else 3
    return 3


def resolve_transform(
    model: nn.Module, transform: Any = None, *, input_size: int | None = None
) -> Preprocessing:
    """Turn the user's transform into a checked `Preprocessing`.

    Parameters
    ----------
    model : nn.Module
        Asked for its ``pretrained_cfg`` (timm) where `transform` is None, for the size of its
        pictures, and for the number of its input channels.
    transform : optional
        A torchvision preset (``weights.transforms()``), ``Normalize`` or ``Compose``, a timm data
        config, a transformers image processor, or any differentiable callable from RGB in [0, 1]
        of shape (n, 3, h, w) to the model's input. Of presets and compositions only the
        normalisation and the size are used: pictures come cropped and scaled already.
    input_size : int, optional
        Overrides the size that transform and model name.

    Raises
    ------
    TransformError
        If the transform fails on such a batch, returns something of another shape, or cannot be
        differentiated.
    """
    from_model = model_recipe(model)
    recipe = from_model if transform is None else transform_recipe(transform)
    if isinstance(transform, functools.partial) and isinstance(transform.func, type):
        transform = transform()  # weights.transforms rather than weights.transforms()
    if takes_pictures(transform):
        recipe = as_theirs(transform, recipe, input_size or recipe.size or from_model.size or 224)
    preprocessing = Preprocessing(
        mean=recipe.mean,
        std=recipe.std,
        size=input_size or recipe.size or from_model.size,
        description=recipe.description,
        notice=recipe.notice,
        channels=input_channels(model),
        steps=recipe.steps,
    )
    if recipe.custom:
        preprocessing = _checked(preprocessing, recipe)
    return preprocessing


def _checked(preprocessing: Preprocessing, recipe: Recipe) -> Preprocessing:
    """Try the user's own callable on a small fixed batch; its answer goes into the description."""
    side = preprocessing.size or 224
    rgb = same_noise(2, side).requires_grad_()
    name = recipe.description
    wanted = f"a float tensor (n, {preprocessing.channels}, h, w)"
    try:
        with torch.enable_grad():
            made = preprocessing(rgb)
    except Exception as error:
        raise TransformError(
            f"The transform ({name}) failed on a batch of RGB in [0, 1] of shape "
            f"{tuple(rgb.shape)}: {type(error).__name__}: {error}. It takes such a float tensor, "
            f"not PIL images or bytes, and returns {wanted}."
        ) from error
    if not isinstance(made, Tensor):
        raise TransformError(
            f"The transform ({name}) returned a {type(made).__name__}; it must return {wanted}."
        )
    if made.ndim != 4 or made.shape[0] != 2 or made.shape[1] != preprocessing.channels:
        raise TransformError(
            f"The transform ({name}) turned {tuple(rgb.shape)} into {tuple(made.shape)}; it must "
            f"return {wanted}."
        )
    _check_differentiable(made, rgb, name)
    alone = torch.cat([preprocessing(picture.detach()) for picture in torch.split(rgb, 1)])
    if not torch.allclose(alone, made, rtol=1e-3, atol=1e-4):
        step = OneByOne(preprocessing.steps)
        preprocessing = replace(
            preprocessing,
            steps=(step,),
            notice=f"The transform ({name}) mixes the pictures of a batch, so it is given one at a "
            "time.",
        )
        made = preprocessing(rgb)
    digest = hashlib.blake2b(digest_size=6)
    # Rounded, so that another machine's last bits give the same description.
    digest.update((made.detach().double() * 1000).round().long().numpy().tobytes())
    return replace(preprocessing, description=f"{name} {digest.hexdigest()}")


def _check_differentiable(made: Tensor, rgb: Tensor, name: str) -> None:
    hint = (
        "The pictures are found by following its gradient, so it must be made of differentiable "
        "operations on tensors (no numpy, no .detach(), no rounding)."
    )
    if not made.is_floating_point() or not made.requires_grad:
        raise TransformError(f"The transform ({name}) is not differentiable. {hint}")
    try:
        (gradient,) = torch.autograd.grad(made.square().sum(), rgb)
    except RuntimeError as error:
        raise TransformError(
            f"The transform ({name}) is not differentiable: {error}. {hint}"
        ) from error
    if not bool(gradient.abs().sum() > 0):
        raise TransformError(
            f"The transform ({name}) is not differentiable: its gradient is zero everywhere. {hint}"
        )
