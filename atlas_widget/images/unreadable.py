"""The error of an image that cannot be read, and the one place that makes it of all others."""

from __future__ import annotations

from collections.abc import Callable
from typing import ParamSpec, TypeVar

from atlas_widget.errors import ImagesError

__all__ = ["UnreadableImageError", "or_unreadable"]

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")

_MAX_REASON = 300  # characters: some readers put the whole file into their message


class UnreadableImageError(ImagesError):
    """One image cannot be read. Collecting goes on without it."""


def or_unreadable(
    what: str,
    read: Callable[Parameters, Result],
    *arguments: Parameters.args,
    **options: Parameters.kwargs,
) -> Result:
    """Return what `read` returns; whatever it raises becomes an `UnreadableImageError`.

    Decoders raise nearly anything at a damaged file (``struct.error``, ``TypeError``,
    ``RuntimeError``, ``KeyError``), and data sets of users' own anything at all.

    Parameters
    ----------
    what : str
        Beginning of the message, such as "Cannot read a.png".
    read : callable
    *arguments, **options
        Passed on to it.
    """
    try:
        return read(*arguments, **options)
    except UnreadableImageError:
        raise
    except Exception as error:
        kind = "" if isinstance(error, OSError | ImagesError) else f"{type(error).__name__}: "
        reason = f"{kind}{error}"[:_MAX_REASON]
        raise UnreadableImageError(f"{what}: {reason}") from error
