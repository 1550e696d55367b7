"""Checks that a cell's mean stands for its samples, and its place for their neighbourhood."""

from atlas_widget.diagnostics.cells import diagnose
from atlas_widget.diagnostics.dip import dip, dip_chance
from atlas_widget.diagnostics.directions import spread_counts
from atlas_widget.diagnostics.neighbors import neighbors_kept
from atlas_widget.diagnostics.split import Half, Split, split_cell

__all__ = [
    "Half",
    "Split",
    "diagnose",
    "dip",
    "dip_chance",
    "neighbors_kept",
    "split_cell",
    "spread_counts",
]
