"""Outputs of a layer: the tensor that is meant, and its layout as a map.

Layers return tensors, tuples, dictionaries and dataclasses; the tensors hold maps (channels first
or last), token sequences or plain vectors. Everything beyond this module sees (n, c, h, w).
"""

from __future__ import annotations

import copy
import dataclasses
import math
from collections.abc import Iterator, Mapping
from typing import Any, Literal

from torch import Tensor, nn

from atlas_widget.errors import LayerOutputError

__all__ = [
    "Layout",
    "Path",
    "class_scores",
    "find_tensor",
    "layouts_of",
    "listing",
    "replaced",
    "tensor_at",
]

Path = tuple[int | str, ...]
Kind = Literal["map", "tokens", "vector"]

_MAX_PREFIX_TOKENS = 16
_OBVIOUS = ("last_hidden_state", "hidden_states", "out", "x", "features")
_SCORES = ("logits", "out", "output", "scores", "pred", "y")


def entries(output: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Yield every leaf of a nested output with the path that leads to it."""
    if isinstance(output, Mapping):
        for key, value in output.items():
            yield from entries(value, (*path, key))
    elif isinstance(output, list | tuple):
        for index, value in enumerate(output):
            yield from entries(value, (*path, index))
    elif dataclasses.is_dataclass(output) and not isinstance(output, type):
        for field in dataclasses.fields(output):
            yield from entries(getattr(output, field.name), (*path, field.name))
    else:
        yield path, output


def written(path: Path) -> str:
    """Return a path as one would type it after the layer's name: ``[0]['features']``."""
    return "".join(f"[{key!r}]" for key in path)


def tensor_at(output: Any, path: Path) -> Any:
    """Follow `path` into a nested output."""
    for key in path:
        is_field = isinstance(key, str) and not isinstance(output, Mapping)
        output = getattr(output, str(key)) if is_field else output[key]
    return output


def replaced(output: Any, path: Path, tensor: Tensor) -> Any:
    """Return `output` with the tensor at `path` exchanged; the rest is shared."""
    if not path:
        return tensor
    key, rest = path[0], path[1:]
    inner = replaced(tensor_at(output, (key,)), rest, tensor)
    if isinstance(output, tuple):
        items = [inner if index == key else item for index, item in enumerate(output)]
        return type(output)(*items) if hasattr(output, "_fields") else type(output)(items)
    changed = copy.copy(output)
    if isinstance(output, Mapping | list):
        changed[key] = inner
    else:
        setattr(changed, str(key), inner)
    return changed


def find_tensor(output: Any, picks: Path, layer: str, batch: int) -> Path:
    """Return the path to the tensor that an atlas of `layer` is about.

    Parameters
    ----------
    output : object
        What the layer returned.
    picks : Path
        Text that the user wrote after the layer's name, ``name[0]['key']``; may be empty.
    layer : str
        The layer's name, for the message.
    batch : int
        The number of images that went in: the tensor's first dimension.
    """
    try:
        chosen = tensor_at(output, picks)
    except (KeyError, IndexError, AttributeError, TypeError):
        raise LayerOutputError(
            f"Layer {layer!r} has no output {written(picks)}. {listing(output, layer)}"
        ) from None
    found = [(path, leaf) for path, leaf in entries(chosen) if _usable(leaf, batch)]
    found = [(path, leaf) for path, leaf in found if not _is_attention_of(leaf, found[0][1])]
    if len(found) > 1:
        found = _obvious(found) or found
    if len(found) == 1:
        return (*picks, *found[0][0])
    if not found:
        raise LayerOutputError(
            f"Layer {layer!r} gives no activations an atlas can be made of: it takes a float "
            f"tensor whose first dimension is the image. {listing(output, layer, batch)}"
        )
    raise LayerOutputError(
        f"Layer {layer!r} gives several tensors; say which one is meant. {listing(output, layer)}"
    )


def _usable(leaf: Any, batch: int) -> bool:
    return (
        isinstance(leaf, Tensor)
        and leaf.is_floating_point()
        and 2 <= leaf.ndim <= 4
        and leaf.shape[0] == batch
        and leaf.numel() > 0
    )


def _is_attention_of(leaf: Tensor, first: Tensor) -> bool:
    """Return True if `leaf` holds the attention weights that came along with the tokens `first`."""
    return (
        leaf is not first
        and first.ndim == 3
        and leaf.ndim >= 3
        and leaf.shape[-1] == leaf.shape[-2] == first.shape[1]
    )


def _obvious(found: list[tuple[Path, Tensor]]) -> list[tuple[Path, Tensor]]:
    for name in _OBVIOUS:
        named = [item for item in found if item[0] == (name,)]
        if named:
            return named
    spatial = [item for item in found if item[1].ndim > 2]
    return spatial if len(spatial) == 1 else []


def listing(output: Any, layer: str, batch: int | None = None) -> str:
    """Say what is in a nested output, for a message: the names of its parts, shapes and types."""
    lines = []
    for path, leaf in entries(output):
        if isinstance(leaf, Tensor):
            kind = f"{tuple(leaf.shape)} {str(leaf.dtype).removeprefix('torch.')}"
        else:
            kind = type(leaf).__name__
        name = f"'{layer}{written(path)}'" if path else "The output"
        lines.append(f"{name} is {kind}")
    shown = lines[:12] + ([f"and {len(lines) - 12} more"] if len(lines) > 12 else [])
    images = f" (for {batch} images)" if batch is not None else ""
    return "; ".join(shown or [f"The output is an empty {type(output).__name__}"]) + f"{images}."


@dataclasses.dataclass(frozen=True)
class Layout:
    """Layout of a layer's tensor.

    Attributes
    ----------
    kind : {"map", "tokens", "vector"}
    channels_last : bool
        For a map: (n, h, w, c) rather than (n, c, h, w).
    prefix, suffix : int
        For tokens: how many precede those of the picture (class token, registers), and follow.
    transposed : bool
        For tokens: (n, channels, tokens) rather than (n, tokens, channels).
    """

    kind: Kind
    channels_last: bool = False
    prefix: int = 0
    suffix: int = 0
    transposed: bool = False

    def channels(self, tensor: Tensor) -> int:
        """Return the number of channels of a tensor in this layout."""
        first = self.transposed if self.kind == "tokens" else not self.channels_last
        return tensor.shape[1 if first and self.kind != "vector" else -1]

    def as_map(self, tensor: Tensor, aspect: float = 1.0) -> Tensor:
        """Return a view of the layer's tensor as (n, c, h, w); differentiable.

        Writing into the view writes into the tensor, prefix tokens apart.

        Parameters
        ----------
        tensor : Tensor
            In the layer's own layout.
        aspect : float
            Height over width of the picture that went in, to fold tokens into a map.
        """
        if self.kind == "vector":
            return tensor[:, :, None, None]
        if self.kind == "map":
            return tensor.permute(0, 3, 1, 2) if self.channels_last else tensor
        if self.transposed:
            tensor = tensor.transpose(1, 2)
        count = tensor.shape[1] - self.prefix - self.suffix
        rows = folded_rows(count, aspect)
        if rows is None:
            raise LayerOutputError(
                f"The layer's {count} tokens do not fold into a map of the picture's shape; "
                "use square pictures."
            )
        images, _, channels = tensor.shape
        tokens = tensor[:, self.prefix : self.prefix + count]
        return tokens.reshape(images, rows, count // rows, channels).permute(0, 3, 1, 2)


def folded_rows(count: int, aspect: float) -> int | None:
    """Return how many rows `count` tokens make for a picture of that aspect, if they do."""
    if count < 1:
        return None
    ideal = math.sqrt(count * aspect)
    divisors = [rows for rows in range(1, count + 1) if count % rows == 0]
    rows = min(divisors, key=lambda rows: abs(math.log(rows / ideal)))
    return rows if abs(rows - ideal) < 1 else None


def layouts_of(
    tensor: Tensor, module: nn.Module, prefix_hint: int | None, layer: str
) -> list[Layout]:
    """Return the layouts that what `module` returned for square pictures may have, likeliest first.

    Parameters
    ----------
    tensor : Tensor
        Two to four dimensions, images first.
    module : nn.Module
        Decides what is likelier where the shape alone does not.
    prefix_hint : int, optional
        How many prefix tokens the model says it has.
    layer : str
        For the message.
    """
    if tensor.ndim == 2:
        return [Layout("vector")]
    if tensor.ndim == 4:
        last = _channels_last(tensor, module)
        return [Layout("map", channels_last=last), Layout("map", channels_last=not last)]
    layouts = [
        Layout("tokens", prefix=prefix, suffix=suffix)
        for prefix, suffix in _surplus(tensor.shape[1], prefix_hint)
    ]
    side = math.isqrt(tensor.shape[2])
    if side * side == tensor.shape[2] > 1:
        layouts.append(Layout("tokens", transposed=True))
    if not layouts:
        count = tensor.shape[1]
        raise LayerOutputError(
            f"Layer {layer!r} gives {count} tokens of {tensor.shape[2]} channels, which do not "
            "form a square map; choose a layer whose tokens are the patches of the picture."
        )
    return layouts


def _surplus(count: int, prefix_hint: int | None) -> list[tuple[int, int]]:
    """Return how many of `count` tokens may precede, and follow, those of a square picture."""
    side = math.isqrt(count)
    rest = count - side * side
    found = []
    splits = [(prefix, rest - prefix) for prefix in (rest, 0, *range(1, rest))]
    for prefix, suffix in ((prefix_hint or 0, 0), (0, 0), *splits):
        patches = count - prefix - suffix
        if patches < 1 or math.isqrt(patches) ** 2 != patches:
            continue
        if prefix + suffix > _MAX_PREFIX_TOKENS:
            break
        if (prefix, suffix) not in found:
            found.append((prefix, suffix))
    return found


def _channels_last(tensor: Tensor, module: nn.Module) -> bool:
    first, middle, last = tensor.shape[1:]
    if middle == last != first:
        return False
    if first == middle != last:
        return True
    if isinstance(module, nn.LayerNorm):
        return tuple(module.normalized_shape) == (last,)
    return isinstance(module, nn.Linear) and module.out_features == last


def class_scores(output: Any, batch: int) -> Tensor | None:
    """Return the (n, classes) scores in a model's output, or None where there are none."""
    if isinstance(output, Tensor):
        if output.ndim == 1 and len(output) == batch:  # a regression of one quantity
            output = output[:, None]
        return output if output.ndim == 2 and _usable(output, batch) else None
    leaves: dict[Path, Any] = dict(entries(output))
    for name in _SCORES:
        named: Tensor | None = leaves.get((name,))
        if named is not None:
            return named if _usable(named, batch) and named.ndim == 2 else None
    if any(isinstance(key, str) for path in leaves for key in path):
        return None  # named outputs without scores: features, boxes, masks
    scores: list[Tensor] = [
        leaf for leaf in leaves.values() if _usable(leaf, batch) and leaf.ndim == 2
    ]
    return scores[0] if scores else None
