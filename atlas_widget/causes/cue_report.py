"""Result of a search for spurious cues."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import pandas as pd

    from atlas_widget.causes.causal_test import CausalTest
    from atlas_widget.causes.patch_outcome import PatchTest

__all__ = ["Cue", "CueReport"]


@dataclass(frozen=True)
class Cue:
    """A direction that argues for a class from places where that class is not.

    Attributes
    ----------
    argues_for, other : int
        The class it argues for, and the one of the images that it is seen in.
    label, other_label : str
        Their names.
    size : int
        The grid that `cells` are of.
    cells : tuple of int
        Ids of the cells, the strongest first; further ones point the same way.
    direction : ndarray of float32, (channels,)
        The mean activation of its misplaced samples.
    samples : ndarray of int64
        The misplaced samples, the strongest first: numbers in the atlas, whose thumbnails are what
        the layer saw.
    count : int
        How many samples of the two classes' images the first cell has, misplaced or not.
    influence, low, high : float
        What the first cell's misplaced samples argue for it rather than for the other, averaged
        over all samples of the cell, and the 95 % interval.
    patch : ndarray of uint8, (height, width, 3)
        What the layer saw in the strongest sample: what is pasted to measure it.
    effect : CausalTest, optional
        How pasting it changes the difference of the two scores on images of the other class:
        predicted by attribution, and measured.
    test : PatchTest, optional
        How often pasting it flips them, against noise and random cells.
    """

    argues_for: int
    other: int
    label: str
    other_label: str
    size: int
    cells: tuple[int, ...]
    direction: NDArray[np.float32] = field(repr=False)
    samples: NDArray[np.int64] = field(repr=False)
    count: int
    influence: float
    low: float
    high: float
    patch: NDArray[np.uint8] = field(repr=False)
    effect: CausalTest | None = field(default=None, repr=False)
    test: PatchTest | None = field(default=None, repr=False)

    @property
    def predicted(self) -> float:
        """Mean predicted change of the difference of scores; NaN where it was not measured."""
        return float(self.effect.predicted.mean()) if self.effect is not None else float("nan")

    @property
    def measured(self) -> float:
        """Mean actual change of the difference of scores; NaN where it was not measured."""
        return float(self.effect.actual.mean()) if self.effect is not None else float("nan")

    @property
    def confirmed(self) -> bool:
        """True if pasting it flips more images than its controls do."""
        return self.test is not None and self.test.confirmed

    @property
    def rank(self) -> tuple[bool, float, float]:
        """Sort key of cues: confirmed, then the measured effect, then the influence."""
        return self.confirmed, self._least_effect, self.low

    @property
    def _least_effect(self) -> float:
        if self.effect is None or len(self.effect) < 2:
            return float("-inf")
        actual = self.effect.actual[:, 0].astype(np.float64)
        return float(actual.mean() - 2 * actual.std(ddof=1) / len(actual) ** 0.5)

    def with_cells(self, *cells: int) -> Cue:
        """Return it with further cells that point the same way."""
        return replace(self, cells=(*self.cells, *cells))

    def __str__(self) -> str:
        parts = [
            f"argues for {self.label!r} in images of {self.other_label!r}: cell {self.cells[0]}"
            + (f" and {len(self.cells) - 1} like it" if len(self.cells) > 1 else ""),
            f"{len(self.samples)} samples, influence {self.influence:+.3g}",
        ]
        if self.effect is not None:
            parts.append(f"pasting it {self.measured:+.3g} (predicted {self.predicted:+.3g})")
        if self.test is not None:
            noise = self.test.controls["noise"]
            parts.append(f"flips {self.test.patch.rate:.0%} (noise {noise.rate:.0%})")
        return ", ".join(parts)


@dataclass(frozen=True)
class CueReport:
    """Cues, the most telling first.

    Attributes
    ----------
    cues : tuple of Cue
    candidates : int
        How many directions argued for one class from images of the other.
    samples : int
        How many samples of the two classes' images there were.
    notices : tuple of str
        What was assumed, or could not be measured.
    """

    cues: tuple[Cue, ...]
    candidates: int
    samples: int
    notices: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.cues)

    def __iter__(self) -> Iterator[Cue]:
        return iter(self.cues)

    def __getitem__(self, index: int) -> Cue:
        return self.cues[index]

    def __str__(self) -> str:
        lines = [f"{number}. {cue}" for number, cue in enumerate(self.cues, 1)]
        head = f"{len(self)} of {self.candidates} candidates in {self.samples:,} samples"
        return "\n".join([head, *lines, *self.notices])

    def to_frame(self) -> pd.DataFrame:
        """Return the cues as a table, a row a cue."""
        import pandas as pd

        return pd.DataFrame(
            [
                {
                    "argues for": cue.label,
                    "in images of": cue.other_label,
                    "cells": list(cue.cells),
                    "samples": len(cue.samples),
                    "influence": cue.influence,
                    "low": cue.low,
                    "high": cue.high,
                    "predicted": cue.predicted,
                    "measured": cue.measured,
                    "flips": cue.test.patch.rate if cue.test is not None else float("nan"),
                    "noise flips": (
                        cue.test.controls["noise"].rate if cue.test is not None else float("nan")
                    ),
                    "confirmed": cue.confirmed,
                }
                for cue in self.cues
            ]
        )
