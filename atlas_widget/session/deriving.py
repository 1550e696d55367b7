"""Derive the atlas of a class, or of two compared, from that of all samples, in steps."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from atlas_widget.errors import AttributionError
from atlas_widget.session.building import Built, Report, whole
from atlas_widget.session.subjects import Subject

if TYPE_CHECKING:
    from atlas_widget.atlas import Atlas
    from atlas_widget.images.source import ImageSource
    from atlas_widget.probe import LayerProbe
    from atlas_widget.session.cells.class_values import SampleValues

__all__ = ["Derivations", "check_derivable"]

_CROPS_PER_SLICE = 4  # commands wait at most for their gradients
_SAMPLES_PER_SLICE = 64
_MAX_KEPT = 4  # derived atlases
_FIRST_SAMPLES = 1000  # read before there is a map; of a class about a quarter of them are on it
_NEXT_FACTOR = 4  # the next map is of this times as many
_READING = "Reading what the samples argue for"
_READING_ON = "The map is of the samples read so far:"

Floats = npt.NDArray[np.float32]


@dataclass
class Derivations:
    """The atlases derived from an atlas, and the class values of its samples.

    Attributes
    ----------
    atlas
        The atlas of all samples.
    probe, source
        Its layer, and the images that it was made from.
    values
        Class values of its samples, computed in slices; needed to know which class wins.
    names
        The classes' names, from `class_names`.
    seed
        Seed of the layouts.
    """

    atlas: Atlas
    probe: LayerProbe
    source: ImageSource | None
    values: SampleValues
    names: Sequence[str]
    seed: int
    # of the first samples, in the atlas's order, as far as they have been read
    _known: dict[int, Floats] = field(default_factory=dict, repr=False)
    _winning: npt.NDArray[np.int64] = field(
        default_factory=lambda: np.zeros(0, np.int64), repr=False
    )
    _made: dict[Subject, Built] = field(default_factory=dict, repr=False)

    def derive(
        self, subject: Subject, report: Report, cancelled: Callable[[], bool]
    ) -> Iterator[Built | None]:
        """Make the atlas of a subject.

        Parameters
        ----------
        subject
            A validated subject other than all samples.
        report
            Called with stage, message, done and total, several times a second.
        cancelled
            Called between steps; once it returns True, `Cancelled` is raised.

        Yields
        ------
        Built or None
            Maps of the samples read so far, and the atlas as the last item.
        """
        if subject not in self._made:
            kind, *classes = subject
            numbers = [self.names.index(name) for name in classes]
            for count in self._parts(kind, numbers):
                yield from self._read(kind, numbers, count, report, cancelled)
                if count < len(self.atlas):
                    yield self._provisional(kind, numbers, count, report, cancelled)
            self._made[subject] = whole(
                self._lay_out(kind, numbers, len(self.atlas), report, cancelled)
            )
            while len(self._made) > _MAX_KEPT:
                del self._made[next(iter(self._made))]
        yield self._made[subject]

    def _parts(self, kind: str, numbers: list[int]) -> list[int]:
        """Return after how many samples a map is shown; the last one is that of all."""
        count = len(self.atlas)
        if all(self._done(number) == count for number in numbers) and (
            kind != "winning" or self._done_winning == count
        ):
            return [count]
        parts, first = [], _FIRST_SAMPLES
        while first <= count // 2:
            parts.append(first)
            first *= _NEXT_FACTOR
        return [*parts, count]

    def _done(self, number: int) -> int:
        return len(self._known.get(number, ()))

    def _read(
        self,
        kind: str,
        numbers: list[int],
        count: int,
        report: Report,
        cancelled: Callable[[], bool],
    ) -> Iterator[None]:
        """Compute the values of the first samples, as far as they are not known."""
        if kind == "winning":
            yield from self._compute_winning(count, report)
        by_done: dict[int, list[int]] = {}
        for number in dict.fromkeys(numbers):
            by_done.setdefault(self._done(number), []).append(number)
        for done, together in by_done.items():
            if done < count:
                self._compute(together, done, count, report, cancelled)
                yield None

    def _compute(
        self,
        numbers: list[int],
        start: int,
        stop: int,
        report: Report,
        cancelled: Callable[[], bool],
    ) -> None:
        """Compute the values of some samples for a few classes."""
        from atlas_widget.classes import sample_attributions

        message = _READING if start == 0 else _READING_ON
        total = len(self.atlas)
        report("attribution", message, start, total)
        found = sample_attributions(
            self.atlas,
            self.probe,
            self.source,
            numbers,
            samples=np.arange(start, stop),
            batch_size=_CROPS_PER_SLICE,
            progress=lambda done, _: report("attribution", message, start + done, total),
            cancelled=cancelled,
        )
        for number in numbers:
            known = self._known.get(number, np.zeros(0, np.float32))
            self._known[number] = np.concatenate([known, found.of(number)])

    def _compute_winning(self, count: int, report: Report) -> Iterator[None]:
        """Compute the class that each sample argues for most, and cache all values."""
        from atlas_widget.classes import check_weights

        check_weights(self.atlas, self.probe)
        total = len(self.atlas)
        for start in range(self._done_winning, count, _SAMPLES_PER_SLICE):
            rows = np.arange(start, min(start + _SAMPLES_PER_SLICE, count))
            while not self.values.advance(rows):
                report("attribution", "Computing which class each sample argues for", start, total)
                yield None
            winning = np.nan_to_num(self.values.of(rows), nan=-np.inf).argmax(1)
            self._winning = np.concatenate([self._winning, winning])

    @property
    def _done_winning(self) -> int:
        return len(self._winning)

    def _provisional(
        self,
        kind: str,
        numbers: list[int],
        count: int,
        report: Report,
        cancelled: Callable[[], bool],
    ) -> Built | None:
        """Return a map of what is known of the first samples; None if that is too little."""
        from atlas_widget.classes.single import grids_for

        try:
            atlas = self._lay_out(kind, numbers, count, report, cancelled)
        except AttributionError:  # told once all are known
            return None
        sizes = grids_for(len(atlas) * len(self.atlas) // count)  # about those of the last map
        return Built(atlas.samples, {size: atlas.grid(size) for size in sizes}, axes=atlas.axes)

    def _lay_out(
        self,
        kind: str,
        numbers: list[int],
        count: int,
        report: Report,
        cancelled: Callable[[], bool],
    ) -> Atlas:
        """Lay out what the first samples argue for."""
        from atlas_widget.classes import SampleAttributions, class_atlas, compare_classes

        classes = np.unique(numbers)
        attributions = SampleAttributions(
            np.stack([self._known[int(number)][:count] for number in classes], axis=1),
            classes,
            self.probe.num_classes or 0,
            np.arange(count),
            self._winning[:count] if kind == "winning" else None,
        )
        report("umap", "", 0, 0)
        options: dict[str, Any] = {
            "seed": self.seed,
            "device": self.probe.device,
            "progress": lambda done, total: report("umap", "", done, total),
            "cancelled": cancelled,
        }
        if kind == "comparison":
            first, other = numbers
            return compare_classes(self.atlas, first, other, attributions, **options)
        if kind == "winning":
            return class_atlas(self.atlas, numbers[0], attributions, by="winning", **options)
        return class_atlas(self.atlas, numbers[0], attributions, **options)


def check_derivable(probe: LayerProbe, source: ImageSource | None) -> None:
    """Raise if class values of a layer's samples cannot be computed."""
    if not probe.num_classes or probe.no_classes is not None:
        raise AttributionError(probe.no_classes or "The model has no classes.")
    if source is None:
        raise AttributionError("Class values cannot be computed without the images of the samples.")
