"""Atlases of what argues for a class: chosen from another atlas, and two classes side by side."""

from atlas_widget.classes.attributions import (
    SampleAttributions,
    check_weights,
    sample_attributions,
)
from atlas_widget.classes.comparison import compare_classes
from atlas_widget.classes.single import class_atlas

__all__ = [
    "SampleAttributions",
    "check_weights",
    "class_atlas",
    "compare_classes",
    "sample_attributions",
]
