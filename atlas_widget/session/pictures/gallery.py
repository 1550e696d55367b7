"""The known pictures and labels of a layout, sent to the browser as they change."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Protocol

from atlas_widget.protocol import messages
from atlas_widget.session.pictures.picture import Picture, PictureKey, Targets, grid_of
from atlas_widget.session.pictures.sheets import Outbox

__all__ = ["CROPS", "TILE", "Gallery"]

TILE = 64
"""The side of a tile in a sheet, in pixels."""

CROPS = 16
"""Number of real crops on a card."""

_CROPS_PER_SLICE = 256
_LABEL_INTERVAL = 0.5  # seconds between two messages of labels

Send = Callable[[dict[str, Any], list[bytes]], None]


class Label(Protocol):
    """The label of a picture."""

    @property
    def label(self) -> str | None:
        """The label; None if it is uncertain."""
        ...

    @property
    def winners(self) -> tuple[int, ...]:
        """Indices of the one or two classes of the label."""
        ...

    @property
    def leading(self) -> int | None:
        """Index of the strongest class, certain or not; None if there is none."""
        ...


class Gallery:
    """Holds the pictures and labels of the layout shown, and sends them to a connected browser.

    Only :meth:`snapshot` may be called from threads other than the worker's.

    Parameters
    ----------
    send
        Sends a message with its buffers.
    """

    def __init__(self, send: Send) -> None:
        self.send = send
        self._outbox = Outbox(send, tile=TILE)
        self._targets: dict[str, Targets] = {}
        self._revision = -1
        self._pictures: dict[str, dict[int, Picture]] = {}
        self._labels: dict[str, dict[int, Label]] = {}
        self._new_labels: dict[str, dict[int, Label]] = {}
        self._labels_sent = 0.0
        self._crops_to_show: dict[PictureKey, None] = {}
        self._lock = threading.Lock()
        self.connected = False

    @property
    def idle(self) -> bool:
        """True if nothing is waiting to be sent."""
        return not self._outbox.waiting and not self._new_labels

    def begin(self, revision: int, targets: Targets, groups: Iterable[str]) -> None:
        """Start another layout; pictures and labels of the last one are dropped.

        Parameters
        ----------
        revision
            Revision of the layout.
        targets
            Targets of its pictures.
        groups
            All groups of pictures.
        """
        with self._lock:
            self._revision = revision
            self._targets = dict.fromkeys(groups, targets)
            self._pictures = {group: {} for group in self._targets}
            self._labels = {group: {} for group in self._targets}
        self._new_labels = {}
        self._crops_to_show = {}
        self._outbox.begin(revision)

    def add(self, targets: Targets, groups: Iterable[str]) -> None:
        """Add groups of pictures to those of the layout, such as those of the layer's units."""
        with self._lock:
            for group in groups:
                self._targets[group] = targets
                self._pictures[group] = {}
                self._labels[group] = {}

    def drop(self, groups: Iterable[str]) -> None:
        """Forget groups of pictures that were added, such as those of an image that was closed."""
        gone = set(groups)
        with self._lock:
            for group in gone:
                self._targets.pop(group, None)
                self._pictures.pop(group, None)
                self._labels.pop(group, None)
        self._crops_to_show = {key: None for key in self._crops_to_show if key.group not in gone}

    def show(self, group: str, number: int, picture: Picture) -> None:
        """Show a picture that has improved."""
        with self._lock:
            self._pictures[group][number] = picture
        if self.connected:
            self._outbox.put(group, number, picture)

    def show_crops(self, group: str, numbers: Iterable[int]) -> None:
        """Queue the nearest real crop of those numbers that have no picture yet."""
        known = self._pictures.get(group, {})
        new = {PictureKey(group, number): None for number in numbers if number not in known}
        # The latest request is what is visible now.
        self._crops_to_show = new | self._crops_to_show

    def advance_crops(self) -> bool:
        """Show some of the queued crops; return False if there are none."""
        if not self._crops_to_show:
            return False
        for key in list(self._crops_to_show)[:_CROPS_PER_SLICE]:
            del self._crops_to_show[key]
            group, number = key
            targets = self._targets[group]
            if targets.has(group, number) and number not in self._pictures[group]:
                self.show(group, number, targets.crop(group, number))
        return True

    def label(self, group: str, number: int, classes: Label) -> None:
        """Set the label of a picture, and the classes of the label."""
        with self._lock:
            self._labels[group][number] = classes
        self._new_labels.setdefault(group, {})[number] = classes

    def resend(self, seen: str, first: Sequence[int]) -> None:
        """Send all pictures and labels to a new front end.

        Parameters
        ----------
        seen, first
            The group in view and its visible numbers, which are sent first.
        """
        if not self._targets:
            return
        self._outbox.forget_unconfirmed()
        self._outbox.begin(self._revision)
        for group in sorted(self._pictures, key=lambda group: group != seen):
            known = self._pictures[group]
            ahead = [number for number in first if number in known] if group == seen else []
            for number in dict.fromkeys((*ahead, *known)):
                self._outbox.put(group, number, known[number])
            if self._labels[group]:
                self._new_labels[group] = dict(self._labels[group])
        self._labels_sent = 0.0

    def send_again(self, group: str, numbers: Iterable[int]) -> None:
        """Send pictures again that a front end lacks."""
        known = self._pictures.get(group, {})
        for number in numbers:
            if number in known:
                self._outbox.put(group, number, known[number])

    def confirm(self, sheet: int) -> None:
        """Note that the browser has received a sheet."""
        self._outbox.confirm(sheet)

    def flush(self, *, linger: bool = True) -> float | None:
        """Send what may be sent now; return the seconds until the next call, or None.

        Parameters
        ----------
        linger
            Whether an incomplete sheet may wait a moment for more pictures.
        """
        if not self.connected or not self._targets:
            return None
        wait = self._outbox.flush(linger=linger)
        if not self._new_labels:
            return wait
        now = time.monotonic()
        left = self._labels_sent + _LABEL_INTERVAL - now
        if left > 0:
            return left if wait is None else min(wait, left)
        self._labels_sent = now
        for group, labels in self._new_labels.items():
            content = messages.build(
                "labels",
                revision=self._revision,
                grid=grid_of(group),
                cells=list(labels),
                labels=[classes.label for classes in labels.values()],
                winners=[dict(enumerate(c.winners)).get(0) for c in labels.values()],
                seconds=[dict(enumerate(c.winners)).get(1) for c in labels.values()],
                leading=[classes.leading for classes in labels.values()],
            )
            self.send(content, [])
        self._new_labels = {}
        return wait

    def snapshot(self, group: str) -> tuple[dict[int, Picture], dict[int, str | None]]:
        """Return the pictures and labels of a group as they are now; safe from any thread."""
        with self._lock:
            known = self._labels.get(group, {})
            labels = {number: classes.label for number, classes in known.items()}
            return dict(self._pictures.get(group, {})), labels

    def leading(self, group: str) -> dict[int, tuple[int, ...]]:
        """Return each picture's strongest class, or the two of its label; from any thread."""
        with self._lock:
            known = self._labels.get(group, {})
            return {
                number: tuple(classes.winners)
                or (() if classes.leading is None else (classes.leading,))
                for number, classes in known.items()
            }

    def picture(self, group: str, number: int) -> Picture | None:
        """Return the current picture of a number; None if it has only its real crop."""
        with self._lock:
            return self._pictures.get(group, {}).get(number)
