"""The contents of a page: an atlas with the pictures and classes of some of its grids."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from atlas_widget.errors import CellError
from atlas_widget.page.icon import Icon

if TYPE_CHECKING:
    from atlas_widget.atlas import Atlas
    from atlas_widget.atlas.grid import Grid
    from atlas_widget.page.units import PageUnits

__all__ = ["CellRecord", "ClassEntry", "Icon", "PageContents", "PageGrid", "page_grids"]

_MANY_CELLS = 10_000
_MAX_DIAGNOSED = 100_000  # samples, among which each one's neighbours are looked for

_FINEST_BY_DEFAULT = 40

ClassEntry = tuple[int, float, float, float]
"""Number of a class, a cell's value for it, and the ends of its 95 % interval (NaN for none)."""


@dataclass(frozen=True, slots=True)
class CellRecord:
    """The classes of a cell, as far as they are known.

    Attributes
    ----------
    label
        Its label; None if its classes are uncertain.
    winners
        Numbers of the one or two classes of the label.
    leading
        The class that it argues for most, be that certain or not.
    pro, contra
        The classes that it argues for and against most; None if they are not known.
    clear
        All classes that it clearly argues for.
    why_not
        The reason why it has no label; empty if it has one.
    """

    label: str | None
    winners: tuple[int, ...] = ()
    leading: int | None = None
    pro: Sequence[ClassEntry] | None = None
    contra: Sequence[ClassEntry] | None = None
    clear: Sequence[ClassEntry] = ()
    why_not: str = ""


@dataclass(frozen=True)
class PageGrid:
    """One grid of a page.

    Attributes
    ----------
    grid
        The cells.
    icons
        Pictures by the cells' ids; cells without one show that of a coarser cell.
    cells
        Classes by the cells' ids.
    """

    grid: Grid
    icons: Mapping[int, Icon] = field(default_factory=dict)
    cells: Mapping[int, CellRecord] = field(default_factory=dict)


@dataclass(frozen=True)
class PageContents:
    """Everything that a page is made of.

    Attributes
    ----------
    atlas
        The atlas; its provenance goes into the page as it is.
    grids
        The grids of the page.
    model
        The model's name.
    class_names
        One name for each class; empty if there are none.
    no_classes
        The reason why there are no classes.
    names_assumed
        Whether the names of classes are a guess.
    lead
        How far an image's first class usually is ahead of its second, in logits; None: not known.
    crops
        Whether real crops, parts of the user's images, go into the page.
    subject
        The subject of the atlas, as the widget's trait has it.
    regions
        Named regions, as fields of the message of that name; None without any.
    notes
        Notes of users, as fields of the message of that name; None without any.
    units
        Pages of units; None without any.
    """

    atlas: Atlas
    grids: Sequence[PageGrid]
    model: str
    class_names: Sequence[str] = ()
    no_classes: str = "The page was written without classes."
    names_assumed: bool = False
    lead: float | None = None
    crops: bool = False
    subject: Sequence[str] = ()
    regions: Mapping[str, Any] | None = None
    notes: Mapping[str, Any] | None = None
    units: PageUnits | None = None

    @property
    def diagnosed(self) -> bool:
        """True if the page says how far the means of cells are to be trusted."""
        return len(self.atlas) <= _MAX_DIAGNOSED

    @property
    def thrifty(self) -> bool:
        """True if there are so many cells that each has to take fewer bytes."""
        return sum(len(grid.grid) for grid in self.grids) > _MANY_CELLS


def page_grids(available: Iterable[int], wanted: int | Iterable[int] | None) -> tuple[int, ...]:
    """Return the grids that go into a page, coarsest first.

    Parameters
    ----------
    available
        Sizes of the atlas's grids.
    wanted
        One or several of them; None for those of up to 40 × 40 cells, or the coarsest alone.

    Raises
    ------
    CellError
        The atlas has no such grid.
    """
    sizes = sorted(available)
    if wanted is None:
        return tuple(size for size in sizes if size <= _FINEST_BY_DEFAULT) or (sizes[0],)
    asked = [wanted] if isinstance(wanted, int) else list(wanted)
    missing = [size for size in asked if size not in sizes]
    if missing or not asked:
        named = ", ".join(map(str, sizes))
        nearest = (
            f" The nearest is {min(sizes, key=lambda s: abs(s - missing[0]))}."
            if (missing and isinstance(missing[0], int))
            else ""
        )
        said = ", ".join(repr(size) for size in missing) or "none"
        raise CellError(f"grids={said}: the atlas has the grids {named}.{nearest}")
    return tuple(sorted(set(asked)))
