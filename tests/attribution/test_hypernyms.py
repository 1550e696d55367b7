"""Classes are found by what they are kinds of, ImageNet's and others."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

from atlas_widget import demo
from atlas_widget.attribution.class_names import class_names
from atlas_widget.attribution.hypernyms import classes_called, kinds_of


def kinds(names, word: str) -> set[str]:
    """Names of the classes that are a kind of that."""
    found = [kind for kind in kinds_of(names) if word in kind.words]
    return {names[number] for kind in found for number in kind.classes}


@pytest.mark.parametrize(
    ("word", "some", "count"),
    [
        ("dog", {"golden retriever", "Chihuahua", "Mexican hairless"}, 118),
        ("domestic cat", {"tabby", "Egyptian cat"}, 5),
        ("bird", {"goldfinch", "ostrich", "king penguin"}, 59),
        ("fish", {"tench", "great white shark"}, 16),
        ("motor vehicle", {"convertible", "fire engine"}, 22),
        ("red panda", {"lesser panda"}, 1),
    ],
)
def test_imagenets_classes(word: str, some: set[str], count: int) -> None:
    found = kinds(class_names(demo.labels(), 1000), word)
    assert some <= found
    assert len(found) == count
    assert "hotdog" not in kinds(demo.labels(), "dog")


def test_of_two_classes_of_one_name_each_is_its_own() -> None:
    labels = list(demo.labels())
    labels[134] = labels[517] = "crane"
    names = class_names(labels, 1000)
    assert [name for name in kinds(names, "bird") if "crane" in name] == ["crane (134)"]
    assert [name for name in kinds(names, "device") if "crane" in name] == ["crane (517)"]


def test_a_users_own_classes_are_found_by_their_words() -> None:
    names = ["golden_retriever", "Airplane", "my hunting dog", "blorp", "cat (3)", "class 5"]
    assert kinds(names, "dog") == {"golden_retriever", "my hunting dog"}
    assert kinds(names, "vehicle") == {"Airplane"}
    assert {"golden_retriever", "my hunting dog", "cat (3)"} == kinds(names, "animal")
    assert not any(3 in kind.classes for kind in kinds_of(names))
    assert kinds_of([]) == ()


def test_what_holds_nearly_everything_is_no_kind_to_look_for() -> None:
    every = kinds_of(demo.labels())
    assert max(len(kind.classes) for kind in every) < 600
    assert not any("entity" in kind.words for kind in every)


def test_the_table_names_its_source_and_licence() -> None:
    spec = importlib.util.find_spec("atlas_widget.attribution")
    folder = Path(spec.origin).parent / "wordnet"
    head = (folder / "imagenet.tsv").read_text(encoding="utf-8")[:600]
    assert "WordNet 3.0 Copyright 2006 by Princeton University" in head
    assert "Permission to use, copy, modify and distribute" in (folder / "LICENSE").read_text()


def test_classes_are_called_by_whole_words() -> None:
    names = ["hotdog", "sea lion", "lion", "golden retriever", "lionfish"]
    assert classes_called("Lion", names) == {1, 2}
    assert classes_called("dog", names) == {3}
    assert classes_called("fish", names) == {4}
    assert classes_called("  ", names) == set()
