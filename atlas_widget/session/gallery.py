"""The pictures and labels that are known, and their way to whoever looks at them."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from atlas_widget.protocol import messages
from atlas_widget.session.cells.labels import CellClasses
from atlas_widget.session.cells.scene import Scene
from atlas_widget.session.cells.scheduler import State
from atlas_widget.session.sheets import MAX_TILES, Outbox, Picture, encode, pack

__all__ = ["CROPS", "TILE", "Gallery"]

TILE = 64
"""The side of a tile in a sheet, in pixels."""

CROPS = 16
"""How many real crops a card shows."""

_CROPS_AT_ONCE = 256
_LABELS_EVERY = 0.5  # seconds between two messages of labels

Send = Callable[[dict[str, Any], list[bytes]], None]


class Gallery:
    """Holds what is known of a scene and sends it, as long as somebody is there.

    Only :meth:`snapshot` may be called from another thread than the worker's.

    Parameters
    ----------
    send
        Sends a message with its buffers.
    """

    def __init__(self, send: Send) -> None:
        self.send = send
        self._outbox = Outbox(send, tile=TILE)
        self._scene: Scene | None = None
        self._pictures: dict[int, dict[int, Picture]] = {}
        self._labels: dict[int, dict[int, CellClasses]] = {}
        self._new_labels: dict[int, dict[int, CellClasses]] = {}
        self._labels_sent = 0.0
        self._crops_to_show: dict[tuple[int, int], None] = {}
        self._lock = threading.Lock()
        self.connected = False

    @property
    def idle(self) -> bool:
        """Whether nothing waits to be sent."""
        return not self._outbox.waiting and not self._new_labels

    def begin(self, scene: Scene) -> None:
        """Show another scene; what was known of the last one is dropped."""
        with self._lock:
            self._scene = scene
            self._pictures = {size: {} for size in scene.grids}
            self._labels = {size: {} for size in scene.grids}
        self._new_labels = {}
        self._crops_to_show = {}
        self._outbox.begin(scene.revision)
        if self.connected:
            self._send_layout(scene)

    def show(self, grid: int, cell: int, picture: Picture) -> None:
        """Take in a picture that has become better."""
        with self._lock:
            self._pictures[grid][cell] = picture
        if self.connected:
            self._outbox.put(grid, cell, picture)

    def show_crops(self, grid: int, cells: Iterable[int]) -> None:
        """Have those cells that have no picture yet show their nearest real crop, soon."""
        known = self._pictures.get(grid, {})
        new = {(grid, cell): None for cell in cells if cell not in known}
        # What is asked for last is what is in sight now.
        self._crops_to_show = new | self._crops_to_show

    def advance_crops(self) -> bool:
        """Show some of those crops; return False if there are none."""
        scene = self._scene
        if scene is None or not self._crops_to_show:
            return False
        for grid, cell in list(self._crops_to_show)[:_CROPS_AT_ONCE]:
            del self._crops_to_show[grid, cell]
            if scene.has(grid, cell) and cell not in self._pictures[grid]:
                self.show(grid, cell, scene.crop(grid, cell))
        return True

    def label(self, grid: int, cell: int, classes: CellClasses) -> None:
        """Take in what a cell is called, and after which classes."""
        with self._lock:
            self._labels[grid][cell] = classes
        self._new_labels.setdefault(grid, {})[cell] = classes

    def card(self, grid: int, cell: int, classes: CellClasses | None) -> None:
        """Send what a cell stands for; its classes follow later where they are None."""
        scene = self._scene
        if scene is None or not self.connected:
            return
        picture = self._pictures[grid].get(cell)
        crops = [
            scene.samples.thumbnails.get(int(sample)) for sample in scene.nearest(grid, cell, CROPS)
        ]
        content = messages.build(
            "card",
            revision=scene.revision,
            grid=grid,
            cell=cell,
            count=scene.count(grid, cell),
            cosine=picture.cosine if picture else None,
            rank=picture.rank if picture else None,
            state=(picture.state if picture else State.CROP).word,
            label=classes.label if classes else None,
            classes=list(classes.classes) if classes else None,
            against=list(classes.against) if classes else None,
            crops=len(crops),
            tile=TILE,
        )
        self.send(content, [encode(pack(crops, TILE, max(1, len(crops))))])

    def real_crops(self, grid: int, cells: Sequence[int]) -> None:
        """Send the nearest real crop of cells that may have better pictures by now."""
        scene = self._scene
        some = [cell for cell in cells if scene is not None and scene.has(grid, cell)][:MAX_TILES]
        if scene is None or not self.connected or not some:
            return
        columns = min(8, len(some))
        content = messages.build(
            "real_crops",
            revision=scene.revision,
            grid=grid,
            cells=some,
            tile=TILE,
            columns=columns,
        )
        crops = [scene.crop(grid, cell).pixels for cell in some]
        self.send(content, [encode(pack(crops, TILE, columns))])

    def resend(self, level: int, first: Sequence[int]) -> None:
        """Send all that is known to a front end that has just come up.

        Parameters
        ----------
        level, first
            The grid that is looked at and its cells in sight, which go first.
        """
        scene = self._scene
        if scene is None:
            return
        self._outbox.forget_unconfirmed()
        self._outbox.begin(scene.revision)
        self._send_layout(scene)
        seen = level if level in self._pictures else scene.base
        sizes = sorted(self._pictures, key=lambda size: (size != seen, size))
        for size in sizes:
            known = self._pictures[size]
            ahead = [cell for cell in first if cell in known] if size == level else []
            for cell in dict.fromkeys((*ahead, *known)):
                self._outbox.put(size, cell, known[cell])
            if self._labels[size]:
                self._new_labels[size] = dict(self._labels[size])
        self._labels_sent = 0.0

    def send_again(self, grid: int, cells: Iterable[int]) -> None:
        """Send pictures that a front end misses."""
        known = self._pictures.get(grid, {})
        for cell in cells:
            if cell in known:
                self._outbox.put(grid, cell, known[cell])

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
        if not self.connected or self._scene is None:
            return None
        wait = self._outbox.flush(linger=linger)
        if not self._new_labels:
            return wait
        now = time.monotonic()
        left = self._labels_sent + _LABELS_EVERY - now
        if left > 0:
            return left if wait is None else min(wait, left)
        self._labels_sent = now
        for grid, labels in self._new_labels.items():
            content = messages.build(
                "labels",
                revision=self._scene.revision,
                grid=grid,
                cells=list(labels),
                labels=[classes.label for classes in labels.values()],
                winners=[dict(enumerate(c.winners)).get(0) for c in labels.values()],
                seconds=[dict(enumerate(c.winners)).get(1) for c in labels.values()],
            )
            self.send(content, [])
        self._new_labels = {}
        return wait

    def snapshot(self, grid: int) -> tuple[dict[int, Picture], dict[int, str | None]]:
        """Return the pictures and labels of a grid as they are now; safe from any thread."""
        with self._lock:
            known = self._labels.get(grid, {})
            labels = {cell: classes.label for cell, classes in known.items()}
            return dict(self._pictures.get(grid, {})), labels

    def picture(self, grid: int, cell: int) -> Picture | None:
        """Return the picture of a cell as it is now; None if there is none but its real crop."""
        with self._lock:
            return self._pictures.get(grid, {}).get(cell)

    def _send_layout(self, scene: Scene) -> None:
        content = messages.build(
            "layout",
            revision=scene.revision,
            final=scene.final,
            grids=scene.outline(),
            samples=len(scene.samples),
            images=scene.images,
            layer=scene.layer,
            subject=scene.subject,
            axes=scene.axes(),
        )
        self.send(content, [])
