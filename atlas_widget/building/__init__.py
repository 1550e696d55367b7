"""From a model and images to a folder of atlases, however many samples; resumable at any point.

::

    folder/
        build.lock            who builds here
        shards/LAYER/         what is collected so far: a manifest and a file for each shard
        LAYER/                the finished atlas, as `Atlas.save` writes it; its shards are gone
"""

from atlas_widget.building.build import Collector, build_atlases

__all__ = ["Collector", "build_atlases"]
