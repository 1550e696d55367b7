import pytest

from atlas_widget.attribution.class_names import class_names
from atlas_widget.errors import AtlasError
from atlas_widget.widget.overlays import OVERLAYS, check_overlay

NAMES = class_names(["tabby", "crane", "fox: red", "crane", "Tiger"], 6)


@pytest.mark.parametrize("kind", OVERLAYS)
def test_overlays_are_named_whatever_the_capitals(kind):
    assert check_overlay(kind.upper(), NAMES) == kind
    assert check_overlay(f" {kind} ", []) == kind


@pytest.mark.parametrize(
    ("asked", "meant"),
    [
        ("influence: tabby", "tabby"),
        ("Influence:TABBY", "tabby"),
        ("influence: fox: red", "fox: red"),
        ("influence: crane (3)", "crane (3)"),
        ("influence: 3", "crane (3)"),
        ("influence: class 5", "class 5"),
    ],
)
def test_a_class_is_meant_by_its_name_or_number(asked, meant):
    text = check_overlay(asked, NAMES)
    assert text == f"influence: {meant}"
    assert check_overlay(text, NAMES) == text, "what is written can be read again"


def test_a_class_called_by_a_number_goes_before_the_class_of_that_number():
    assert check_overlay("influence: 1", ["1", "0"]) == "influence: 1"


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ("densty", "Did you mean 'density'"),
        ("influence", "influence: "),
        ("influence: taby", "'tabby'"),
        ("influence: crane", r"'crane \(1\)' or 'crane \(3\)'"),
        ("influence: 6", "among 6"),
        ("influence: -1", "no class '-1'"),
        (None, "not None"),
        (7, "not 7"),
        ("x" * 10**6, "An overlay is"),
    ],
)
def test_what_does_not_exist_is_refused_with_the_nearest_right_answer(asked, said):
    with pytest.raises(AtlasError, match=said) as caught:
        check_overlay(asked, NAMES)
    assert len(str(caught.value)) < 300


def test_without_classes_there_is_no_influence():
    with pytest.raises(AtlasError, match="no classes"):
        check_overlay("influence: tabby", [])
