import pytest

from atlas_widget.errors import AtlasError
from atlas_widget.session.subjects import check_subject, describe_subject, subject_of_class

NAMES = ["fireboat", "liner", "crane (2)", "crane (3)"]


def test_a_subject_names_its_classes_as_the_overlays_do():
    assert check_subject([], NAMES) == []
    assert check_subject(("class", "FIREBOAT"), NAMES) == ["class", "fireboat"]
    assert check_subject(["comparison", "0", "liner"], NAMES) == ["comparison", "fireboat", "liner"]
    assert subject_of_class(3, "winning", NAMES) == ["winning", "crane (3)"]


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("class", "such as"),
        (["clas", "fireboat"], "Did you mean 'class'"),
        (["class"], "takes one class, not 0"),
        (["comparison", "liner"], "takes two classes, not 1"),
        (["comparison", "liner", "1"], "give two classes"),
        (["class", "crane"], r"crane \(2\)' or 'crane \(3\)'"),
    ],
)
def test_what_is_no_subject_is_refused_with_the_nearest_that_is(value, said):
    with pytest.raises(AtlasError, match=said):
        check_subject(value, NAMES)


def test_a_filter_that_does_not_exist_is_refused_with_those_that_do():
    with pytest.raises(AtlasError, match="neither 'influence' nor 'winning'"):
        subject_of_class(0, "magnitude", NAMES)


def test_captions_say_what_a_subject_is():
    assert describe_subject([]) == ""
    assert describe_subject(["winning", "liner"]) == "won by liner"
    assert describe_subject(["comparison", "liner", "fireboat"]) == "liner or fireboat"
