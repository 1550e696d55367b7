"""What samples argue for, all classes at once: computed a few at a time and kept by sample.

A sample belongs to a cell of every grid. What was computed for a coarse cell serves the finer ones
within it, another layout of the same samples, and the next session.
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

_AT_ONCE = 4  # images in one slice of work
_JUDGES = 64  # images that decide which classes matter, where not all can be computed
_BUDGET = 256 << 20  # bytes in memory; the disk has the rest

Floats = npt.NDArray[np.float32]


class SampleValues:
    """The class values of a scene's samples.

    Kept in half precision, each sample relative to its largest value: models differ by many
    orders of magnitude in what their outputs are.

    Parameters
    ----------
    scene
        Whose samples.
    probe
        The network.
    source
        The images that the samples come from, or None if they are not at hand.
    cache
        Keeps what was computed.
    budget
        Bytes that values may take in memory; what was used least recently goes first.

    Attributes
    ----------
    computed
        How many samples' values were computed here.
    """

    def __init__(
        self,
        scene: Scene,
        probe: LayerProbe,
        source: ImageSource | None,
        cache: PictureCache,
        *,
        budget: int = _BUDGET,
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
        """Of the images; once, since it may read all of them."""
        return self._source.fingerprint() if self._source is not None else ""

    def has(self, samples: Iterable[int]) -> bool:
        """Return whether the values of all these samples are at hand."""
        return all(int(sample) in self._known for sample in samples)

    def of(self, samples: npt.NDArray[np.int64]) -> Floats:
        """Return the values of samples that are at hand, shape (len(samples), classes)."""
        rows = [self._known[int(sample)] for sample in samples]
        return np.stack([scale * row.astype(np.float32) for scale, row in rows])

    def column(self, samples: npt.NDArray[np.int64], class_: int) -> Floats:
        """Return the values of one class for samples that are at hand, shape (len(samples),)."""
        rows = [self._known[int(sample)] for sample in samples]
        return np.array([scale * float(row[class_]) for scale, row in rows], np.float32)

    def fetch(self, samples: Iterable[int]) -> None:
        """Take from the disk what it has of these samples."""
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
        """Work on these samples for one slice; return whether all are at hand now."""
        self.fetch(samples)
        missing = [int(sample) for sample in samples if int(sample) not in self._known]
        part = np.array(missing[:_AT_ONCE], np.int64)
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
        # What is used now must outlast what was used before.
        for sample in samples:
            entry = self._known.pop(int(sample), None)
            if entry is not None:
                self._known[int(sample)] = entry
        return len(missing) <= len(part)

    def _classes_that_matter(self, source: ImageSource) -> list[int]:
        """Choose, where each class costs a pass of its own, the same for all samples: few."""
        from atlas_widget.attribution import scores_that_matter
        from atlas_widget.collect import sample_images

        some = np.linspace(0, len(self._samples) - 1, min(len(self._samples), _JUDGES))
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
