"""Samples → x, y: similar activations lie close together, however many there are."""

from atlas_widget.layout.anchored import anchored_layout
from atlas_widget.layout.fallback import LaidOut, lay_out
from atlas_widget.layout.nearest import NearestPlaces, mean_places, nearest_places
from atlas_widget.layout.others import Embedding, OtherLayout, other_layout
from atlas_widget.layout.plane import FIT_SAMPLES, default_neighbors, quick_layout, umap_layout
from atlas_widget.layout.process import umap_ready
from atlas_widget.layout.spreading import spread

__all__ = [
    "FIT_SAMPLES",
    "Embedding",
    "LaidOut",
    "NearestPlaces",
    "OtherLayout",
    "anchored_layout",
    "default_neighbors",
    "lay_out",
    "mean_places",
    "nearest_places",
    "other_layout",
    "quick_layout",
    "spread",
    "umap_layout",
    "umap_ready",
]
