"""The part of a figure's record that proves it: what is drawn, picture by picture, and by what."""

from __future__ import annotations

import hashlib
import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from atlas_widget import figures

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from atlas_widget.atlas import Atlas
    from atlas_widget.atlas.class_influence import Axis
    from atlas_widget.session.pictures.picture import Picture
    from atlas_widget.session.tasks.judging import CellJudgements
    from atlas_widget.session.tasks.shown import Shown

__all__ = [
    "PROOF_VERSION",
    "Drawn",
    "hash_layout",
    "hash_pixels",
    "machine",
    "proof_of",
    "versions",
]

PROOF_VERSION = 1
"""To be raised when what a record says no longer means the same."""

_DIGITS = 6


@dataclass(frozen=True)
class Drawn:
    """The things around the pictures of a figure.

    Attributes
    ----------
    caption
        The small print, or None.
    labels
        Whether each cell's label is written into it.
    dpi
        Dots an inch.
    names
        Names of regions.
    marks
        Numbered marks of notes.
    """

    caption: str | None
    labels: bool
    dpi: float
    names: tuple[figures.Name, ...] = ()
    marks: tuple[figures.Mark, ...] = ()

    def figure(
        self, tiles: Sequence[figures.Tile], grid: int, meaning: tuple[Axis, Axis] | None
    ) -> Figure:
        """Draw the cells of a grid; `meaning` is that of x and y, where they have one."""
        return figures.figure(
            tiles,
            caption=self.caption,
            labels=self.labels,
            dpi=self.dpi,
            grid=grid,
            meaning=meaning,
            names=self.names,
            marks=self.marks,
        )

    def record(self, tiles: Sequence[figures.Tile]) -> dict[str, Any]:
        """Return it in JSON's types."""
        return {
            "caption": self.caption,
            "labels": [tile.label for tile in tiles] if self.labels else None,
            "dpi": self.dpi,
            "names": [[name.text, name.x, name.y] for name in self.names],
            "notes": [[mark.number, mark.x, mark.y, mark.text] for mark in self.marks],
        }


def proof_of(
    shown: Shown, pictures: Sequence[Picture], judged: CellJudgements | None
) -> dict[str, Any]:
    """Return what tells whether a figure that is made again is the same, in JSON's types.

    Parameters
    ----------
    shown
        The cells shown.
    pictures
        The pictures of the figure's cells, in their order.
    judged
        What a second network says of them.
    """
    scene = shown.scene
    hashes = [hash_pixels(picture.pixels) for picture in pictures]
    return {
        "proof": PROOF_VERSION,
        "subject": list(scene.subject),
        "seed": shown.seed,
        "base": scene.base,
        "each": {
            "state": [picture.state.word for picture in pictures],
            "hash": hashes,
            "cosine": [_rounded(picture.cosine) for picture in pictures],
            "rank": [picture.rank for picture in pictures],
        },
        "judge": None if judged is None else judged.record(),
        "hash": hashlib.blake2b("".join(hashes).encode(), digest_size=16).hexdigest(),
        "layout": None if scene.atlas is None else hash_layout(scene.atlas),
        "min_count": None if scene.atlas is None else scene.atlas.min_count,
        "versions": dict(versions()),
        "machine": machine(shown.device),
        "device": shown.device,
        "threads": shown.threads,
    }


def hash_pixels(pixels: npt.NDArray[np.uint8]) -> str:
    """Hash a picture."""
    digest = hashlib.blake2b(str(pixels.shape).encode(), digest_size=8)
    digest.update(np.ascontiguousarray(pixels).data)
    return digest.hexdigest()


def hash_layout(atlas: Atlas) -> str:
    """Hash the places of an atlas's samples."""
    return hashlib.blake2b(np.ascontiguousarray(atlas.xy).data, digest_size=16).hexdigest()


def versions() -> Mapping[str, str]:
    """Return the versions of what makes pictures and figures."""
    from atlas_widget.build.provenance import package_versions

    return package_versions(["matplotlib"])


def machine(device: str) -> str:
    """Return the kind of machine: its system, and the processor that pictures are made on."""
    import torch

    if device.startswith("cuda") and torch.cuda.is_available():
        worked = torch.cuda.get_device_name(device)
    else:
        worked = torch.backends.cpu.get_cpu_capability()
    return f"{platform.system()} {platform.machine()}, {worked}"


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(float(value), _DIGITS)
