"""What a person does with the atlas on show, from Python: look up, choose."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from atlas_widget.state import AtlasState
from atlas_widget.traits import check_cells, check_grid

if TYPE_CHECKING:
    import pandas as pd

    from atlas_widget.atlas import Atlas

__all__ = ["Exploring"]


class Exploring(AtlasState):
    """The part of an :class:`~atlas_widget.AtlasWidget` that finds and chooses cells."""

    @property
    def atlas(self) -> Atlas | None:
        """The atlas on show, or None until it stands (see :meth:`wait`)."""
        return self._session.atlas

    @property
    def selected(self) -> pd.DataFrame:
        """The selected cells as a table: place, count, label, and how good each picture is."""
        import pandas as pd

        scene, atlas = self._session.scene, self.atlas
        if scene is None or atlas is None:
            return pd.DataFrame()
        grid = self.level
        cells = [cell for cell in self.selection if scene.has(grid, cell)]
        places = [scene.cells(grid)[cell] for cell in cells]
        table = atlas.cells(grid).iloc[places].copy()
        pictures, labels = self._session.snapshot(grid)
        shown = [pictures.get(cell) for cell in cells]
        table["label"] = [labels.get(cell) for cell in cells]
        table["state"] = [picture.state.word if picture else "crop" for picture in shown]
        table["cosine"] = [picture.cosine if picture else None for picture in shown]
        table["rank"] = [picture.rank if picture else None for picture in shown]
        return table

    @property
    def notices(self) -> tuple[str, ...]:
        """What was assumed or went less well, such as a transform that nobody named."""
        return self._session.tell.notices

    def select(self, cells: Iterable[int], grid: int | None = None) -> None:
        """Select cells.

        Parameters
        ----------
        cells
            Ids of cells; none clears the selection.
        grid
            The grid that they belong to; by default the one on show.
        """
        scene = self._session.scene
        level = self.level if grid is None else grid
        if scene is not None:
            check_grid(level, scene)
        chosen = check_cells(cells, level, scene)
        with self._lock, self.hold_sync(), self.hold_trait_notifications():
            self.level = level
            self.selection = chosen
