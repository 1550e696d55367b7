"""The class of each image, where the images say so: by a dataset's targets, or folders' names."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from atlas_widget.errors import ImagesError

if TYPE_CHECKING:
    from atlas_widget.images.source import ImageSource

__all__ = ["UNKNOWN", "Given", "image_classes", "image_labels"]

UNKNOWN = -1
"""The class of an image that does not say."""

Given = Sequence[int | str] | Mapping[str, int | str] | Callable[[str], int | str | None]


def image_classes(
    source: ImageSource,
    number_of: Callable[[int | str], int | None],
    given: Given | None = None,
    *,
    num_classes: int | None = None,
) -> NDArray[np.int64] | None:
    """Return the class of each image, or None where the images do not say.

    Parameters
    ----------
    source : ImageSource
    number_of : callable
        From a class's number or name to its number, None for one that the model does not have.
    given : optional
        What the user says instead: one class for each image, in their order; a mapping of the
        images' names to classes; or a function of an image's name.
    num_classes : int, optional
        How many classes the model has. Numbers without names are taken for the model's own only
        where the dataset has as many.

    Returns
    -------
    ndarray of int64, (images,)
        `UNKNOWN` for those that are of no class of the model's.
    """
    labels: list[Any] | None = getattr(source, "labels", None)
    if given is not None:
        labels = _as_given(source, given)
    if labels is None:
        return None
    numbers = [part for label in set(labels) for part in _parts(label) if isinstance(part, int)]
    ours = given is not None or num_classes is None or max(numbers, default=0) + 1 == num_classes
    known: dict[Any, int] = {}
    for label in set(labels):
        parts = [part for part in _parts(label) if ours or not isinstance(part, int)]
        found = next((n for part in parts if (n := number_of(part)) is not None), None)
        known[label] = UNKNOWN if found is None else found
    classes = np.array([known[label] for label in labels], np.int64)
    return classes if given is not None or (classes != UNKNOWN).any() else None


def image_labels(source: ImageSource, given: Given | None = None) -> list[str | None] | None:
    """Return the label of each image as a text, or None where the images do not say.

    Parameters
    ----------
    source : ImageSource
    given : optional
        See `image_classes`.
    """
    labels: list[Any] | None = getattr(source, "labels", None)
    if given is not None:
        labels = _as_given(source, given)
    if labels is None:
        return None
    texts = [[str(part) for part in sorted(_parts(label), key=_is_number)] for label in labels]
    return [parts[0] if parts else None for parts in texts]


def _is_number(part: Any) -> bool:
    return isinstance(part, int)


def _parts(label: Any) -> tuple[Any, ...]:
    """Return the names and numbers that a label may go by."""
    parts = label if isinstance(label, tuple) else (label,)
    return tuple(part for part in parts if part is not None)


def _as_given(source: ImageSource, given: Given) -> list[int | str | None]:
    names = [source.name(index) for index in range(len(source))]
    if isinstance(given, Mapping):
        return [given.get(name) for name in names]
    if callable(given):
        return [given(name) for name in names]
    listed = [each.item() if isinstance(each, np.generic) else each for each in given]
    if len(listed) != len(names):
        raise ImagesError(
            f"{len(listed):,} labels were given for {len(names):,} images: one for each, in their "
            "order, or a mapping of names."
        )
    return list(listed)
