"""Class values (attributions to all classes) of samples, computed in slices and cached by sample.

A sample belongs to a cell of every grid. Values computed for a coarse cell are used for the finer
cells within it, for another layout of the same samples, and in the next session.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from atlas_widget.session.cells.scene import Scene
from atlas_widget.session.pictures.cache import PictureCache, digest

if TYPE_CHECKING:
    from atlas_widget.images.source import ImageSource
    from atlas_widget.probe import LayerProbe

__all__ = ["SampleValues"]

_IMAGES_PER_SLICE = 4  # images in one slice of work
_REFERENCE_IMAGES = 64  # images that choose the classes if computing all is too slow
_MAX_BYTES = 256 << 20  # in memory; the rest is on disk

Floats = npt.NDArray[np.float32]


class SampleValues:
    """The class values of a scene's samples.

    Stored in half precision relative to the sample's largest value, because the outputs of
    models differ by many orders of magnitude.

    Parameters
    ----------
    scene
        The scene with the samples.
    probe
        The layer.
    source
        The images that the samples come from, or None if they are not available.
    cache
        Stores computed values.
    budget
        Maximum bytes of values in memory; the least recently used ones are dropped first.

    Attributes
    ----------
    computed
        Number of samples whose values were computed here.
    """

    def __init__(
        self,
        scene: Scene,
        probe: LayerProbe,
        source: ImageSource | None,
        cache: PictureCache,
        *,
        budget: int = _MAX_BYTES,
    ) -> None:
        self._samples = scene.samples
        self._probe = probe
        self._source = source
        self._cache = cache
        self._most = max(64, budget // (2 * (probe.num_classes or 1)))
        self._known: dict[int, tuple[float, npt.NDArray[np.float16]]] = {}
        self._not_on_disk: set[int] = set()
        self._only: list[int] | None = None
        self.computed = 0

    @cached_property
    def fingerprint(self) -> str:
        """Fingerprint of the images; computed once, because it may read all of them."""
        return self._source.fingerprint() if self._source is not None else ""

    def has(self, samples: Iterable[int]) -> bool:
        """Return True if the values of all these samples are in memory."""
        return all(int(sample) in self._known for sample in samples)

    def of(self, samples: npt.NDArray[np.int64]) -> Floats:
        """Return the values of samples that are in memory, shape (len(samples), classes)."""
        rows = [self._known[int(sample)] for sample in samples]
        return np.stack([scale * row.astype(np.float32) for scale, row in rows])

    def column(self, samples: npt.NDArray[np.int64], class_: int) -> Floats:
        """Return one class's values of samples that are in memory, shape (len(samples),)."""
        rows = [self._known[int(sample)] for sample in samples]
        return np.array([scale * float(row[class_]) for scale, row in rows], np.float32)

    def fetch(self, samples: Iterable[int]) -> None:
        """Load the cached values of these samples from disk."""
        wanted = {int(sample) for sample in samples}.difference(self._known, self._not_on_disk)
        keys = {self._key(sample): sample for sample in sorted(wanted)}
        found = self._cache.arrays(keys)
        for key, sample in keys.items():
            row = found.get(key)
            if row is None or len(row) != self._probe.num_classes:
                self._not_on_disk.add(sample)
            else:
                self._keep(sample, *_packed(row))

    def advance(self, samples: npt.NDArray[np.int64]) -> bool:
        """Work on these samples for one slice; return True if all are in memory now."""
        self.fetch(samples)
        missing = [int(sample) for sample in samples if int(sample) not in self._known]
        part = np.array(missing[:_IMAGES_PER_SLICE], np.int64)
        if len(part):
            from atlas_widget.attribution import class_values
            from atlas_widget.collect import sample_images

            source = self._source
            if source is None:
                return False
            images = sample_images(self._samples, source, part, self._probe.input_size)
            positions = np.asarray(self._samples.positions)[part].astype(np.int64)
            rows = class_values(self._probe, images, positions, only=self._only)
            if self._probe.derivatives.one_by_one and self._only is None:
                self._only = self._classes_that_matter(source)
                rows = class_values(self._probe, images, positions, only=self._only)
            self.computed += len(rows)
            self._cache.put_arrays(
                {self._key(int(sample)): row for sample, row in zip(part, rows, strict=True)}
            )
            for sample, row in zip(part, rows, strict=True):
                self._keep(int(sample), *_packed(row))
                self._not_on_disk.discard(int(sample))
        # Move these to the end: the least recently used values are dropped first.
        for sample in samples:
            entry = self._known.pop(int(sample), None)
            if entry is not None:
                self._known[int(sample)] = entry
        return len(missing) <= len(part)

    def _classes_that_matter(self, source: ImageSource) -> list[int]:
        """Choose a few classes for all samples, if each class needs a pass of its own."""
        from atlas_widget.attribution import scores_that_matter
        from atlas_widget.collect import sample_images

        some = np.linspace(0, len(self._samples) - 1, min(len(self._samples), _REFERENCE_IMAGES))
        images = sample_images(self._samples, source, some.astype(np.int64), self._probe.input_size)
        return scores_that_matter(self._probe, images)

    def _keep(self, sample: int, scale: float, row: npt.NDArray[np.float16]) -> None:
        self._known[sample] = (scale, row)
        while len(self._known) > self._most:
            del self._known[next(iter(self._known))]

    def _key(self, sample: int) -> bytes:
        from atlas_widget.attribution.statistics import ATTRIBUTION_METHOD

        probe, samples = self._probe, self._samples
        return digest(
            "class values",
            ATTRIBUTION_METHOD,
            probe.weights_hash,
            probe.layer,
            probe.preprocessing.description,
            probe.target.key,
            self.fingerprint,
            samples.name(sample),
            np.ascontiguousarray(samples.crops[sample], dtype="<f4").tobytes(),
            np.ascontiguousarray(samples.positions[sample], dtype="<i2").tobytes(),
            bool(samples.flipped[sample]),
        )


def _packed(row: Floats) -> tuple[float, npt.NDArray[np.float16]]:
    scale = float(np.nan_to_num(np.abs(row)).max(initial=0.0)) or 1.0  # NaN: not computed
    return scale, (row / scale).astype(np.float16)
