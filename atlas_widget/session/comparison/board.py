"""The comparison with another atlas: the one that is being made, and the last one that was."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from atlas_widget.errors import AtlasError
from atlas_widget.images.labels import image_labels
from atlas_widget.progress import Cancelled
from atlas_widget.protocol import messages
from atlas_widget.session.comparison.pictures import ComparedPictures
from atlas_widget.session.comparison.replies import cells_reply, comparison_reply, series_reply
from atlas_widget.session.tasks.compare import Compared, ComparedSeries

if TYPE_CHECKING:
    from atlas_widget.images.source import ImageSource
    from atlas_widget.session.cells.scene import Scene
    from atlas_widget.session.pictures.cache import PictureCache
    from atlas_widget.session.pictures.gallery import Gallery
    from atlas_widget.session.tasks.task import LongTask, LongTasks

__all__ = ["ComparisonBoard"]

Shown = Compared | ComparedSeries


class ComparisonBoard:
    """Keeps the last comparison of the layer's atlas, and queues the one that is asked for.

    Comparisons are asked for at any time, and made once the layout is final. What is shown stays
    until another one is finished, also if that fails.

    Parameters
    ----------
    gallery
        Sends messages and pictures.
    cache
        Stores finished pictures.
    seed
        Seed of the noise that pictures start from.
    tasks
        Long computations, one after the other.
    source
        The images, whose classes samples are coloured by; None if they are not available.
    """

    def __init__(
        self,
        gallery: Gallery,
        cache: PictureCache,
        seed: int,
        tasks: LongTasks,
        source: ImageSource | None,
    ) -> None:
        self._gallery = gallery
        self._cache = cache
        self._seed = seed
        self._tasks = tasks
        self._source = source
        self._scene: Scene | None = None
        self._shown: Shown | None = None
        self._pictures: ComparedPictures | None = None
        self._asked: LongTask | None = None  # waits for the layout, or for its turn, or runs
        self._queued = False
        self._unsent = False

    @property
    def shown(self) -> Shown | None:
        """The last comparison of the atlas shown, if there is one."""
        shown, scene = self._shown, self._scene
        if shown is None or scene is None or shown.of is not scene.atlas:
            return None
        return shown

    def begin(self, scene: Scene) -> None:
        """Switch to another scene of the layer."""
        self._scene = scene
        self._pictures = None
        self._unsent = True
        self._queue()

    def ask(self, task: LongTask) -> None:
        """Make a comparison as soon as possible; the one asked for before is given up."""
        self.stop()
        self._asked, self._queued = task, False
        task.listener = _Reports(self, task)
        self._tell(task, running=True)
        self._queue()

    def stop(self) -> None:
        """Give up the comparison that is being made."""
        task = self._asked
        if task is None:
            return
        task.cancel()
        self._asked = None
        if not self._queued:
            task.end(error=Cancelled())
        self._tell(task)

    def drop(self) -> None:
        """Forget the comparison shown, and let go of the other network."""
        if self._shown is not None:
            self._shown.close()
        if self._pictures is not None:
            self._pictures.close()
        self._shown = self._pictures = None

    def close(self, reason: str) -> None:
        """End what was asked for, with the reason, and forget what is shown."""
        task = self._asked
        if task is not None and not self._queued:
            task.end(error=AtlasError(reason))
        self._asked = None
        self.drop()

    def look(self, cells: Sequence[int]) -> None:
        """Want the pictures of these cells of the other atlas, in this order."""
        if self._pictures is not None:
            self._pictures.look(cells)

    def resend(self) -> None:
        """Send everything again, to a front end that has just come up."""
        self._unsent = True

    def send(self) -> bool:
        """Send the comparison if that is still to be done; return False if it is not."""
        if not self._unsent or not self._gallery.connected:
            return False
        self._unsent = False
        shown, scene = self.shown, self._scene
        if self._asked is not None:
            self._tell(self._asked, running=True)
        if shown is None or scene is None:
            return False
        labels = None if self._source is None else image_labels(self._source)
        if isinstance(shown, ComparedSeries):
            reply = series_reply(scene.revision, shown.comparison, shown.table, labels)
            self._gallery.send(*reply)
        else:
            self._send_pair(scene, shown, labels)
        return True

    def advance(self) -> bool:
        """Make pictures for one slice; return False if there are none to make."""
        return self._pictures is not None and self._pictures.advance()

    @property
    def progress(self) -> tuple[int, int]:
        """The number of pictures in sight that are made, and of all in sight."""
        return self._pictures.progress if self._pictures is not None else (0, 0)

    def refuse(self, reason: str) -> None:
        """Tell why nothing is compared; what is made or shown stays."""
        if self._asked is None:
            self._send_state("", message=reason)

    # -- Reports of the task that is asked for

    def progressed(self, task: LongTask, done: int, total: int) -> None:
        """Send the progress."""
        if task is self._asked:
            self._tell(task, running=True, done=done, total=total)

    def finished(self, task: LongTask, result: Shown) -> None:
        """Show a comparison in place of the one before."""
        if task is not self._asked:  # given up in its last moment
            result.close()
            return
        self._asked = None
        self.drop()
        self._shown, self._unsent = result, True
        self._tell(task)

    def failed(self, task: LongTask, reason: str) -> None:
        """Tell why there is none; what was shown stays."""
        if task is self._asked:
            self._asked = None
            self._tell(task, message=reason)

    # -- Private

    def _send_pair(self, scene: Scene, shown: Compared, labels: list[str | None] | None) -> None:
        """Send two atlases, and take up the pictures of the other one's cells."""
        revision, found, probe = scene.revision, shown.comparison, shown.probe
        if self._pictures is None:
            self._pictures = ComparedPictures(
                found.b, probe, revision, self._gallery, self._cache, self._seed
            )
        inverted = probe is not None
        self._gallery.send(*comparison_reply(revision, found, labels, inverted=inverted))
        for side, table in shown.cells.items():
            self._gallery.send(*cells_reply(revision, side, table))

    def _queue(self) -> None:
        """Queue what is asked for, once the layout is final."""
        task, scene = self._asked, self._scene
        if task is not None and not self._queued and scene is not None and scene.final:
            self._queued = True
            self._tasks.add(task)

    def _tell(
        self,
        task: LongTask,
        *,
        running: bool = False,
        done: int = 0,
        total: int = 0,
        message: str = "",
    ) -> None:
        self._send_state(task.words, running=running, done=done, total=total, message=message)

    def _send_state(
        self,
        words: str,
        *,
        running: bool = False,
        done: int = 0,
        total: int = 0,
        message: str = "",
    ) -> None:
        if self._gallery.connected:
            content = messages.build(
                "comparing", running=running, words=words, done=done, total=total, message=message
            )
            self._gallery.send(content, [])


@dataclass(frozen=True)
class _Reports:
    """The reports of one task, to the board that asked for it."""

    board: ComparisonBoard
    task: LongTask

    def progressed(self, done: int, total: int) -> None:
        self.board.progressed(self.task, done, total)

    def finished(self, result: Any) -> None:
        self.board.finished(self.task, result)

    def failed(self, reason: str) -> None:
        self.board.failed(self.task, reason)
