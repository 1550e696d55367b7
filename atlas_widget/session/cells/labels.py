"""Labels of cells: the classes that they argue for and against, computed in slices."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from atlas_widget.session.cells.class_values import SampleValues
from atlas_widget.session.cells.measured_scale import MeasuredScale
from atlas_widget.session.cells.scene import Scene
from atlas_widget.session.pictures.cache import PictureCache, digest

if TYPE_CHECKING:
    from atlas_widget.attribution import ClassValue
    from atlas_widget.images.source import ImageSource
    from atlas_widget.probe import LayerProbe

__all__ = ["CellClasses", "Labeller", "has_classes"]

_SAMPLES_PER_CELL = 16  # samples of a cell that are attributed to classes
_CLASSES_SHOWN = 8  # strongest classes stored for and against


@dataclass(frozen=True, slots=True)
class CellClasses:
    """The classes of a cell.

    Attributes
    ----------
    label
        The cell's label, or None if its classes are uncertain.
    classes, against
        The classes that it argues for and against most, strongest first, each as a dict with
        index, label, value, and the interval's low and high.
    winners
        Indices of the one or two classes of the label.
    why_not
        The reason why there is no label, in a few words.
    lead
        The usual lead of an image's first class over its second, in logits, beside which the values
        are large or small; None if it is not known.
    """

    label: str | None
    classes: tuple[dict[str, Any], ...]
    against: tuple[dict[str, Any], ...]
    winners: tuple[int, ...] = ()
    why_not: str = ""
    lead: float | None = None

    @property
    def leading(self) -> int | None:
        """Index of the class that it argues for most, be that certain or not; None for none."""
        strongest = self.classes[0] if self.classes else None
        return strongest["index"] if strongest is not None and strongest["value"] > 0 else None


_NO_CLASSES = CellClasses(None, (), ())


class Labeller:
    """Computes the classes of cells by attribution.

    Parameters
    ----------
    scene
        The cells.
    probe
        The layer.
    source
        The images that the samples come from, or None if they are not available.
    labels
        The names of the classes, or None.
    cache
        Stores computed classes.
    seed
        Chooses the samples of a large cell.
    samples
        Maximum number of samples of a cell that are used.

    Attributes
    ----------
    values
        Class values of the samples used so far.
    scale
        The scale of the model's outputs.
    """

    def __init__(
        self,
        scene: Scene,
        probe: LayerProbe,
        source: ImageSource | None,
        labels: Sequence[str] | None,
        cache: PictureCache,
        *,
        seed: int = 0,
        samples: int = _SAMPLES_PER_CELL,
    ) -> None:
        self._scene = scene
        self._probe = probe
        self._labels = labels
        self._cache = cache
        self.values = SampleValues(scene, probe, source, cache)
        self.scale = MeasuredScale(scene, probe, source, cache)
        self.seed = seed
        self._max_samples = samples
        # One order for all grids: samples chosen for a coarse cell are chosen for finer ones too.
        self._turns = np.random.default_rng(seed).permutation(len(scene.samples))
        self._possible = source is not None and has_classes(probe)
        self._known: dict[tuple[int, int], CellClasses] = {}
        self._looked_up: set[tuple[int, int]] = set()

    @property
    def num_classes(self) -> int:
        """Number of classes."""
        return (self._probe.num_classes or 0) if self._possible else 0

    @property
    def possible(self) -> bool:
        """True if labels can be computed."""
        return self._possible

    def known(self, grid: int, cell: int) -> CellClasses | None:
        """Return the classes of a cell, or None if they have not been computed yet."""
        return self._known.get((grid, cell)) if self.possible else _NO_CLASSES

    def give_up(self) -> None:
        """Stop computing classes; cells have none from now on."""
        self._possible = False

    def prefetch(self, grid: int, cells: Iterable[int]) -> list[int]:
        """Look cells up in the cache; return those that were found."""
        if not self.possible or not self.scale.ready:
            return []
        new = [cell for cell in cells if (grid, cell) not in self._looked_up]
        self._looked_up.update((grid, cell) for cell in new)
        keys = {cell: self._key(grid, cell) for cell in new}
        records = self._cache.records(keys.values())
        found = []
        for cell, key in keys.items():
            classes = self._from_record(records.get(key))
            if classes is not None:
                self._known[grid, cell] = classes
                found.append(cell)
        return found

    def advance(self, grid: int, cell: int) -> bool:
        """Work on a cell for one slice; return True if its classes are known now."""
        if self.known(grid, cell) is not None:
            return True
        if not self.scale.advance():
            return False
        chosen = self.chosen(grid, cell)
        if not self.values.advance(chosen):
            return False
        record = _record(self.values.of(chosen), self.seed)
        self._cache.put_records({self._key(grid, cell): record})
        self._known[grid, cell] = self._from_record(record) or _NO_CLASSES
        return True

    def class_values(
        self, grid: int, cell: int, classes: Sequence[int]
    ) -> list[dict[str, Any]] | None:
        """Work for one slice on a cell's values for some classes; return None until they are known.

        Parameters
        ----------
        classes
            Class indices; those that the model does not have are ignored.
        """
        from atlas_widget.attribution import ClassValue, attribution_interval

        count = self._probe.num_classes if self.possible else None
        wanted = [index for index in classes if 0 <= index < (count or 0)]
        chosen = self.chosen(grid, cell)
        if not wanted:
            return []
        if not self.values.advance(chosen):
            return None
        values = self.values.of(chosen)
        wanted = [index for index in wanted if not np.isnan(values[:, index]).any()]
        # The same seed as for the strongest classes, so that the intervals are the same as there.
        intervals = attribution_interval(values[:, wanted], self.seed)
        found = zip(wanted, *(part.tolist() for part in intervals), strict=True)
        return [self._named(ClassValue(*columns)) for columns in found]

    def chosen(self, grid: int, cell: int) -> np.ndarray:
        """Return the samples from which a cell's classes are computed: all, or some of many."""
        return self._some_of(self._scene.members(grid, cell))

    def classes_of(self, samples: np.ndarray) -> CellClasses | None:
        """Work for one slice on the classes of some samples; return None until they are known."""
        if not self.possible:
            return _NO_CLASSES
        if not self.scale.advance():
            return None
        chosen = self._some_of(np.sort(samples))
        if not self.values.advance(chosen):
            return None
        return self._from_record(_record(self.values.of(chosen), self.seed)) or _NO_CLASSES

    def _some_of(self, members: np.ndarray) -> np.ndarray:
        if len(members) <= self._max_samples:
            return members
        first = np.argpartition(self._turns[members], self._max_samples)[: self._max_samples]
        return np.sort(members[first])

    def _key(self, grid: int, cell: int) -> bytes:
        from atlas_widget.attribution.statistics import ATTRIBUTION_METHOD

        probe, samples = self._probe, self._scene.samples
        chosen = self.chosen(grid, cell)
        names = "\0".join(samples.name(int(sample)) for sample in chosen)
        return digest(
            "classes",
            ATTRIBUTION_METHOD,
            self.seed,
            probe.weights_hash,
            probe.layer,
            probe.preprocessing.description,
            probe.target.key,
            self.values.fingerprint,
            names,
            np.ascontiguousarray(samples.crops[chosen], dtype="<f4").tobytes(),
            np.ascontiguousarray(samples.positions[chosen], dtype="<i2").tobytes(),
            samples.flipped[chosen].tobytes(),
        )

    def _from_record(self, record: Any) -> CellClasses | None:
        """Decode a cached record; return None if it is invalid."""
        from atlas_widget.attribution.naming import naming_of
        from atlas_widget.attribution.statistics import ClassValue

        try:
            top, bottom = (
                [
                    ClassValue(int(index), float(value), float(low), float(high), bool(clear))
                    for index, value, low, high, clear in record[side]
                ]
                for side in ("for", "against")
            )
        except (KeyError, TypeError, ValueError, IndexError):
            return None
        lead = self.scale.lead
        naming = naming_of(top, lead, untrained=self.scale.untrained)
        winners = naming.winners
        names = [self.name(winner) for winner in winners]
        label = f"mixed: {', '.join(names)}" if len(names) > 1 else "".join(names) or None
        named, named_against = ([self._named(value) for value in side] for side in (top, bottom))
        return CellClasses(label, tuple(named), tuple(named_against), winners, naming.why_not, lead)

    def _named(self, value: ClassValue) -> dict[str, Any]:
        return {
            "index": value.index,
            "label": self.name(value.index),
            "value": value.value,
            "low": value.low,
            "high": value.high,
        }

    def name(self, number: int) -> str:
        """Return the name of a class."""
        if self._labels is not None and number < len(self._labels):
            return str(self._labels[number])
        return f"class {number}"


def has_classes(probe: LayerProbe) -> bool:
    """Return True if a layer can be attributed to classes."""
    return bool(probe.num_classes) and probe.no_classes is None


def _record(values: np.ndarray, seed: int) -> Mapping[str, Any]:
    """Return a cell's top classes with intervals, from its values of shape (samples, classes)."""
    from atlas_widget.attribution import top_classes

    top, bottom = top_classes(values, count=_CLASSES_SHOWN, seed=seed)
    sides = {"for": top, "against": bottom}
    return {
        side: [[value.index, value.value, value.low, value.high, value.clear] for value in found]
        for side, found in sides.items()
    }
