"""A grid's cells as a table, for a person to sort and to look things up in."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import pandas as pd

    from atlas_widget.atlas import Atlas
    from atlas_widget.grid import Grid

__all__ = ["cell_table"]


def cell_table(atlas: Atlas, grid: Grid) -> pd.DataFrame:
    """Return a grid's cells, a row a cell.

    Returns
    -------
    DataFrame
        Columns ``row``, ``col``, ``id`` (row · size + col), ``x`` and ``y`` (the cell's centre in
        [0, 1]), ``count`` (samples), ``label`` (None where it is not known, or not yet), ``sample``
        (the one nearest to the mean) and ``image`` (which that comes from). An atlas about a class
        also has ``influence`` (what the cell argues for it, on average; of two classes, for the
        first rather than the second), ``influence_low`` and ``influence_high``, a 95 % interval.
    """
    import pandas as pd

    nearest = grid.representatives()
    known = atlas.cell_labels.get(grid.size, {})
    labels = np.array([known.get(int(cell_id)) for cell_id in grid.ids], dtype=object)
    columns = {
        "row": grid.rows,
        "col": grid.cols,
        "id": grid.ids,
        "x": (grid.cols + 0.5) / grid.size,
        "y": (grid.rows + 0.5) / grid.size,
        "count": grid.counts,
        "label": pd.Series(labels, dtype=object),
        "sample": nearest,
        "image": [atlas.samples.name(int(sample)) for sample in nearest],
    }
    if atlas.influence is not None:
        cells = atlas.influence.cells(grid)
        columns["influence"] = cells.mean
        columns["influence_low"] = cells.low
        columns["influence_high"] = cells.high
    return pd.DataFrame(columns)
