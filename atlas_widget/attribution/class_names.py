"""Classes by number or by name."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np

from atlas_widget.errors import AtlasError, AttributionError, closest

__all__ = ["class_name", "class_names", "class_number", "find_class"]


def class_name(number: int, labels: Sequence[str] | None) -> str:
    """Return what a class is called, or its number where nobody says."""
    if labels is not None and 0 <= number < len(labels):
        return str(labels[number])
    return f"class {number}"


def class_names(labels: Sequence[str] | None, count: int) -> list[str]:
    """Return one name for each class, no two alike.

    Parameters
    ----------
    labels
        The user's labels by number, or None. ImageNet's have two cranes.
    count
        How many classes there are.

    Returns
    -------
    list of str
        The labels; those that several classes share carry the class's number: ``"crane (134)"``.
        A class without a label is called by its number: ``"class 134"``.
    """
    named = [str(label) for label in (labels or ())[:count]]
    shared = {label for label, times in Counter(named).items() if times > 1}
    names = [f"{label} ({at})" if label in shared else label for at, label in enumerate(named)]
    return names + [f"class {at}" for at in range(len(named), count)]


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
    found = _called(class_.strip(), names)
    if found is None:
        raise AttributionError(
            f"There is no class {class_!r} among {len(names):,}.{_nearest(class_, names)}"
        )
    return found


def find_class(name: str, names: Sequence[str], what: str = "influence") -> int:
    """Return the number of the class that is meant: by name, else by number.

    Parameters
    ----------
    name, names
        The name, and that of each class.
    what
        What of the class is wanted, for the error if there are no classes.
    """
    if not names:
        raise AtlasError(
            f"The {what} of {name!r:.60} cannot be shown: the layer argues for no classes."
        )
    found = _called(name, names)
    if found is not None:
        return found
    number = name.removeprefix("class ")
    if number.isascii() and number.isdigit() and int(number) < len(names):
        return int(number)
    raise AtlasError(f"There is no class {name!r:.60} among {len(names):,}.{_nearest(name, names)}")


def _called(name: str, names: Sequence[str]) -> int | None:
    """Return the number of the one class of that name, whatever its capitals."""
    if name in names:
        return names.index(name)
    alike = [at for at, known in enumerate(names) if known.casefold() == name.casefold()]
    return alike[0] if len(alike) == 1 else None


def _nearest(name: str, names: Sequence[str]) -> str:
    """Ask whether one of the classes of the nearest names is meant."""
    # A label that several classes share, or part of a longer one, is as near as a misspelt one.
    parts = [known for known in names if name and name.casefold() in known.casefold()]
    near = list(dict.fromkeys([*parts[:3], *closest(name, names)]))[:3]
    return f" Did you mean {' or '.join(repr(known) for known in near)}?" if near else ""
