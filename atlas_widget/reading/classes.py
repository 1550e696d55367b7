"""The scores of a model by number and by name."""

from __future__ import annotations

from collections.abc import Sequence

from atlas_widget.attribution.class_names import class_name, class_number
from atlas_widget.errors import AttributionError
from atlas_widget.probe import LayerProbe

__all__ = ["ClassNames"]

Class = int | str


class ClassNames:
    """The scores that a model's output has, by number and by name.

    Parameters
    ----------
    probe : LayerProbe
        Any layer of the model.
    labels : sequence of str, optional
        Names of the classes by number. Scores of another target have its own names.

    Attributes
    ----------
    labels
        Names of the scores by number; None if they have none.
    """

    def __init__(self, probe: LayerProbe, labels: Sequence[str] | None) -> None:
        self._probe = probe
        named = probe.target.named(labels)
        self.labels = labels if named is None else named

    @property
    def count(self) -> int:
        """Number of scores.

        Raises
        ------
        AttributionError
            The model has none.
        """
        if self._probe.num_classes is None:
            raise AttributionError(self._probe.no_classes or "The model has no classes.")
        return self._probe.num_classes

    def number(self, class_: Class) -> int:
        """Return the number of a score given by number or name."""
        return class_number(class_, self.labels, self.count)

    def name(self, number: int) -> str:
        """Return what a score is called."""
        return class_name(number, self.labels)

    def numbers(self, classes: Class | Sequence[Class]) -> list[int]:
        """Return the numbers of one score or several."""
        several = [classes] if isinstance(classes, int | str) else list(classes)
        if not several:
            raise AttributionError("classes is empty: numbers or names of classes.")
        return [self.number(each) for each in several]

    def about(self, a: Class, b: Class | None = None) -> str:
        """Return the name of a score, or ``"a − b"`` for the difference of two."""
        one = self.name(self.number(a))
        return one if b is None else f"{one} − {self.name(self.number(b))}"
