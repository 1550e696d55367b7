"""The atlas as data: samples, places, grids, and how they are saved."""

from atlas_widget.atlas.atlas import DEFAULT_GRIDS, Atlas

__all__ = ["DEFAULT_GRIDS", "Atlas"]
