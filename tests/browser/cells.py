"""Notebook cells that the tests share: a small atlas of the demo's real network and photos."""

from __future__ import annotations

IMPORTS = "from atlas_widget import AtlasWidget, demo"


def small_atlas(seed: int = 0) -> str:
    """Return a cell that shows an atlas of few samples; another seed is another atlas."""
    return (
        f"{IMPORTS}\n"
        "w = AtlasWidget(demo.model(), demo.LAYER, num_samples=400, grids=(5, 10), "
        f"seed={seed})\n"
        "w"
    )
