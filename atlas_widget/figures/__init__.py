"""Cells as a figure for a paper: a matplotlib ``Figure``, and PNG, SVG or PDF with its provenance.

Nothing here touches pyplot or any global setting of matplotlib, so a figure can be made on any
thread while the user draws their own.
"""

from atlas_widget.figures.drawing import Tile, caption_of, figure
from atlas_widget.figures.files import FORMATS, Exported, check_path, check_place, export, free_path

__all__ = [
    "FORMATS",
    "Exported",
    "Tile",
    "caption_of",
    "check_path",
    "check_place",
    "export",
    "figure",
    "free_path",
]
