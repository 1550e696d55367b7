"""The pictures and labels that are known of a layout, and their way to the browser."""

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
"""How many real crops a card shows."""

_CROPS_AT_ONCE = 256
_LABELS_EVERY = 0.5  # seconds between two messages of labels

Send = Callable[[dict[str, Any], list[bytes]], None]


class Label(Protocol):
    """The label of a picture."""

    @property
    def label(self) -> str | None:
        """The label, or None where it is uncertain."""
        ...

    @property
    def winners(self) -> tuple[int, ...]:
        """The numbers of the one or two classes that gave it."""
        ...


class Gallery:
    """Holds what is known of the layout on show and sends it, as long as a browser is there.

    Only :meth:`snapshot` may be called from another thread than the worker's.

    Parameters
    ----------
    send
        Sends a message with its buffers.
    """

    def __init__(self, send: Send) -> None:
        self.send = send
        self._outbox = Outbox(send, tile=TILE)
        self._targets: Targets | None = None
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
        """Whether nothing waits to be sent."""
        return not self._outbox.waiting and not self._new_labels

    def begin(self, revision: int, targets: Targets, groups: Iterable[str]) -> None:
        """Show another layout; what was known of the last one is dropped.

        Parameters
        ----------
        revision
            Of the layout.
        targets
            What its pictures are of.
        groups
            The groups of pictures that there are.
        """
        with self._lock:
            self._revision, self._targets = revision, targets
            self._pictures = {group: {} for group in groups}
            self._labels = {group: {} for group in self._pictures}
        self._new_labels = {}
        self._crops_to_show = {}
        self._outbox.begin(revision)

    def show(self, group: str, number: int, picture: Picture) -> None:
        """Take in a picture that has become better."""
        with self._lock:
            self._pictures[group][number] = picture
        if self.connected:
            self._outbox.put(group, number, picture)

    def show_crops(self, group: str, numbers: Iterable[int]) -> None:
        """Have those numbers that have no picture yet show their nearest real crop, soon."""
        known = self._pictures.get(group, {})
        new = {PictureKey(group, number): None for number in numbers if number not in known}
        # What is asked for last is what is in sight now.
        self._crops_to_show = new | self._crops_to_show

    def advance_crops(self) -> bool:
        """Show some of those crops; return False if there are none."""
        targets = self._targets
        if targets is None or not self._crops_to_show:
            return False
        for key in list(self._crops_to_show)[:_CROPS_AT_ONCE]:
            del self._crops_to_show[key]
            group, number = key
            if targets.has(group, number) and number not in self._pictures[group]:
                self.show(group, number, targets.crop(group, number))
        return True

    def label(self, group: str, number: int, classes: Label) -> None:
        """Take in what a number is called, and after which classes."""
        with self._lock:
            self._labels[group][number] = classes
        self._new_labels.setdefault(group, {})[number] = classes

    def resend(self, seen: str, first: Sequence[int]) -> None:
        """Send all that is known to a front end that has just come up.

        Parameters
        ----------
        seen, first
            The group that is looked at and its numbers in sight, which go first.
        """
        if self._targets is None:
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
        """Send pictures that a front end misses."""
        known = self._pictures.get(group, {})
        for number in numbers:
            if number in known:
                self._outbox.put(group, number, known[number])

    def confirm(self, sheet: int) -> None:
        """Hear that the browser has drawn a sheet."""
        self._outbox.confirm(sheet)

    def flush(self, *, linger: bool = True) -> float | None:
        """Send what may be sent now; return after how many seconds to call again, if at all.

        Parameters
        ----------
        linger
            Whether a sheet that is not full may wait a moment for more pictures.
        """
        if not self.connected or self._targets is None:
            return None
        wait = self._outbox.flush(linger=linger)
        if not self._new_labels:
            return wait
        now = time.monotonic()
        left = self._labels_sent + _LABELS_EVERY - now
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

    def picture(self, group: str, number: int) -> Picture | None:
        """Return the picture of a number as it is now; None if there is none but its real crop."""
        with self._lock:
            return self._pictures.get(group, {}).get(number)
