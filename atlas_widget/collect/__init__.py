"""Collect activations of layers at random positions in random crops of images.

`collect` and `iter_collect` keep what they collect in memory. `CollectionPlan` says which samples
belong to which shard, `collect_shard` collects one of them, and `collect_to_disk` all, whatever
happens in between.
"""

from atlas_widget.collect.again import sample_images
from atlas_widget.collect.checks import check_activations
from atlas_widget.collect.memory import collect, iter_collect
from atlas_widget.collect.settings import (
    CROP_SCALE,
    FEWEST_SAMPLES,
    NUM_SAMPLES,
    POSITIONS_PER_CROP,
    default_crop_scale,
)

__all__ = [
    "CROP_SCALE",
    "FEWEST_SAMPLES",
    "NUM_SAMPLES",
    "POSITIONS_PER_CROP",
    "check_activations",
    "collect",
    "default_crop_scale",
    "iter_collect",
    "sample_images",
]
