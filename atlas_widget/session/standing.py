"""What is on show and what is in the making, the pauses within long work, and who hears of it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from atlas_widget.session.building import Built
from atlas_widget.session.cells.cache import PictureCache
from atlas_widget.session.cells.remote import IconMaker
from atlas_widget.session.cells.scene import Scene
from atlas_widget.session.deriving import Derivations
from atlas_widget.session.gallery import Gallery
from atlas_widget.session.listener import SessionListener
from atlas_widget.session.notifier import Teller
from atlas_widget.session.settings import Recipe
from atlas_widget.session.subjects import ALL, Subject
from atlas_widget.session.wish import Wish
from atlas_widget.session.workshop import Workshop

if TYPE_CHECKING:
    from atlas_widget.atlas import Atlas
    from atlas_widget.images.source import ImageSource
    from atlas_widget.probe import LayerProbe

__all__ = ["Standing"]

_BETWEEN = 0.05  # seconds from one pause to the next, which may be as long as a slice of work


class Standing:
    """How things stand with a layer and its atlases; all of it belongs to the worker's thread.

    Parameters
    ----------
    probe, recipe, front, model
        See :class:`~.session.Session`.
    """

    def __init__(
        self, probe: LayerProbe, recipe: Recipe, front: SessionListener, model: str
    ) -> None:
        self._probe: LayerProbe | None = probe
        self._recipe = recipe
        self.front = front
        self.tell = Teller(front, model, probe.layer)
        self._gallery = Gallery(front.send)
        self._cache: PictureCache | None = None
        self._maker: IconMaker | None = None
        self._source: ImageSource | None = None
        self._workshop: Workshop | None = None
        self._building: Iterator[Built | None] | None = None
        self._whole: Built | None = None
        self._derivations: Derivations | None = None
        self._deriving: Iterator[Built | None] | None = None
        self._subject: Subject = ALL  # of what is on show, or in the making
        self._standing: Scene | None = None  # on show, and the front knows
        self._wish = Wish()
        self._without_classes = ""
        self._revision = -1
        self._shown_at = 0.0
        self._breathing = False
        self._breathed_at = 0.0
        self._breathe: Callable[[], None] = lambda: None
        self._stopping: Callable[[], bool] = lambda: False
        self.watched = False
        self.changed = threading.Condition()
        self.scene: Scene | None = None
        self.atlas: Atlas | None = None
        self.error: BaseException | None = None
        self.refusal: BaseException | None = None

    # -- Within long slices

    def _cancelled(self) -> bool:
        return self._stopping() or self._wish.layer is not None

    def _subject_cancelled(self) -> bool:
        return self._cancelled() or self._wish.subject is not None

    def _progress(self, stage: str, message: str, done: float, total: float) -> None:
        """Tell how far a long slice is, and let what is urgent in."""
        self.tell.progress.report(stage, message, done, total)
        rested = time.monotonic() - self._breathed_at
        if self._breathing or rested < _BETWEEN:  # a command within a pause makes none of its own
            return
        self._breathing = True
        try:
            self._breathe()
            self._gallery.flush()
            if self._workshop is not None and not self._cancelled():
                self._workshop.advance_urgent()
        except Exception as error:
            self._fail(error, fatal=False)
        finally:
            self._breathing, self._breathed_at = False, time.monotonic()

    # -- What others hear

    def _tell_classes(self) -> None:
        raise NotImplementedError

    def _lose_classes(self, reason: str) -> None:
        self._without_classes = reason
        self._tell_classes()

    def _fail(self, error: BaseException, *, fatal: bool) -> None:
        if fatal:
            self.error = error
        self.tell.error(error, fatal=fatal)
        self._wake()

    def _wake(self) -> None:
        with self.changed:
            self.changed.notify_all()
