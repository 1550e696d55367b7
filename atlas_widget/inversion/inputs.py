"""Checks of the arguments of an inversion: directions, pictures to start from, seeds."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from atlas_widget.errors import ActivationsError, AtlasError, ImagesError, LayerNotFoundError
from atlas_widget.probe.pictures import as_rgb

__all__ = ["as_directions", "as_examples", "as_pictures", "as_seeds", "as_warm", "layer_and_aim"]


def layer_and_aim(model: Any, layer: Any, aim: Any) -> tuple[Any, Any]:
    """Tell ``(model, layer, aim)`` from ``(probe, aim)``, whose layer the probe knows."""
    if isinstance(model, nn.Module):
        if layer is None:
            raise LayerNotFoundError("layer=None: name a layer, as list_layers(model) gives it")
        if aim is None and not isinstance(layer, str | nn.Module):
            raise LayerNotFoundError(
                f"layer is a {type(layer).__name__}: name a layer of the model first, as "
                "list_layers(model) gives it"
            )
        return layer, aim
    return (None, layer) if aim is None else (layer, aim)


def as_directions(
    values: Any, channels: int | None = None, layer: str | None = None
) -> NDArray[np.float32]:
    """Directions as one array (n, channels), none of them zero.

    Parameters
    ----------
    values
        An array, a tensor of any kind on any device, or a list of these or of numbers; (n,
        channels), or (channels,) for one.
    channels, layer
        How many numbers each must have, and whose channels these are.

    Raises
    ------
    ActivationsError
        They have another shape, or one of them is zero or not finite.
    """
    rows = _numbers(values)
    given = rows.shape
    rows = rows[None] if rows.ndim == 1 else rows
    if rows.ndim != 2:
        raise ActivationsError(
            f"directions of shape {given}: expected (n, channels), a row a picture"
        )
    if channels is not None and rows.shape[1] != channels:
        turned = " They look transposed: pass directions.T." if len(rows) == channels else ""
        raise ActivationsError(
            f"directions have {rows.shape[1]} numbers, but layer {layer!r} has {channels} "
            f"channels.{turned}"
        )
    bad = np.flatnonzero(~np.isfinite(rows).all(1) | ~rows.any(1))
    if len(bad):
        raise ActivationsError(
            f"direction {bad[0]} is zero or not finite ({len(bad)} of {len(rows)} are): "
            "a picture needs a direction to go in"
        )
    return rows


def as_pictures(pictures: Any) -> Tensor:
    """Pictures as floats in [0, 1], shape (n, 3 or 4, h, w), on the device where they are.

    Parameters
    ----------
    pictures
        uint8 (n, h, w, 3 or 4) or floats in [0, 1] (n, 3 or 4, h, w), as arrays or tensors; one of
        them may come without n.
    """
    tensor = (
        pictures
        if torch.is_tensor(pictures)
        else torch.as_tensor(np.asarray(pictures), device="cpu")
    )
    given = tuple(tensor.shape)
    tensor = tensor[None] if tensor.ndim == 3 else tensor
    floats = tensor.is_floating_point()
    if tensor.ndim == 4 and floats and tensor.shape[1] in (3, 4):
        return tensor
    if tensor.ndim == 4 and tensor.dtype == torch.uint8 and tensor.shape[3] in (3, 4):
        return tensor.permute(0, 3, 1, 2).float() / 255
    kind = str(tensor.dtype).removeprefix("torch.")
    raise ImagesError(
        f"pictures are {kind} of shape {given}; taken are uint8 (n, h, w, 3 or 4) and floats in "
        "[0, 1] of shape (n, 3 or 4, h, w)"
    )


def as_warm(pictures: Any, count: int) -> Tensor:
    """Return `count` pictures to start from, see :func:`as_pictures`; those of `Icons` too."""
    pictures = getattr(pictures, "images", pictures)
    try:
        warm = as_pictures(pictures)
    except TypeError:
        raise ImagesError(
            f"warm is a {type(pictures).__name__}; taken are finished Icons or their images, uint8 "
            "(n, side, side, 3)"
        ) from None
    if len(warm) != count:
        raise ImagesError(f"{len(warm)} pictures to start from for {count} directions: one each")
    return warm.float()


def as_examples(images: Any, count: int, side: int) -> list[Tensor | None]:
    """Return some crops for each of `count` pictures, as floats in [0, 1] of shape (k, 3, h, w).

    Parameters
    ----------
    images
        For each picture a tensor (k, 3, h, w) with values in [0, 1], uint8 (k, h, w, 3), a list of
        PIL images, or None where there are no crops; or all of them in one array (n, k, 3, h, w).
    count
        How many pictures.
    side
        Members of lists are scaled and cropped to squares of this side.

    Raises
    ------
    ImagesError
        There are crops for another number of pictures, or something that is no crop.
    """
    if isinstance(images, str | bytes) or not hasattr(images, "__len__"):
        raise ImagesError(
            f"images is a {type(images).__name__}: pass some crops for each direction, such as a "
            "list of tensors (k, 3, h, w), or None for a direction without"
        )
    if len(images) != count:
        raise ImagesError(f"crops of {len(images)} pictures for {count} directions: some for each")
    return [None if each is None or not len(each) else as_rgb(each, side) for each in images]


def as_seeds(seed: Any, count: int) -> NDArray[np.int64]:
    """Return one seed for each of `count` pictures, given one for all or one each."""
    seeds = np.asarray(seed)
    if seeds.dtype.kind not in "iu":
        raise AtlasError(f"seed={seed!r}: expected a whole number, or one for each picture")
    if seeds.shape not in ((), (1,), (count,)):
        raise AtlasError(
            f"seeds of shape {seeds.shape} for {count} pictures: expected one number for all, or "
            "one for each"
        )
    return np.broadcast_to(seeds.astype(np.int64), (count,)).copy()


def _numbers(values: Any) -> NDArray[np.float32]:
    """Whatever holds numbers, as float32 in main memory."""
    try:
        if isinstance(values, list | tuple) and any(map(torch.is_tensor, values)):
            values = torch.stack([torch.as_tensor(row).detach().cpu() for row in values])
        if torch.is_tensor(values):
            if values.is_complex():
                raise TypeError("complex numbers")
            return values.detach().to("cpu", torch.float32).numpy()
        array = np.asarray(values)
        if array.dtype.kind not in "biuf" or array.ndim == 0:
            raise TypeError(f"{array.dtype} of shape {array.shape}")
        return array.astype(np.float32)
    except (RuntimeError, TypeError, ValueError) as error:
        raise ActivationsError(
            f"directions cannot be read from a {type(values).__name__} ({error}): pass an array or "
            "a tensor of shape (n, channels)"
        ) from error
