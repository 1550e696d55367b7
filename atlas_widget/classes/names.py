"""Classes by number or by name."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from atlas_widget.errors import AttributionError, closest
from atlas_widget.overlays import class_names

__all__ = ["class_name", "class_number"]


def class_name(number: int, labels: Sequence[str] | None) -> str:
    """Return what a class is called, or its number where nobody says."""
    if labels is not None and 0 <= number < len(labels):
        return str(labels[number])
    return f"class {number}"


def class_number(class_: int | str, labels: Sequence[str] | None, count: int | None = None) -> int:
    """Return the number of a class.

    Parameters
    ----------
    class_ : int or str
        A number, or a name as in `labels`, whatever its capitals. Of names that several classes
        share, ``"crane (134)"`` says which.
    labels : sequence of str, optional
        Names by number.
    count : int, optional
        How many classes there are; by default as many as labels.

    Raises
    ------
    AttributionError
        There is no such class, or several are called so.
    """
    total = count if count is not None else len(labels) if labels is not None else None
    if isinstance(class_, int | np.integer) and not isinstance(class_, bool):
        number = int(class_)
        if number < 0 or (total is not None and number >= total):
            known = f"there are {total:,}, from 0" if total is not None else "they begin with 0"
            raise AttributionError(f"There is no class {number}: {known}.")
        return number
    if not isinstance(class_, str):
        raise AttributionError(f"A class is given by its number or its name, not by {class_!r}.")
    if labels is None:
        raise AttributionError(
            f"The classes have no names here, so {class_!r} is unknown: give its number, or labels."
        )
    names = class_names(labels, len(labels))
    if class_ in names:
        return names.index(class_)
    wanted = class_.strip().casefold()
    found = [number for number, name in enumerate(names) if name.casefold() == wanted]
    if len(found) == 1:
        return found[0]
    parts = [name for name in names if wanted and wanted in name.casefold()]
    near = list(dict.fromkeys([*parts[:3], *closest(class_, names)]))[:3]
    hint = f" Did you mean {' or '.join(repr(name) for name in near)}?" if near else ""
    raise AttributionError(f"There is no class {class_!r} among {len(names):,}.{hint}")
