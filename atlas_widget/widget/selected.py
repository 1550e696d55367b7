"""The tables of the selected cells, and of the regions with a name."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

    from atlas_widget.session.session import Session

__all__ = ["region_table", "selected_cells"]


def region_table(session: Session) -> pd.DataFrame:
    """Return a table of the regions of the map that have a name.

    Parameters
    ----------
    session
        The session, with the scene shown.

    Returns
    -------
    DataFrame
        Columns name, share and cells, the largest region first.
    """
    import pandas as pd

    from atlas_widget.session.cells.regions import regions_of

    scene = session.scene
    found = regions_of(scene, session.model.source) if scene is not None else []
    rows = [(region.name, region.share, list(region.cells)) for region in found]
    return pd.DataFrame(rows, columns=["name", "share", "cells"])


def selected_cells(session: Session, grid: int, selection: Sequence[int]) -> pd.DataFrame:
    """Return a table of cells of the atlas shown, with labels and the state of pictures.

    Parameters
    ----------
    session
        The session, with the scene shown.
    grid, selection
        The cells; those that do not exist are ignored.

    Returns
    -------
    DataFrame
        The rows of `Atlas.cells`, with label, state, cosine, rank and made; empty if there
        is no atlas yet.
    """
    import pandas as pd

    scene, atlas = session.scene, session.shown_atlas
    if scene is None or atlas is None:
        return pd.DataFrame()
    cells = [cell for cell in selection if scene.has(grid, cell)]
    places = [scene.cells(grid)[cell] for cell in cells]
    table = atlas.cells(grid).iloc[places].copy()
    pictures, labels = session.snapshot(grid)
    shown = [pictures.get(cell) for cell in cells]
    table["label"] = [labels.get(cell) for cell in cells]
    table["state"] = [picture.state.word if picture else "crop" for picture in shown]
    table["cosine"] = [picture.cosine if picture else None for picture in shown]
    table["rank"] = [picture.rank if picture else None for picture in shown]
    table["made"] = [picture.made if picture else "" for picture in shown]
    return table
