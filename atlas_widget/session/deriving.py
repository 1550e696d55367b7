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
    _known: dict[int, Floats] = field(default_factory=dict, repr=False)
    _winning: npt.NDArray[np.int64] | None = field(default=None, repr=False)
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
            The atlas, as the last item.
        """
        if subject not in self._made:
            kind, *classes = subject
            numbers = [self.names.index(name) for name in classes]
            if kind == "winning" and self._winning is None:
                yield from self._compute_all(report)
            if any(number not in self._known for number in numbers):
                self._compute(numbers, report, cancelled)
                yield None
            self._made[subject] = whole(self._lay_out(kind, numbers, report, cancelled))
            while len(self._made) > _MAX_KEPT:
                del self._made[next(iter(self._made))]
        yield self._made[subject]

    def _compute(self, numbers: list[int], report: Report, cancelled: Callable[[], bool]) -> None:
        """Compute the values of all samples for a few classes."""
        from atlas_widget.classes import sample_attributions

        message = "Reading what the samples argue for"
        report("attribution", message, 0, len(self.atlas))
        found = sample_attributions(
            self.atlas,
            self.probe,
            self.source,
            numbers,
            batch_size=_CROPS_PER_SLICE,
            progress=lambda done, total: report("attribution", message, done, total),
            cancelled=cancelled,
        )
        for number in numbers:
            self._known[number] = found.of(number)

    def _compute_all(self, report: Report) -> Iterator[None]:
        """Compute the class that each sample argues for most, and cache all values."""
        from atlas_widget.classes import check_weights

        check_weights(self.atlas, self.probe)
        count = len(self.atlas)
        winning = np.empty(count, np.int64)
        for start in range(0, count, _SAMPLES_PER_SLICE):
            rows = np.arange(start, min(start + _SAMPLES_PER_SLICE, count))
            while not self.values.advance(rows):
                report("attribution", "Computing which class each sample argues for", start, count)
                yield None
            winning[rows] = np.nan_to_num(self.values.of(rows), nan=-np.inf).argmax(1)
        self._winning = winning

    def _lay_out(
        self, kind: str, numbers: list[int], report: Report, cancelled: Callable[[], bool]
    ) -> Atlas:
        from atlas_widget.classes import SampleAttributions, class_atlas, compare_classes

        classes = np.unique(numbers)
        attributions = SampleAttributions(
            np.stack([self._known[int(number)] for number in classes], axis=1),
            classes,
            self.probe.num_classes or 0,
            np.arange(len(self.atlas)),
            self._winning,
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
