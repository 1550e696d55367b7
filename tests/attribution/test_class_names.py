from __future__ import annotations

import pytest

from atlas_widget.attribution.class_names import class_name, class_names, class_number
from atlas_widget.errors import AttributionError

LABELS = ["tench", "crane", "Great White Shark", "crane"]


def test_every_class_has_a_name_of_its_own():
    names = class_names(["tabby", "crane", "fox: red", "crane", "Tiger"], 6)
    assert names == ["tabby", "crane (1)", "fox: red", "crane (3)", "Tiger", "class 5"]
    assert class_names(None, 2) == ["class 0", "class 1"]
    assert class_names(["a"], 0) == []


def test_by_number_and_by_name():
    assert class_number(2, LABELS) == 2
    assert class_number("great white shark", LABELS) == 2
    assert class_number("crane (3)", LABELS) == 3
    assert class_name(0, LABELS) == "tench"
    assert class_name(7, None) == "class 7"


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ("tensh", "'tench'"),
        ("crane", "'crane \\(1\\)' or 'crane \\(3\\)'"),
        ("shark", "'Great White Shark'"),
        (4, "there are 4"),
        (-1, "no class -1"),
        (None, "not by None"),
    ],
)
def test_what_is_meant_is_named(wrong, says):
    with pytest.raises(AttributionError, match=says):
        class_number(wrong, LABELS)


def test_a_name_without_labels():
    with pytest.raises(AttributionError, match="give its number"):
        class_number("tench", None)
