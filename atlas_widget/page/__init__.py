"""An atlas as one HTML file, without a kernel: it opens by a double click and asks nobody.

The file holds the same view as the widget, with what a view can ask a kernel: the layout, the
pictures, what cells argue for, how far their means are to be trusted, and provenance.
"""

from atlas_widget.page.contents import (
    CellRecord,
    ClassEntry,
    Icon,
    PageContents,
    PageGrid,
    page_grids,
)
from atlas_widget.page.crops import ships_its_photos
from atlas_widget.page.units import PageUnits, Told
from atlas_widget.page.writing import WrittenPage, check_target, write_page

__all__ = [
    "CellRecord",
    "ClassEntry",
    "Icon",
    "PageContents",
    "PageGrid",
    "PageUnits",
    "Told",
    "WrittenPage",
    "check_target",
    "page_grids",
    "ships_its_photos",
    "write_page",
]
