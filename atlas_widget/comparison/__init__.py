"""Comparison of atlases over the same images: two layers, checkpoints or models, or a series."""

from atlas_widget.comparison.compare import compare_atlases
from atlas_widget.comparison.result import AtlasComparison
from atlas_widget.comparison.series import AtlasSeries, compare_series

__all__ = ["AtlasComparison", "AtlasSeries", "compare_atlases", "compare_series"]
