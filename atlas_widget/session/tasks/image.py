"""Long computations about the image that is open, as tasks: curves, caricatures and dreams."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from atlas_widget.progress import CancelledCallback, ProgressCallback
from atlas_widget.session.tasks.task import Material

if TYPE_CHECKING:
    from atlas_widget.inversion.dream import Dream
    from atlas_widget.reading import Deletion, ImageReading

__all__ = ["Drawing", "ImageCurves"]

_CARICATURE_STEPS = 64
_OCTAVES = 3
_STEPS = 10


@dataclass(frozen=True)
class ImageCurves:
    """Remove positions in the order of their attribution, put them back, and do so at random.

    Attributes
    ----------
    reading, layer, class_
        The reading, the name of the layer, and the number of the class.
    """

    reading: ImageReading
    layer: str
    class_: int

    def __call__(
        self, material: Material, progress: ProgressCallback, cancelled: CancelledCallback
    ) -> Deletion:
        """Measure the curves."""
        del material
        return self.reading.deletion(
            self.layer, self.class_, progress=progress, cancelled=cancelled
        )


@dataclass(frozen=True)
class Drawing:
    """Draw the image as a layer sees it: its caricature, or a dream that begins with it.

    Attributes
    ----------
    reading, layer
        The reading, and the name of the layer.
    dream
        Whether it is a dream.
    """

    reading: ImageReading
    layer: str
    dream: bool

    def __call__(
        self, material: Material, progress: ProgressCallback, cancelled: CancelledCallback
    ) -> Dream:
        """Draw it."""
        from atlas_widget.inversion.dream import caricature, deepdream

        del material
        probe, pixels = self.reading.probe(self.layer), self.reading.pixels
        if self.dream:
            asked = _counted(progress, cancelled, _OCTAVES * _STEPS)
            return deepdream(
                probe,
                image=pixels,
                size=max(pixels.shape[:2]),
                octaves=_OCTAVES,
                steps=_STEPS,
                cancelled=asked,
            )
        asked = _counted(progress, cancelled, _CARICATURE_STEPS)
        return caricature(probe, None, pixels, steps=_CARICATURE_STEPS, cancelled=asked)


def _counted(
    progress: ProgressCallback, cancelled: CancelledCallback, total: int
) -> Callable[[], bool]:
    """Return a callback that is asked once a step, and reports the progress."""
    done = [0]

    def asked() -> bool:
        progress(min(done[0], total), total)
        done[0] += 1
        return cancelled()

    return asked
