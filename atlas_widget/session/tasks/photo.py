"""Placing of a photo's positions on the map, as a task."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from atlas_widget.progress import CancelledCallback, ProgressCallback, check_cancelled
from atlas_widget.session.tasks.task import Material

if TYPE_CHECKING:
    import pandas as pd

    from atlas_widget.atlas import Atlas

__all__ = ["PhotoPlacing", "PlacedPhoto"]

_MAX_POSITIONS = 64


@dataclass(frozen=True)
class PlacedPhoto:
    """A photo's positions on the map.

    Attributes
    ----------
    atlas
        The atlas among whose samples they fall.
    name
        What the photo is called; may be empty.
    pixels
        The photo as the model is given it, uint8 (side, side, 3).
    map_size
        Rows and columns of the layer's map.
    positions
        Rows and columns on it, (n, 2).
    xy
        Their places, (n, 2).
    samples
        The nearest sample of each, (n,).
    cosines
        The cosine to it, (n,).
    usual
        95 % of the samples have at least this cosine to a sample of another image.
    """

    atlas: Atlas
    name: str
    pixels: npt.NDArray[np.uint8]
    map_size: tuple[int, int]
    positions: npt.NDArray[np.int64]
    xy: npt.NDArray[np.float32]
    samples: npt.NDArray[np.int64]
    cosines: npt.NDArray[np.float32]
    usual: float | None

    def table(self, size: int) -> pd.DataFrame:
        """Return the positions as a table, with their cells on a grid.

        Parameters
        ----------
        size
            The grid.
        """
        import pandas as pd

        columns, rows = np.minimum((self.xy * size).astype(np.int64), size - 1).T
        ids = rows * size + columns
        known = set(self.atlas.grid(size).ids.tolist())
        usual = self.usual if self.usual is not None else -1.0
        return pd.DataFrame(
            {
                "row": self.positions[:, 0],
                "column": self.positions[:, 1],
                "x": self.xy[:, 0],
                "y": self.xy[:, 1],
                "cell": [int(cell) if cell in known else -1 for cell in ids.tolist()],
                "cosine": self.cosines,
                "unusual": self.cosines < usual,
                "nearest_image": [self.atlas.samples.name(int(each)) for each in self.samples],
            }
        )


@dataclass(frozen=True)
class PhotoPlacing:
    """Read a layer's activations off a photo, and find the samples most like them.

    Attributes
    ----------
    photo
        The contents of an image file, its path, or anything that `as_rgb` takes.
    name
        What to call it.
    """

    photo: Any
    name: str = ""

    def __call__(
        self, material: Material, progress: ProgressCallback, cancelled: CancelledCallback
    ) -> PlacedPhoto:
        """Place the photo."""
        from atlas_widget.atlas.likeness import usual_cosine
        from atlas_widget.images.decode import decode
        from atlas_widget.layout import nearest_places
        from atlas_widget.probe.pictures import as_rgb

        probe, atlas = material.probe, material.atlas
        photo = self.photo
        if isinstance(photo, str | os.PathLike):
            photo = Path(photo).expanduser()
        if isinstance(photo, bytes | Path):
            photo = decode(photo)
        if isinstance(photo, np.ndarray):
            photo = np.array(photo)  # one that may be written to, for PyTorch
        check_cancelled(cancelled)
        # a list: arrays are scaled and cropped as photos are
        side = probe.input_size
        rgb = as_rgb(photo if isinstance(photo, list) else [photo], side)[:1]
        seen = probe.activations(rgb)[0].cpu().numpy()
        rows, columns = seen.shape[1:]
        positions = _positions(rows, columns)
        found = nearest_places(
            seen[:, positions[:, 0], positions[:, 1]].T,
            atlas.activations,
            atlas.xy,
            progress=progress,
            cancelled=cancelled,
        )
        pixels = (rgb[0].permute(1, 2, 0).numpy() * 255).round().astype(np.uint8)
        return PlacedPhoto(
            atlas,
            self.name,
            pixels,
            (rows, columns),
            positions,
            found.places,
            found.samples,
            found.cosines,
            usual_cosine(atlas),
        )


def _positions(rows: int, columns: int) -> npt.NDArray[np.int64]:
    """Return positions evenly over the map, as samples have them: without the outermost ring."""
    margin = 1 if min(rows, columns) > 3 else 0
    inner = rows - 2 * margin, columns - 2 * margin
    stride = max(1, int(np.ceil(np.sqrt(inner[0] * inner[1] / _MAX_POSITIONS))))
    first = [margin + (length - 1) % stride // 2 for length in inner]
    return np.array(
        [
            (row, column)
            for row in range(first[0], rows - margin, stride)
            for column in range(first[1], columns - margin, stride)
        ],
        np.int64,
    )
