"""What is being done, how far it is and how long it will take, in the words of the widget."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from atlas_widget.session.pace import Pace, Throttle

__all__ = ["STAGES", "Reporter", "first_status"]

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
"""What a status's ``stage`` may be. `make messages` tells TypeScript."""

_EVERY = 0.2  # seconds between two reports


def first_status(model: str, layer: str) -> dict[str, Any]:
    """Return the status of a session that has not begun."""
    return {
        "stage": "starting",
        "message": "Starting",
        "done": 0,
        "total": 0,
        "seconds_left": None,
        "error": None,
        "model": model,
        "layer": layer,
        "samples": 0,
        "images": 0,
    }


class Reporter:
    """Tells the status, not too often, and never loses the last one.

    Parameters
    ----------
    tell
        Hears a whole status each time; returns False to hear it again soon.
    model, layer
        What it is about.
    """

    def __init__(self, tell: Callable[[dict[str, Any]], bool], model: str, layer: str) -> None:
        self._tell = tell
        self._status = first_status(model, layer)
        self._pace = Pace()
        self._throttle = Throttle(_EVERY)
        self._untold = False

    @property
    def due(self) -> bool:
        """Whether a report would be told now: whoever counts with effort asks this first."""
        return self._throttle.due

    def layer(self, layer: str) -> None:
        """Begin anew with another layer."""
        self._status = first_status(self._status["model"], layer)
        self._pace = Pace()
        self._say(force=True)

    def counts(self, samples: int, images: int) -> None:
        """Note what the atlas stands on."""
        self._status.update(samples=samples, images=images)
        self._say(force=True)

    def report(self, stage: str, message: str, done: float = 0, total: float = 0) -> None:
        """Say how far a stage is; `done` may count parts of things."""
        new = (stage, message) != (self._status["stage"], self._status["message"])
        if new:
            self._pace = Pace()
        self._pace.note(done)
        left = self._pace.left(total) if total else None
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
        """Say that the atlas cannot be made."""
        self._status.update(stage="error", message=text, seconds_left=None, error=text)
        self._say(force=True)

    def flush(self) -> float | None:
        """Tell what was held back, if it is time; return after how long to try again, if at all."""
        if self._untold:
            self._say()
        return _EVERY if self._untold else None

    def _say(self, *, force: bool = False) -> None:
        self._untold = True
        if self._throttle.ready(force=force):
            self._untold = not self._tell(dict(self._status))
