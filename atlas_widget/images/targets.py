"""The labels that come with images: of pairs and dicts, and of whole datasets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

__all__ = ["label_of", "targets_of"]

_KEYS = ("label", "labels", "target", "class")
_LISTS = ("targets", "_labels", "labels", "_samples", "samples")


def label_of(item: Any) -> int | str | None:
    """Return the label of a dataset's item: of a pair of an image and a label, or of a dict."""
    if isinstance(item, Mapping):
        found = next((item[key] for key in _KEYS if key in item), None)
    elif isinstance(item, tuple | list) and len(item) == 2:
        found = item[1]
    else:
        return None
    return _plain(found)


def targets_of(dataset: Any) -> list[Any] | None:
    """Return the label of every item of a dataset without opening its images; None if unknown.

    Knows torchvision's lists and Hugging Face's columns, and looks through ``Subset``. Where the
    dataset names its classes, a label is a tuple: the name or names, and the number last.
    """
    inner, indices = getattr(dataset, "dataset", None), getattr(dataset, "indices", None)
    if inner is not None and indices is not None:
        targets = targets_of(inner)
        return None if targets is None else [targets[int(index)] for index in indices]
    listed, names = _column(dataset)
    if listed is None or len(listed) != len(dataset):
        return None
    labels = [_plain(label) for label in listed]
    if any(label is None for label in labels):
        return None
    if names is None:
        return labels
    return [
        (*_tuple(names[label]), label)
        if isinstance(label, int) and 0 <= label < len(names)
        else label
        for label in labels
    ]


def _column(dataset: Any) -> tuple[Sequence[Any] | None, list[Any] | None]:
    """Return a dataset's column of labels and the names of its classes."""
    features = getattr(dataset, "features", None)
    if isinstance(features, Mapping):  # Hugging Face's
        key = next((key for key in _KEYS if key in features), None)
        return (None, None) if key is None else (dataset[key], _named(features[key], "names"))
    names = _named(dataset, "classes")
    for attribute in _LISTS:
        listed: Any = getattr(dataset, attribute, None)
        if hasattr(listed, "tolist"):
            listed = listed.tolist()
        if isinstance(listed, list | tuple):
            plain = list(listed)
            if plain and isinstance(plain[0], tuple | list):
                plain = [entry[-1] for entry in plain]
            return plain, names
    return None, None


def _named(holder: Any, attribute: str) -> list[Any] | None:
    names = getattr(holder, attribute, None)
    return list(names) if isinstance(names, list | tuple) and len(names) else None


def _tuple(name: Any) -> tuple[Any, ...]:
    return tuple(name) if isinstance(name, tuple | list) else (name,)


def _plain(label: Any) -> int | str | None:
    """Return a label as a number or text; numpy's and PyTorch's numbers are of their own types."""
    if isinstance(label, str):
        return label
    if hasattr(label, "item"):
        try:
            label = label.item()
        except (ValueError, RuntimeError):  # several values: not a class
            return None
    return label if isinstance(label, int) and not isinstance(label, bool) else None
