"""Subjects of the atlas shown: all samples, one class, or two classes compared.

A subject is a list of texts, so that it reads well as a trait: ``[]`` for all samples,
``["class", "fireboat"]``, ``["winning", "fireboat"]`` or ``["comparison", "fireboat", "liner"]``.
The same lists are read and written by ``js/src/store/subject.ts``.
"""

from __future__ import annotations

from collections.abc import Sequence

from atlas_widget.attribution.class_names import find_class
from atlas_widget.errors import AtlasError, did_you_mean

__all__ = ["ALL", "KINDS", "Subject", "check_subject", "describe_subject", "subject_of_class"]

Subject = tuple[str, ...]

ALL: Subject = ()
"""The atlas of all samples."""

KINDS = {"class": 1, "winning": 1, "comparison": 2}
"""Number of classes of each kind of subject."""

_BY = {"influence": "class", "winning": "winning"}


def check_subject(value: object, names: Sequence[str]) -> list[str]:
    """Return a subject in canonical form.

    Parameters
    ----------
    value
        The subject from the user or the browser; classes by name or by number.
    names
        The classes' names, from `class_names`.

    Raises
    ------
    AtlasError
        There is no such subject, or no such class.
    """
    if not isinstance(value, list | tuple) or not all(isinstance(part, str) for part in value):
        raise AtlasError(
            "The subject of an atlas is [] for all samples, or a list such as "
            f"['class', 'fireboat'], not {value!r:.60}."
        )
    if not value:
        return []
    kind, *classes = value
    if kind not in KINDS:
        hint = did_you_mean(kind, KINDS)
        raise AtlasError(
            f"There is no kind of atlas {kind!r:.60}.{hint} Kinds are "
            f"{', '.join(map(repr, KINDS))}, each with its classes; [] is of all samples."
        )
    if len(classes) != KINDS[kind]:
        wanted = "one class" if KINDS[kind] == 1 else "two classes"
        raise AtlasError(f"{kind!r} takes {wanted}, not {len(classes)}.")
    numbers = [find_class(name, names, "samples") for name in classes]
    if len(set(numbers)) < len(numbers):
        raise AtlasError(f"{classes[0]!r:.60} cannot be compared with itself: give two classes.")
    return [kind, *(names[number] for number in numbers)]


def subject_of_class(class_: int | str, by: str, names: Sequence[str]) -> list[str]:
    """Return the subject of a class atlas.

    Parameters
    ----------
    class_
        The class, by name or number.
    by
        "influence" or "winning"; see :func:`atlas_widget.classes.class_atlas`.
    names
        The classes' names.
    """
    if by not in _BY:
        raise AtlasError(
            f"by={by!r:.60} is neither 'influence' nor 'winning'.{did_you_mean(str(by), _BY)}"
        )
    return check_subject([_BY[by], str(class_)], names)


def describe_subject(subject: Sequence[str]) -> str:
    """Return a subject in words, for captions and file names; empty for all samples."""
    if not subject:
        return ""
    kind, *classes = subject
    if kind == "comparison":
        return f"{classes[0]} or {classes[1]}"
    return f"won by {classes[0]}" if kind == "winning" else f"what argues for {classes[0]}"
