"""Collect activations of layers at random positions in random crops of images.

`collect` and `iter_collect` keep what they collect in memory. `plan_collections` says which samples
belong to which shard, and `collect_shard` collects any one of them, independently of the others.
"""

from atlas_widget.collect.again import sample_images
from atlas_widget.collect.checks import check_activations
from atlas_widget.collect.memory import collect, iter_collect
from atlas_widget.collect.plan import CollectionPlan, plan_collections
from atlas_widget.collect.same_places import collect_at_places
from atlas_widget.collect.settings import (
    CROP_SCALE,
    MIN_SAMPLES,
    NUM_SAMPLES,
    POSITIONS_PER_CROP,
    default_crop_scale,
)
from atlas_widget.collect.shard import CollectedShard, collect_shard

__all__ = [
    "CROP_SCALE",
    "MIN_SAMPLES",
    "NUM_SAMPLES",
    "POSITIONS_PER_CROP",
    "CollectedShard",
    "CollectionPlan",
    "check_activations",
    "collect",
    "collect_at_places",
    "collect_shard",
    "default_crop_scale",
    "iter_collect",
    "plan_collections",
    "sample_images",
]
