"""Reading of common transforms: their effect on values, and the size they crop to.

Pictures reach the model already cropped, scaled and in [0, 1]; so of a preset or a composition
only the steps that change values count, and the size is noted.
"""

from __future__ import annotations

import copy
import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from atlas_widget.errors import TransformError

__all__ = ["IMAGENET_MEAN", "IMAGENET_STD", "Recipe", "luma", "model_recipe", "transform_recipe"]

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)

_TO_FLOAT = {"ToTensor", "MaybeToTensor"}
_TO_DTYPE = {"ToDtype", "ConvertImageDtype", "ConvertDtype"}
_TO_BYTES = {"PILToTensor", "ToImage", "ToImageTensor", "MaybePILToTensor"}
_GEOMETRY = {
    "Resize", "CenterCrop", "RandomResizedCrop", "RandomCrop", "RandomHorizontalFlip",
    "RandomVerticalFlip", "RandomRotation", "RandomAffine", "RandomPerspective", "Pad", "FiveCrop",
    "RandomErasing", "ColorJitter", "RandAugment", "AutoAugment", "TrivialAugmentWide", "AugMix",
    "GaussianBlur", "RandomGrayscale", "RandomApply", "RandomChoice", "RandomOrder",
    "RandomResizedCropAndInterpolation", "ResizeKeepRatio", "CenterCropOrPad", "RandomCropOrPad",
    "ToPILImage", "ToPureTensor", "RandomIoUCrop", "ScaleJitter",
}  # fmt: skip
_SIZED = (
    "CenterCrop",
    "CenterCropOrPad",
    "RandomResizedCrop",
    "RandomResizedCropAndInterpolation",
    "RandomCrop",
    "RandomCropOrPad",
)


@dataclass(frozen=True)
class Recipe:
    """Effect of a transform on values, and the size it makes.

    Attributes
    ----------
    steps : tuple of callables
        Applied in turn to a batch in [0, 1].
    description : str
        Free of addresses and of anything else that changes between processes.
    custom : bool
        Whether a step is the user's own code, to be tried before it is trusted.
    """

    steps: tuple[Callable[[Tensor], Tensor], ...]
    description: str
    mean: tuple[float, ...] | None = None
    std: tuple[float, ...] | None = None
    size: int | None = None
    notice: str | None = None
    custom: bool = False


class Normalized:
    """(x − mean) / std per channel; one value stands for all channels."""

    def __init__(self, mean: Sequence[float], std: Sequence[float]) -> None:
        self.mean = tuple(float(value) for value in mean)
        self.std = tuple(float(value) for value in std)
        if not all(self.std) or len(self.mean) not in (1, 3) or len(self.std) not in (1, 3):
            raise TransformError(
                f"A normalisation needs one or three means and deviations, none of them zero, not "
                f"mean={self.mean} and std={self.std}."
            )

    def __call__(self, inputs: Tensor) -> Tensor:
        """Normalise a batch (n, c, h, w)."""
        mean = inputs.new_tensor(self.mean)[:, None, None]
        std = inputs.new_tensor(self.std)[:, None, None]
        return (inputs - mean) / std


class Affine:
    """matrix · colour + offset, at every pixel.

    Parameters
    ----------
    matrix : sequence of sequences of float
        (channels, 3).
    offset : sequence of float
        (channels,).
    """

    def __init__(self, matrix: Sequence[Sequence[float]], offset: Sequence[float]) -> None:
        self.matrix = tuple(tuple(map(float, row)) for row in matrix)
        self.offset = tuple(map(float, offset))
        self.description = " ".join(map(_numbers, (*self.matrix, self.offset)))

    def __call__(self, inputs: Tensor) -> Tensor:
        """Map the colours of a batch (n, 3, h, w)."""
        matrix = inputs.new_tensor(self.matrix)
        offset = inputs.new_tensor(self.offset)[:, None, None]
        return torch.einsum("oc,nchw->nohw", matrix, inputs) + offset


class EachPicture:
    """A step for one picture, (c, h, w), applied to each of a batch.

    A step that takes a batch only is given the batch.
    """

    def __init__(self, step: Callable[[Tensor], Tensor]) -> None:
        self.step = step

    def __call__(self, inputs: Tensor) -> Tensor:
        """Apply the step to a batch (n, c, h, w)."""
        try:
            made = [self.step(picture) for picture in inputs]
            if all(isinstance(one, Tensor) and one.ndim == 3 for one in made):
                return torch.stack(made)
        except Exception:
            return self.step(inputs)
        return self.step(inputs)


class OneByOne:
    """Steps that are given one picture of a batch at a time, (1, 3, h, w)."""

    def __init__(self, steps: tuple[Callable[[Tensor], Tensor], ...]) -> None:
        self.steps = steps

    def __call__(self, inputs: Tensor) -> Tensor:
        """Make a batch (n, 3, h, w) picture by picture."""
        made = []
        for picture in torch.split(inputs, 1):
            for step in self.steps:
                picture = step(picture)
            made.append(picture)
        return torch.cat(made)


class Scaled:
    """x · factor: for models that take bytes, 0 to 255."""

    def __init__(self, factor: float) -> None:
        self.factor = factor

    def __call__(self, inputs: Tensor) -> Tensor:
        """Scale a batch."""
        return inputs * self.factor


class Isolated:
    """The user's own callable, kept from writing into what it is given."""

    def __init__(self, function: Callable[[Tensor], Tensor]) -> None:
        if isinstance(function, nn.Module):
            # Moved to wherever the pictures are, so it must not be the user's own object.
            function = copy.deepcopy(function).eval().requires_grad_(False)
        self.function = function

    def __call__(self, inputs: Tensor) -> Tensor:
        """Call the function on a copy of the batch."""
        if isinstance(self.function, nn.Module):
            self.function.to(inputs.device)
        return self.function(inputs.clone())


def luma(inputs: Tensor) -> Tensor:
    """Return the brightness of RGB, (n, 1, h, w)."""
    weights = inputs.new_tensor((0.299, 0.587, 0.114))[:, None, None]
    return (inputs * weights).sum(1, keepdim=True)


def grey(inputs: Tensor) -> Tensor:
    """Return RGB without colour, (n, 3, h, w)."""
    return luma(inputs).expand(-1, 3, -1, -1)


def normalisation(
    mean: Sequence[float], std: Sequence[float], size: int | None, notice: str | None = None
) -> Recipe:
    """Return the recipe of a plain normalisation."""
    step = Normalized(mean, std)
    description = f"normalize mean={_numbers(step.mean)} std={_numbers(step.std)}"
    return Recipe((step,), description, step.mean, step.std, size, notice)


def model_recipe(model: nn.Module) -> Recipe:
    """Return what the model itself says about its input; ImageNet's normalisation otherwise."""
    config = getattr(model, "pretrained_cfg", None) or getattr(model, "default_cfg", None)
    mean, std = _entry(config, "mean"), _entry(config, "std")
    size = side_of(_entry(config, "input_size"))
    size = size or side_of(getattr(model, "image_size", None))
    size = size or side_of(getattr(getattr(model, "config", None), "image_size", None))
    if mean is not None and std is not None:
        return normalisation(mean, std, size)
    return normalisation(
        IMAGENET_MEAN,
        IMAGENET_STD,
        size,
        "No transform was given and the model does not name its own, so ImageNet's mean and "
        "deviation are assumed; pass transform= (say, weights.transforms()) if it was trained "
        "otherwise.",
    )


def transform_recipe(transform: Any) -> Recipe:
    """Read a transform in any of the forms that `resolve_transform` takes."""
    if isinstance(transform, functools.partial) and isinstance(transform.func, type):
        transform = transform()  # weights.transforms rather than weights.transforms()
    mean, std = _entry(transform, "mean"), _entry(transform, "std")
    if isinstance(transform, Mapping) or _is_plain_config(transform):
        if mean is None or std is None:
            raise TransformError(
                f"A data config needs 'mean' and 'std'; this one has {sorted(map(str, transform))}."
                if isinstance(transform, Mapping)
                else "A data config needs 'mean' and 'std'."
            )
        return normalisation(mean, std, side_of(_entry(transform, "input_size")))
    if is_image_processor(transform) or _entry(transform, "image_mean") is not None:
        return _image_processor(transform)
    steps = _entry(transform, "transforms")
    if isinstance(steps, Sequence | nn.ModuleList) and not isinstance(steps, str):
        return _composition(list(steps))
    if _from_torchvision(transform) and mean is not None and std is not None:
        size = side_of(_entry(transform, "crop_size")) or side_of(_entry(transform, "resize_size"))
        return normalisation(mean, std, size)
    if isinstance(transform, nn.Sequential):
        return _composition(list(transform))
    if callable(transform):
        if type(transform).__name__ in _GEOMETRY | _TO_FLOAT | _TO_BYTES:
            return _composition([transform])
        return Recipe((Isolated(transform),), f"callable {qualified_name(transform)}", custom=True)
    raise TransformError(
        f"transform={transform!r} ({type(transform).__name__}) is neither a torchvision transform, "
        "a timm data config nor a callable from RGB in [0, 1], (n, 3, h, w), to the model's input."
    )


def _composition(transforms: list[Any]) -> Recipe:
    """Keep the steps that change values once the picture is a tensor."""
    steps: list[Callable[[Tensor], Tensor]] = []
    names: list[str] = []
    mean = std = size = resized = None
    custom = False
    tensors = not any(_name(step) in _TO_FLOAT | _TO_BYTES for step in transforms)
    made_here = not tensors  # whether the steps begin with a picture
    raw = False  # whether values would be bytes, 0 to 255, at this point

    def add(step: Callable[[Tensor], Tensor], name: str) -> None:
        steps.append(step)
        names.append(name)

    for transform in transforms:
        name = _name(transform)
        if name in _SIZED:
            size = side_of(_entry(transform, "size"))
        elif name == "Resize":
            resized = side_of(_entry(transform, "size"))
        if name in _TO_FLOAT | _TO_BYTES:
            tensors, raw = True, name in _TO_BYTES
        elif name in _TO_DTYPE:
            if raw and name == "ToDtype" and not getattr(transform, "scale", False):
                add(Scaled(255.0), "scale 255")
            raw = False
        elif name == "Grayscale":
            if getattr(transform, "num_output_channels", 1) == 3:
                add(grey, "grey")
        elif name not in _GEOMETRY and tensors:
            if raw:
                add(Scaled(255.0), "scale 255")
                raw = False
            recipe = transform_recipe(transform)
            # of a data set's transform each step is made for one picture
            single = recipe.custom and made_here
            steps.extend(EachPicture(step) if single else step for step in recipe.steps)
            names.append(recipe.description)
            custom = custom or recipe.custom
            mean, std = (recipe.mean, recipe.std) if len(steps) == 1 else (None, None)
    description = ", ".join(names) or "none"
    return Recipe(tuple(steps), description, mean, std, size or resized, None, custom)


def is_image_processor(transform: Any) -> bool:
    """Return whether this is an image processor of transformers."""
    inputs = getattr(transform, "model_input_names", None)
    return isinstance(inputs, list) and "pixel_values" in inputs


def takes_pictures(transform: Any) -> bool:
    """Return whether something may be a transform of single pictures, as data sets have them.

    Plain functions are said to take batches of tensors, so they are not.
    """
    if isinstance(transform, Mapping | nn.Sequential) or _is_plain_config(transform):
        return False
    steps = _entry(transform, "transforms")
    return (
        is_image_processor(transform)
        or isinstance(steps, Sequence | nn.ModuleList)
        or _from_torchvision(transform)
    )


def _image_processor(processor: Any) -> Recipe:
    """Read an image processor of transformers, before it is compared with what it does."""
    processor = getattr(processor, "image_processor", processor)
    size = _entry(processor, "crop_size") or _entry(processor, "size")
    side = side_of(_entry(size, "height") or _entry(size, "shortest_edge") or size)
    if not _entry(processor, "do_normalize") or not _entry(processor, "image_mean"):
        return Recipe((), "none", size=side)
    return normalisation(processor.image_mean, processor.image_std, side)


def qualified_name(function: Any) -> str:
    """Return a name of a callable that is the same in every process."""
    named = function if hasattr(function, "__qualname__") else type(function)
    return f"{named.__module__}.{named.__qualname__}"


def side_of(size: Any) -> int | None:
    """Return the side of a square from 224, (224,), (224, 224) or (3, 224, 224)."""
    if isinstance(size, bool) or size is None:
        return None
    if isinstance(size, int):
        return size if size > 0 else None
    if isinstance(size, Sequence) and size and all(isinstance(side, int) for side in size):
        return int(min(size[-2:]))
    return None


def _entry(source: Any, name: str) -> Any:
    if isinstance(source, Mapping):
        return source.get(name)
    return getattr(source, name, None) if source is not None else None


def _is_plain_config(transform: Any) -> bool:
    return not callable(transform) and _entry(transform, "input_size") is not None


def _from_torchvision(transform: Any) -> bool:
    return any(base.__module__.startswith("torchvision.") for base in type(transform).__mro__)


def _name(transform: Any) -> str:
    return type(transform).__name__


def _numbers(values: Sequence[float]) -> str:
    return "(" + ", ".join(f"{value:.6g}" for value in values) + ")"
