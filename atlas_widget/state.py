"""The widget's traits: what Python and the browser share, and what each may set.

Sessions and the browser change traits from several threads; a lock keeps a change that comes from
the worker out of one that the browser has under way.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import anywidget
import traitlets

from atlas_widget import messages
from atlas_widget.rendering.progress import Throttle
from atlas_widget.traits import check_cells, check_grid, check_viewport, refusals

if TYPE_CHECKING:
    from atlas_widget.rendering.scene import Scene
    from atlas_widget.rendering.session import Session
    from atlas_widget.rendering.worker import Worker

__all__ = ["AtlasState"]

_WHOLE = [0.0, 0.0, 1.0, 1.0]
_REFUSALS_EVERY = 1.0  # seconds between two messages about what the browser should not have sent


class AtlasState(anywidget.AnyWidget):
    """The state of an :class:`~atlas_widget.AtlasWidget`.

    Parameters
    ----------
    session, worker
        What is told of changes, and the thread on which.
    **values
        The traits' first values.
    """

    layer = traitlets.Unicode().tag(sync=True)
    """The layer on show. Setting it builds, or fetches from the cache, that layer's atlas."""
    layers = traitlets.List(traitlets.Dict()).tag(sync=True)
    """The model's layers: name and type."""
    selection = traitlets.List(traitlets.Int()).tag(sync=True)
    """Ids of the selected cells of the grid `level`. Default: none."""
    level = traitlets.Int(0).tag(sync=True)
    """The grid that is shown and that `selection` refers to. Default: the coarsest."""
    hovered = traitlets.Int(-1).tag(sync=True, echo_update=False)
    """The cell under the pointer, or -1."""
    viewport = traitlets.List(traitlets.Float(), _WHOLE).tag(sync=True, echo_update=False)
    """The region in sight, [x0, y0, x1, y1] in units of the atlas. Set it to fly there."""
    status = traitlets.Dict().tag(sync=True)
    """What is being done: stage, message, done, total, seconds_left, error and what it is of."""
    height = traitlets.Int(600).tag(sync=True)
    """The widget's height in pixels. Default: 600."""

    def __init__(self, session: Session, worker: Worker, **values: Any) -> None:
        self._session = session
        self._worker = worker
        self._lock = threading.RLock()
        self._refusals = Throttle(_REFUSALS_EVERY)
        super().__init__(**values)

    def set_state(self, sync_data: dict[str, Any]) -> None:
        """Take over what the browser sets, as far as it makes sense; the rest is set back."""
        scene = self._session.scene
        refused = refusals(sync_data, layer_exists=self._check_layer, level=self.level, scene=scene)
        accepted = {name: value for name, value in sync_data.items() if name not in refused}
        with self._lock:
            super().set_state(accepted)
        if refused:
            self.send_state([name for name in refused if name in self.keys])
            self._refuse(next(iter(refused.values())))

    @traitlets.validate("layer")
    def _validate_layer(self, proposal: Any) -> str:
        return self._check_layer(proposal["value"])

    @traitlets.validate("level")
    def _validate_level(self, proposal: Any) -> int:
        scene = self._session.scene
        value: int = proposal["value"]
        return value if scene is None else check_grid(value, scene)

    @traitlets.validate("selection")
    def _validate_selection(self, proposal: Any) -> list[int]:
        return check_cells(proposal["value"], self.level, self._session.scene)

    @traitlets.validate("viewport")
    def _validate_viewport(self, proposal: Any) -> list[float]:
        return check_viewport(proposal["value"])

    @traitlets.observe("layer")
    def _layer_changed(self, change: Any) -> None:
        session = self._session
        if change["new"] != session.layer:
            session.switch_layer(change["new"])
            self._worker.post(_nothing)

    @traitlets.observe("hovered")
    def _hovered_changed(self, change: Any) -> None:
        grid, cell = self.level, change["new"]
        session = self._session
        self._worker.post(lambda: session.point(grid, cell))

    def _check_layer(self, name: object) -> str:
        return self._session.check_layer(name)

    def _set_quietly(self, **values: Any) -> None:
        """Set traits from the worker's thread, not in the midst of a change from the browser."""
        with self._lock:
            for name, value in values.items():
                setattr(self, name, value)

    def _scene_changed(self, scene: Scene) -> None:
        with self._lock, self.hold_trait_notifications():
            if self.level not in scene.grids:
                self.level = scene.base
            self.selection = []  # ids of the last layout mean nothing in this one

    def _refuse(self, text: str) -> None:
        """Tell the browser that something it sent was dropped, but not a thousand times."""
        if self._refusals.ready():
            content = messages.build("error", message=text, hint="", fatal=False)
            self._session.front.send(content, [])


def _nothing() -> None:
    """Wake the worker."""
