"""Old names of arguments, which still work for a while."""

from __future__ import annotations

import warnings
from typing import TypeVar

__all__ = ["renamed"]

Value = TypeVar("Value")


def renamed(name: str, value: Value, old_name: str, old: Value | None) -> Value:
    """Return an argument's value, given by its name or, with a warning, by its old name.

    Parameters
    ----------
    name, value
        The argument's name, and its value.
    old_name, old
        Its old name, and the value given by that; None if it was not given.
    """
    if old is None:
        return value
    warnings.warn(f"{old_name}= is called {name}= now.", DeprecationWarning, stacklevel=3)
    return old
