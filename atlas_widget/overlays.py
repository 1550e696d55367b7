"""What may lie over the pictures of a view, and the texts that name it.

An overlay is named by a text, so that it reads well as a trait: ``"density"`` or
``"influence: tabby cat"``. The same texts are read and written by ``js/src/overlays/choice.ts``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from atlas_widget.errors import AtlasError, closest, did_you_mean

__all__ = ["INFLUENCE", "OVERLAYS", "check_overlay", "class_names", "find_class"]

OVERLAYS = ("pictures", "crops", "density", "top class", "fidelity", "doubt")
"""The overlays that need no class."""

INFLUENCE = "influence: "
"""How an overlay of one class's influence begins; the class's name follows."""

_LONGEST = 1000  # characters


def class_names(labels: Sequence[str] | None, count: int) -> list[str]:
    """Return one name for each class, no two alike.

    Parameters
    ----------
    labels
        The person's labels by number, or None. ImageNet's have two cranes.
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


def check_overlay(value: object, names: Sequence[str]) -> str:
    """Return the text of an overlay as it is written here, or say which there are.

    Parameters
    ----------
    value
        What the person or the browser asks for: one of `OVERLAYS`, or ``"influence: "`` and a
        class's name or number. Capitals do not matter where only one name is meant.
    names
        The classes' names, from `class_names`.

    Raises
    ------
    AtlasError
        There is no such overlay, or no such class.
    """
    kinds = ", ".join(repr(kind) for kind in OVERLAYS)
    accepted = f"{kinds}, or 'influence: ' and the name of a class"
    if not isinstance(value, str) or len(value) > _LONGEST:
        raise AtlasError(f"An overlay is {accepted}, not {value!r:.60}.")
    text = " ".join(value.split())
    kind, colon, named = value.partition(":")
    if colon and kind.strip().lower() == "influence":
        return INFLUENCE + names[find_class(named.strip(), names)]
    for known in OVERLAYS:
        if text.lower() == known:
            return known
    hint = did_you_mean(text.lower(), (*OVERLAYS, "influence"), count=1)
    raise AtlasError(f"There is no overlay {value!r:.60}.{hint} There are {accepted}.")


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
    if name in names:
        return names.index(name)
    alike = [at for at, known in enumerate(names) if known.casefold() == name.casefold()]
    if len(alike) == 1:
        return alike[0]
    number = name.removeprefix("class ")
    if number.isascii() and number.isdigit() and int(number) < len(names):
        return int(number)
    # A label that several classes share, or part of a longer one, is as near as a misspelt one.
    parts = [known for known in names if name and name.casefold() in known.casefold()]
    near = [*parts[:3], *closest(name, names)][:3]
    hint = f" Did you mean {' or '.join(repr(known) for known in near)}?" if near else ""
    raise AtlasError(f"There is no class {name!r:.60} among {len(names):,}.{hint}")
