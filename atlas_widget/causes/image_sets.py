"""Images of each class, and some of them as pictures."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from atlas_widget.attribution.class_names import class_number
from atlas_widget.causes.pictures import as_pixels
from atlas_widget.causes.running import scores_of
from atlas_widget.collect import MIN_SAMPLES
from atlas_widget.errors import AtlasError
from atlas_widget.images.decode import UnreadableImageError
from atlas_widget.images.labels import UNKNOWN, image_classes
from atlas_widget.probe.pictures import as_rgb
from atlas_widget.progress import CancelledCallback, check_cancelled

if TYPE_CHECKING:
    from atlas_widget.atlas import Atlas
    from atlas_widget.atlas.samples import Samples
    from atlas_widget.images.labels import Given
    from atlas_widget.images.source import ImageSource
    from atlas_widget.probe import LayerProbe

__all__ = ["ClassImages"]

_BATCH = 16


@dataclass(frozen=True)
class ClassImages:
    """A source's images by class.

    Attributes
    ----------
    source : ImageSource
    classes : ndarray of int64, (images,)
        `UNKNOWN` where it is not known.
    size : int
        Side of the pictures that the model takes.
    told_by : str
        Who says so.
    notices : tuple of str
    """

    source: ImageSource
    classes: NDArray[np.int64]
    size: int
    told_by: str
    notices: tuple[str, ...] = ()

    @classmethod
    def of(
        cls,
        probe: LayerProbe,
        source: ImageSource,
        atlas: Atlas,
        given: Given | None = None,
        cancelled: CancelledCallback | None = None,
    ) -> ClassImages:
        """Find out which class each image is of; if nobody says, ask the model."""
        look_up = partial(_number, labels=atlas.labels, count=probe.num_classes)
        known = image_classes(source, look_up, given, num_classes=probe.num_classes)
        if known is not None:
            told_by = "as their labels say" if given is None else "as image_classes says"
            return cls(source, known, probe.input_size, told_by)
        classes = np.full(len(source), UNKNOWN, np.int64)
        indices = np.unique(atlas.samples.image_indices)
        indices = indices[indices < len(source)]
        for start in range(0, len(indices), _BATCH):
            check_cancelled(cancelled)
            part = indices[start : start + _BATCH].tolist()
            read = {index: _read(source, index, probe.input_size) for index in part}
            there = {index: pixels for index, pixels in read.items() if pixels is not None}
            if there:
                scores = scores_of(probe, np.concatenate(list(there.values())))
                classes[list(there)] = scores.argmax(1)
        notice = (
            "The images do not say which class they are of, so what the model takes each for "
            "stands in for it. A cue that always fools the model hides from that: image_classes= "
            "says it better."
        )
        return cls(source, classes, probe.input_size, "as the model takes them", (notice,))

    def of_samples(self, samples: Samples) -> NDArray[np.int64]:
        """Return the class of the image that each sample comes from."""
        indices = samples.image_indices[samples.image_ids]
        inside = indices < len(self.classes)
        return np.where(inside, self.classes[np.minimum(indices, len(self.classes) - 1)], UNKNOWN)

    def answerable(self, samples: Samples) -> dict[int, int]:
        """Return the classes between which cues can be looked for, with their numbers of samples.

        Parameters
        ----------
        samples : Samples
            Those of the atlas.

        Returns
        -------
        dict of int to int
            Classes with at least `MIN_SAMPLES` samples from their images, those of most first.
        """
        of = self.of_samples(samples)
        classes, counts = np.unique(of[of != UNKNOWN], return_counts=True)
        order = np.lexsort((classes, -counts))
        return {int(classes[at]): int(counts[at]) for at in order if counts[at] >= MIN_SAMPLES}

    def pictures(
        self,
        probe: LayerProbe,
        class_: int,
        count: int,
        cancelled: CancelledCallback | None = None,
    ) -> NDArray[np.uint8]:
        """Return images of a class that the model takes for it: (n, size, size, 3).

        Parameters
        ----------
        probe : LayerProbe
        class_ : int
        count : int
            At most so many, chosen at random, the same each time.
        cancelled : callable, optional
            Asked before each batch.
        """
        order = np.random.default_rng(0).permutation(np.flatnonzero(self.classes == class_))
        kept = np.zeros((0, self.size, self.size, 3), np.uint8)
        for start in range(0, len(order), _BATCH):
            if len(kept) >= count:
                break
            check_cancelled(cancelled)
            read = [
                _read(self.source, index, self.size)
                for index in order[start : start + _BATCH].tolist()
            ]
            there = [pixels for pixels in read if pixels is not None]
            if there:
                pictures = np.concatenate(there)
                right = scores_of(probe, pictures).argmax(1) == class_
                kept = np.concatenate([kept, pictures[right]])
        return kept[:count]


def _number(label: int | str, labels: list[str] | None, count: int | None) -> int | None:
    try:
        return class_number(label, labels, count)
    except AtlasError:
        return None


def _read(source: ImageSource, index: int, size: int) -> NDArray[np.uint8] | None:
    try:
        return as_pixels(as_rgb([source.open(index)], size))
    except UnreadableImageError:
        return None
