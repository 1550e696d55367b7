"""The status of the widget: stage, progress and estimated time left."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from atlas_widget.progress import Pace, Throttle
from atlas_widget.session.shorter import LONG

__all__ = ["STAGES", "Advise", "Reporter", "first_status"]

Advise = Callable[[str, str, float, float], list[str]]
"""From stage, message, seconds left and speed to what would take less time."""

STAGES = (
    "starting",
    "collecting",
    "layout",
    "attribution",
    "umap",
    "pictures",
    "idle",
    "error",
    "closed",
)
"""Values of a status's ``stage``. `make messages` copies them to TypeScript."""

_REPORT_INTERVAL = 0.2  # seconds between two reports


def first_status(model: str, layer: str) -> dict[str, Any]:
    """Return the status of a session that has not started."""
    return {
        "stage": "starting",
        "message": "Starting",
        "done": 0,
        "total": 0,
        "seconds_left": None,
        "shorter": [],
        "error": None,
        "model": model,
        "layer": layer,
        "samples": 0,
        "images": 0,
    }


class Reporter:
    """Reports the status, not too often, and never loses the last one.

    Parameters
    ----------
    tell
        Called with the complete status; returns False to be called again soon.
    model, layer
        Names of the model and the layer.

    Attributes
    ----------
    advise
        Returns what would take less time, where an estimate is long.
    """

    def __init__(self, tell: Callable[[dict[str, Any]], bool], model: str, layer: str) -> None:
        self._send = tell
        self._status = first_status(model, layer)
        self._pace = Pace()
        self._throttle = Throttle(_REPORT_INTERVAL)
        self._unsent = False
        self.advise: Advise = lambda *_: []

    @property
    def due(self) -> bool:
        """True if a report would be sent now; to be checked before expensive counting."""
        return self._throttle.due

    def layer(self, layer: str) -> None:
        """Start again with another layer."""
        self._status = first_status(self._status["model"], layer)
        self._pace = Pace()
        self._say(force=True)

    def counts(self, samples: int, images: int) -> None:
        """Set the number of samples and images of the atlas."""
        self._status.update(samples=samples, images=images)
        self._say(force=True)

    def report(self, stage: str, message: str, done: float = 0, total: float = 0) -> None:
        """Report the progress of a stage; `done` may be fractional."""
        new = (stage, message) != (self._status["stage"], self._status["message"])
        if new:
            self._pace = Pace()
        self._pace.note(done)
        left = self._pace.left(total) if total else None
        if left is None or left < LONG:
            self._status["shorter"] = []
        elif new or self.due:
            self._status["shorter"] = self.advise(stage, message, left, self._pace.speed)
        self._status.update(
            stage=stage,
            message=message,
            done=int(done),
            total=int(total),
            seconds_left=None if left is None else round(left, 1),
            error=None,
        )
        self._say(force=new)

    def error(self, text: str) -> None:
        """Report that the atlas cannot be made."""
        self._status.update(stage="error", message=text, seconds_left=None, shorter=[], error=text)
        self._say(force=True)

    def flush(self) -> float | None:
        """Send a held-back status if it is time; return the seconds until the next try, or None."""
        if self._unsent:
            self._say()
        return _REPORT_INTERVAL if self._unsent else None

    def _say(self, *, force: bool = False) -> None:
        self._unsent = True
        if self._throttle.ready(force=force):
            self._unsent = not self._send(dict(self._status))
