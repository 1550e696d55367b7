"""Attribution of a model's class scores, or of any scalar of its output, to positions of a picture.

For the activation h of a layer at one position, the value for a score is h · ∂score/∂h: how much
that position contributes to the score (of a class: before a softmax), to first order.
"""

from atlas_widget.attribution.naming import Naming, label_of, naming_of
from atlas_widget.attribution.output_scale import OutputScale, output_scale
from atlas_widget.attribution.statistics import (
    ClassValue,
    attribution_interval,
    top_classes,
)
from atlas_widget.attribution.values import (
    attribute,
    attribution_map,
    channel_attribution,
    class_values,
    scores_that_matter,
)
from atlas_widget.probe.similarity import similarity_to
from atlas_widget.probe.targets import Target, as_target

__all__ = [
    "ClassValue",
    "Naming",
    "OutputScale",
    "Target",
    "as_target",
    "attribute",
    "attribution_interval",
    "attribution_map",
    "channel_attribution",
    "class_values",
    "label_of",
    "naming_of",
    "output_scale",
    "scores_that_matter",
    "similarity_to",
    "top_classes",
]
