"""Table of a grid's cells, to sort and to look things up in."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

    from atlas_widget.atlas.class_influence import Influence
    from atlas_widget.atlas.grid import Grid
    from atlas_widget.atlas.samples import Samples

__all__ = ["cell_table"]


def cell_table(
    grid: Grid,
    samples: Samples,
    labels: Mapping[int, str | None],
    influence: Influence | None = None,
) -> pd.DataFrame:
    """Return a grid's cells, a row a cell.

    Parameters
    ----------
    grid : Grid
        The grid.
    samples : Samples
        What its cells are means of.
    labels : mapping of int to str or None
        Labels by cell id, as far as they are known.
    influence : Influence, optional
        What the samples argue for, of an atlas about a class.

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
    named = np.array([labels.get(int(cell_id)) for cell_id in grid.ids], dtype=object)
    columns = {
        "row": grid.rows,
        "col": grid.cols,
        "id": grid.ids,
        "x": (grid.cols + 0.5) / grid.size,
        "y": (grid.rows + 0.5) / grid.size,
        "count": grid.counts,
        "label": pd.Series(named, dtype=object),
        "sample": nearest,
        "image": [samples.name(int(sample)) for sample in nearest],
    }
    if influence is not None:
        cells = influence.cells(grid)
        columns["influence"] = cells.mean
        columns["influence_low"] = cells.low
        columns["influence_high"] = cells.high
    return pd.DataFrame(columns)
