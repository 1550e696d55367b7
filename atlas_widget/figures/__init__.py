"""Cells as a figure for a paper: a matplotlib ``Figure``, and PNG, SVG or PDF with its provenance.

Nothing here touches pyplot or any global setting of matplotlib, so a figure can be made on any
thread while the user draws their own.
"""

from atlas_widget.figures.drawing import caption_of, figure
from atlas_widget.figures.files import (
    FORMATS,
    Exported,
    check_path,
    check_place,
    encode,
    export,
    free_path,
)
from atlas_widget.figures.still import STILL_BYTES, still_picture
from atlas_widget.figures.tiles import Mark, Name, Tile

__all__ = [
    "FORMATS",
    "STILL_BYTES",
    "Exported",
    "Mark",
    "Name",
    "Tile",
    "caption_of",
    "check_path",
    "check_place",
    "encode",
    "export",
    "figure",
    "free_path",
    "still_picture",
]
