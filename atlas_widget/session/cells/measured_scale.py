"""The scale of the model's outputs over images of the atlas, measured in slices and cached."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from atlas_widget.session.pictures.cache import PictureCache, digest

if TYPE_CHECKING:
    from atlas_widget.attribution.output_scale import OutputScale
    from atlas_widget.images.source import ImageSource
    from atlas_widget.probe import LayerProbe
    from atlas_widget.session.cells.scene import Scene

__all__ = ["UNTRAINED_NOTICE", "MeasuredScale"]

UNTRAINED_NOTICE = (
    "This network looks untrained: its pictures and classes say nothing about what was learned, "
    "and cells are not named after classes. Were its weights loaded?"
)
"""Notice for a network that looks untrained."""


_IMAGES = 32
_IMAGES_PER_SLICE = 8


class MeasuredScale:
    """The scale of a model's class scores, and whether the model looks untrained.

    Only of class scores: any other target of attribution has no usual lead.

    Parameters
    ----------
    scene
        The samples whose crops are used, one of each of some images.
    probe
        The model.
    source
        The images; None if they are not available.
    cache
        Stores what was measured.
    """

    def __init__(
        self, scene: Scene, probe: LayerProbe, source: ImageSource | None, cache: PictureCache
    ) -> None:
        self._scene = scene
        self._probe = probe
        self._source = source
        self._cache = cache
        self._rows: list[np.ndarray] = []
        self._known: OutputScale | None = None
        self._looked_up = False
        self._possible = bool(source is not None and probe.num_classes) and (
            probe.no_classes is None and probe.target.names is None
        )

    @property
    def ready(self) -> bool:
        """True if there is nothing left to measure."""
        if self._possible and self._known is None and not self._looked_up:
            self._looked_up = True
            self._known = _read(self._cache.records([self._key]).get(self._key))
        return not self._possible or self._known is not None

    @property
    def lead(self) -> float | None:
        """The usual lead of the first class over the second, in logits; None if not known."""
        known = self._known
        return None if known is None or not known.lead > 0 else known.lead

    @property
    def untrained(self) -> bool:
        """True if the network looks untrained: by its normalisation layers, or by its outputs."""
        return self._at_start or (self._known is not None and self._known.untrained)

    def advance(self) -> bool:
        """Measure for one slice; return True if nothing is left to do."""
        if self.ready:
            return True
        from atlas_widget.attribution.output_scale import output_scale
        from atlas_widget.collect import sample_images

        source, probe, done = self._source, self._probe, sum(map(len, self._rows))
        part = self._chosen[done : done + _IMAGES_PER_SLICE]
        if source is not None and len(part):
            images = sample_images(self._scene.samples, source, part, probe.input_size)
            scores = probe.target.scores(probe.run(images), len(images))
            self._rows.append(scores.detach().float().cpu().numpy())
            done += len(part)
        if done < len(self._chosen):
            return False
        try:
            self._known = output_scale(np.concatenate(self._rows))
        except ValueError:  # no finite outputs; attribution will say so
            self._possible = False
            return True
        self._cache.put_records({self._key: vars(self._known)})
        return True

    @cached_property
    def _at_start(self) -> bool:
        from atlas_widget.probe.at_start import normalization_at_start

        return normalization_at_start(self._probe.model)

    @cached_property
    def _chosen(self) -> np.ndarray:
        """One sample of each of some images, evenly spaced."""
        _, first = np.unique(np.asarray(self._scene.samples.image_ids), return_index=True)
        places = np.linspace(0, len(first) - 1, min(len(first), _IMAGES)).astype(np.int64)
        return np.sort(first[places])

    @cached_property
    def _key(self) -> bytes:
        probe, samples, chosen = self._probe, self._scene.samples, self._chosen
        return digest(
            "output scale",
            1,
            probe.weights_hash,
            probe.preprocessing.description,
            self._source.fingerprint() if self._source is not None else "",
            "\0".join(samples.name(int(sample)) for sample in chosen),
            np.ascontiguousarray(samples.crops[chosen], dtype="<f4").tobytes(),
            samples.flipped[chosen].tobytes(),
        )


def _read(record: object) -> OutputScale | None:
    """Decode a cached record; return None if it is invalid."""
    from atlas_widget.attribution.output_scale import OutputScale

    try:
        fields = {name: float(record[name]) for name in ("lead", "alike", "entropy")}  # type: ignore[index]
        counts = {name: int(record[name]) for name in ("images", "classes")}  # type: ignore[index]
        return OutputScale(**fields, **counts)  # type: ignore[arg-type]
    except (KeyError, TypeError, ValueError):
        return None
