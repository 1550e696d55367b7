"""Hypernyms of class names: "tabby" is a cat, a feline, a mammal, an animal.

From a part of WordNet 3.0 that this package ships (``wordnet/``, made by
``tools/make_hypernyms.py``): ImageNet's classes and all that is above them. Other classes are found
in it by their words.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

__all__ = ["Kind", "Kinds", "classes_called", "kinds_of"]

_FILE = Path(__file__).parent / "wordnet" / "imagenet.tsv"
_CLASSES = 1000
_MIN_MATCHING_LABELS = 0.9  # of the labels, for them to be ImageNet's
# WordNet's uppermost nouns, which nobody searches for and which hold nearly all classes.
_TOO_GENERAL = {
    *(
        "entity",
        "physical entity",
        "abstraction",
        "object",
        "whole",
        "matter",
        "thing",
        "attribute",
    ),
    *("relation", "part", "psychological feature", "causal agent", "unit", "shape", "location"),
    *("region", "group", "measure"),
}


@dataclass(frozen=True)
class Kind:
    """A kind of things.

    Attributes
    ----------
    words
        All that it is called, the most usual first.
    classes
        Numbers of the classes that are of this kind, in ascending order.
    """

    words: tuple[str, ...]
    classes: tuple[int, ...]


Kinds = tuple[Kind, ...]


@dataclass(frozen=True)
class _Synset:
    words: tuple[str, ...]
    hypernyms: tuple[int, ...]


def kinds_of(names: Sequence[str]) -> Kinds:
    """Return the kinds of things that classes are, those with most classes last.

    Parameters
    ----------
    names
        A name for each class. ImageNet's labels are recognised by their order; of others, those
        are found that are a noun of the table, or end in one ("hunting dog").

    Returns
    -------
    tuple of Kind
        Among them the classes themselves, for their other names: "lesser panda" is a "red panda".
    """
    table = _table()
    members: dict[int, set[int]] = {}
    for number, synsets in enumerate(_synsets_of(names)):
        for synset in synsets:
            for above in _upwards(synset):
                members.setdefault(above, set()).add(number)
    kinds = [
        Kind(table[synset].words, tuple(sorted(classes)))
        for synset, classes in members.items()
        if table[synset].words[0] not in _TOO_GENERAL
    ]
    return tuple(sorted(kinds, key=lambda kind: (len(kind.classes), kind.words)))


def classes_called(words: str, names: Sequence[str]) -> set[int]:
    """Return the numbers of the classes that are called so, or are a kind of what is.

    Parameters
    ----------
    words
        Whole words, such as "dog"; capitals do not matter.
    names
        A name for each class.
    """
    wanted = _plain(words)
    if not wanted:
        return set()
    found = {at for at, name in enumerate(names) if f" {wanted} " in f" {_plain(name)} "}
    for kind in kinds_of(names):
        if wanted in map(_plain, kind.words):
            found.update(kind.classes)
    return found


def _synsets_of(names: Sequence[str]) -> list[tuple[int, ...]]:
    """Return the synsets of each class; more than one where a word has several meanings."""
    order = list(_table())[:_CLASSES]
    plain = [_plain(name) for name in names]
    if len(plain) == _CLASSES:
        same = sum(
            name in {_plain(word) for word in _table()[synset].words}
            for name, synset in zip(plain, order, strict=True)
        )
        if same >= _MIN_MATCHING_LABELS * _CLASSES:
            return [(synset,) for synset in order]
    known = _by_word()
    return [known.get(name) or known.get(name.rpartition(" ")[2], ()) for name in plain]


def _plain(name: str) -> str:
    """Return a name in small letters, its words parted by spaces, without a number at its end."""
    words = name.lower().replace("_", " ").replace("-", " ").split()
    if len(words) > 1 and words[-1].startswith("(") and words[-1][1:-1].isdigit():
        words.pop()  # "crane (134)"
    return " ".join(words)


@cache
def _upwards(synset: int) -> frozenset[int]:
    """Return a synset and all above it."""
    above = (_upwards(each) for each in _table()[synset].hypernyms)
    return frozenset({synset}).union(*above)


@cache
def _by_word() -> dict[str, tuple[int, ...]]:
    words: dict[str, tuple[int, ...]] = {}
    for synset, entry in _table().items():
        for word in entry.words:
            words[_plain(word)] = (*words.get(_plain(word), ()), synset)
    return words


@cache
def _table() -> dict[int, _Synset]:
    """Return the synsets by number, those of ImageNet's classes first and in their order."""
    table = {}
    for line in _FILE.read_text(encoding="utf-8").splitlines():
        if not line.startswith("#"):
            number, words, hypernyms = line.split("\t")
            table[int(number)] = _Synset(
                tuple(words.split("|")), tuple(map(int, hypernyms.split()))
            )
    return table
