import numpy as np
import pytest

from atlas_widget.attribution import ClassValue, naming_of
from atlas_widget.attribution.naming import LEAST_SHARE

CLEAR = [ClassValue(3, 0.5, 0.4, 0.6, True), ClassValue(1, 0.2, 0.1, 0.3, True)]
TIE = [ClassValue(3, 0.5, 0.4, 0.6, True), ClassValue(1, 0.45, 0.3, 0.6, True)]


@pytest.mark.parametrize(
    ("in_favour", "options", "winners", "why_not"),
    [
        (CLEAR, {}, (3,), ""),
        (CLEAR, {"lead": 2.0}, (3,), ""),
        (TIE, {"lead": 2.0}, (3, 1), ""),
        (CLEAR, {"lead": 10.0}, (), "too weak, 5 % of the usual lead"),
        (CLEAR, {"lead": 2.0, "untrained": True}, (), "looks untrained"),
        ([], {}, (), "it argues for no class"),
        ([ClassValue(3, 0.5, np.nan, np.nan)], {}, (), "one sample does not tell"),
        ([ClassValue(3, 0.5, -0.1, 1.1)], {}, (), "may be chance"),
        ([TIE[0], ClassValue(1, 0.45, 0.3, 0.6)], {}, (), "several are about as strong"),
    ],
)
def test_the_rule_gives_a_class_or_a_reason(in_favour, options, winners, why_not):
    found = naming_of(in_favour, **options)
    assert found.winners == winners
    assert why_not in found.why_not
    assert bool(found.why_not) != bool(found.winners)


def test_the_threshold_is_a_share_of_the_usual_lead():
    top = [ClassValue(0, 0.3, 0.29, 0.31)]
    assert naming_of(top, lead=0.3 / LEAST_SHARE * 0.99).winners
    assert not naming_of(top, lead=0.3 / LEAST_SHARE * 1.01).winners
