"""Errors caused by something the user gave, each with a message that helps.

Every error derives from :class:`AtlasError`, so that ``except AtlasError`` catches what the user
can mend and nothing else. A message names the value, what would have been accepted, and, where
there is one, the nearest right answer.
"""

from __future__ import annotations

import difflib
import traceback
from collections.abc import Iterable
from numbers import Integral
from pathlib import Path

__all__ = [
    "ActivationsError",
    "AtlasError",
    "AttributionError",
    "CellError",
    "ClusterError",
    "DiskError",
    "ExportError",
    "FigureDiffersError",
    "FigureError",
    "FolderHeldError",
    "ImagesError",
    "LayerNotFoundError",
    "LayerOutputError",
    "MissingExtraError",
    "OtherCollectionError",
    "SavedAtlasError",
    "TransformError",
    "UnreadableImagesError",
    "check_unit",
    "closest",
    "did_you_mean",
]


_PACKAGE = Path(__file__).parent
_LIBRARIES = frozenset({"IPython", "torch"})


class AtlasError(ValueError):
    """Base of all errors that the user's input can cause.

    In a notebook it is shown under the user's own lines, without the lines of this package that
    noticed it. ``%debug``, and ``traceback.print_exc()`` around the call, have all of them.
    """

    def _render_traceback_(self) -> list[str]:
        """Return the lines that IPython shows."""
        name = type(self).__name__
        lines = [f"{name:<42}Traceback (most recent call last)"]
        for frame in traceback.extract_tb(self.__traceback__):
            path = Path(frame.filename)
            if _PACKAGE in path.parents:
                break
            if _LIBRARIES.intersection(path.parts):  # what runs cells, and torch's decorators
                continue
            cell = path.parent.name.startswith("ipykernel_") or path.name.startswith("<ipython-")
            place = "Cell" if cell else f"{frame.filename} in {frame.name}"
            lines.append(f"{place}, line {frame.lineno}\n    {frame.line}")
        return [*lines, f"\n{name}: {self}"]


class LayerNotFoundError(AtlasError):
    """No layer of that name, or the layer does not run."""


class LayerOutputError(AtlasError):
    """The layer's output is not something an atlas can be made of."""


class ImagesError(AtlasError):
    """There are no images, or none that can be read."""


class ActivationsError(AtlasError):
    """The activations are too few, constant, zero or not finite."""


class TransformError(AtlasError):
    """The transform is not differentiable or returns the wrong shape."""


class AttributionError(AtlasError):
    """There are no classes to attribute to, or none that follow from the layer."""


class SavedAtlasError(AtlasError):
    """A saved atlas is missing, truncated, altered or of an unknown version."""


class DiskError(AtlasError):
    """A folder cannot be written to, such as when its disk is full."""


class ClusterError(AtlasError):
    """There is no cluster there, or it loses what it is given."""


class FolderHeldError(AtlasError):
    """Another process is building in this folder."""


class OtherCollectionError(AtlasError):
    """Error for a folder made of another model, other images or other settings."""


class UnreadableImagesError(ImagesError):
    """Too many of the images cannot be read."""


class CellError(AtlasError):
    """A cell or grid that the atlas does not have."""


class ExportError(AtlasError):
    """A figure cannot be written there or in that format."""


class FigureError(AtlasError):
    """A figure has no record of how it was made, or is of another model or other images."""


class FigureDiffersError(FigureError):
    """A figure that was made again is not the same."""


class MissingExtraError(AtlasError, ImportError):
    """An optional package is needed; the message names the extra that brings it."""


def check_unit(value: object, count: int, layer: str) -> int:
    """Return the number of a unit, or raise that the layer has no such unit.

    Parameters
    ----------
    value
        The number, from 0.
    count
        Number of units of the layer.
    layer
        The layer's name.
    """
    whole = isinstance(value, Integral) and not isinstance(value, bool)
    if not whole or not 0 <= int(value) < count:  # type: ignore[call-overload]
        raise AtlasError(
            f"There is no unit {value!r:.60}: the layer {layer!r} has the units 0 to {count - 1}."
        )
    return int(value)  # type: ignore[call-overload, no-any-return]


def closest(name: str, options: Iterable[str], count: int = 3) -> list[str]:
    """Return the `count` options that look most like `name`, best first."""
    return difflib.get_close_matches(name, list(options), n=count, cutoff=0.4)


def did_you_mean(name: str, options: Iterable[str], count: int = 3) -> str:
    """Return `` Did you mean 'a' or 'b'?`` (with a leading space), or an empty string."""
    matches = closest(name, options, count)
    if not matches:
        return ""
    quoted = [repr(match) for match in matches]
    text = quoted[0] if len(quoted) == 1 else ", ".join(quoted[:-1]) + " or " + quoted[-1]
    return f" Did you mean {text}?"
