"""One image through the layers of a model: what each sees, and what comes of it."""

from atlas_widget.reading.attributions import Attribution, Completeness
from atlas_widget.reading.dictionary import ActivationGrid
from atlas_widget.reading.groups import Groups, explained_shares, find_groups
from atlas_widget.reading.image_reading import ImageReading
from atlas_widget.reading.influence import Influence
from atlas_widget.reading.interventions import Deletion
from atlas_widget.reading.read import activation_groups, read_image, read_with_probes
from atlas_widget.reading.shared_groups import SharedGroups, find_shared_groups

__all__ = [
    "ActivationGrid",
    "Attribution",
    "Completeness",
    "Deletion",
    "Groups",
    "ImageReading",
    "Influence",
    "SharedGroups",
    "activation_groups",
    "explained_shares",
    "find_groups",
    "find_shared_groups",
    "read_image",
    "read_with_probes",
]
