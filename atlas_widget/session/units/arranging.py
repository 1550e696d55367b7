"""The map of the layer's units, made once when it is first asked for."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from atlas_widget.protocol import messages
from atlas_widget.session.tasks.task import LongTask, LongTasks

if TYPE_CHECKING:
    from atlas_widget.progress import CancelledCallback, ProgressCallback
    from atlas_widget.session.tasks.task import Material
    from atlas_widget.session.units.sampled_units import SampledUnits
    from atlas_widget.units.unit_map import UnitMap

__all__ = ["Arranging"]

_WORDS = "Arranging units by correlation"


class Arranging:
    """Makes the map of the units of one scene, and sends it.

    Parameters
    ----------
    units
        The units.
    revision
        Of the layout.
    seed
        Of the map.
    tasks
        Runs the computation.
    send
        Sends a message with its buffers.
    """

    def __init__(
        self,
        units: SampledUnits,
        revision: int,
        seed: int,
        *,
        tasks: LongTasks,
        send: Callable[[dict[str, Any], list[bytes]], None],
    ) -> None:
        self._units = units
        self._revision = revision
        self._seed = seed
        self._tasks = tasks
        self._deliver = send
        self._task: LongTask | None = None
        self._found: UnitMap | None = None

    def want(self) -> None:
        """Send the map; or queue it, unless it is under way."""
        if self._found is not None:
            self._send(self._found)
        elif self._task is None or self._task.done:
            self._task = LongTask(_WORDS, self._arrange, self)
            self._tasks.add(self._task)

    def drop(self) -> None:
        """Stop working on it: another scene is shown."""
        if self._task is not None and not self._task.done:
            self._task.cancel()

    def progressed(self, done: int, total: int) -> None:
        """Say nothing: it takes seconds."""

    def finished(self, result: Any) -> None:
        """Keep the map and send it."""
        self._found = result
        self._send(result)

    def failed(self, reason: str) -> None:
        """Send an empty map with the reason."""
        self._deliver(self._message(None, reason), [b""])

    def _arrange(
        self, material: Material, progress: ProgressCallback, cancelled: CancelledCallback
    ) -> UnitMap:
        from atlas_widget.units.unit_map import map_units

        del material  # the samples are all that it is made of

        def stopped() -> bool:
            progress(0, 1)  # where urgent requests are handled
            return cancelled()

        return map_units(self._units.values, seed=self._seed, cancelled=stopped)

    def _send(self, found: UnitMap) -> None:
        slots = np.ascontiguousarray(found.slots, "<f4").tobytes()
        self._deliver(self._message(found, ""), [slots])

    def _message(self, found: UnitMap | None, failed: str) -> dict[str, Any]:
        return messages.build(
            "unit_map",
            revision=self._revision,
            rows=0 if found is None else found.rows,
            columns=0 if found is None else found.columns,
            adjacent=None if found is None else found.adjacent,
            overall=None if found is None else found.overall,
            failed=failed,
        )
