"""From a model and images to a folder of atlases, however many samples; resumable at any point.

::

    folder/
        build.lock            held by who builds here
        build.holder          who that is
        shards/LAYER/         what is collected so far: a manifest and a file for each shard
        LAYER/                the finished atlas, as `Atlas.save` writes it; its shards are gone
"""

from atlas_widget.build.build import build_atlas
from atlas_widget.build.in_folder import Collector, build_atlases
from atlas_widget.build.provenance import atlas_key

__all__ = ["Collector", "atlas_key", "build_atlas", "build_atlases"]
