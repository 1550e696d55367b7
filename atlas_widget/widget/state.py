"""The widget's traits: what Python and the browser share, and what each may set.

Sessions and the browser change traits from several threads; a lock keeps a change that comes from
the worker out of one that the browser has under way.
"""

from __future__ import annotations

import logging
import threading
import time
from typing import TYPE_CHECKING, Any

import anywidget
import traitlets

from atlas_widget.protocol import messages
from atlas_widget.session.cells.checks import check_cells, check_grid, check_size
from atlas_widget.session.pace import Throttle
from atlas_widget.session.subjects import check_subject
from atlas_widget.widget.overlays import check_overlay
from atlas_widget.widget.validation import check_height, check_opened, check_viewport, refusals

if TYPE_CHECKING:
    from atlas_widget.session.cells.scene import Scene
    from atlas_widget.session.session import Session
    from atlas_widget.session.worker import Worker

__all__ = ["AtlasState"]

log = logging.getLogger("atlas_widget")

_WHOLE = [0.0, 0.0, 1.0, 1.0]
_PATIENCE = 0.3  # seconds that the worker waits for another's change to end
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
    subject = traitlets.List(traitlets.Unicode()).tag(sync=True)
    """What the atlas on show is about: [] for all samples, ["class", name], ["winning", name] or
    ["comparison", name, other]. Setting it lays that atlas out; another layer begins with all."""
    layers = traitlets.List(traitlets.Dict()).tag(sync=True)
    """The model's layers: name and type."""
    selection = traitlets.List(traitlets.Int()).tag(sync=True)
    """Ids of the selected cells of the grid `level`. Default: none."""
    level = traitlets.Int(0).tag(sync=True)
    """The grid that is shown and that `selection` refers to. Default: the coarsest. Set it to stay
    with a grid; what is selected becomes the same region of it."""
    fixed_level = traitlets.Int(None, allow_none=True).tag(sync=True)
    """The grid that is shown at every zoom, or None: finer ones as one zooms in. Default: None."""
    opened = traitlets.List(traitlets.Int()).tag(sync=True)
    """The cell in the detail panel as [grid, cell]. Default: none, []."""
    hovered = traitlets.Int(-1).tag(sync=True, echo_update=False)
    """The cell under the pointer, or -1."""
    viewport = traitlets.List(traitlets.Float(), _WHOLE).tag(sync=True, echo_update=False)
    """The region in sight, [x0, y0, x1, y1] in units of the atlas. Set it to fly there."""
    overlay = traitlets.Unicode("pictures").tag(sync=True)
    """What lies over the pictures: "pictures" (nothing), "crops" (real crops in their place),
    "density", "top class", "fidelity", "doubt", or "influence: " and the name of a class."""
    status = traitlets.Dict().tag(sync=True)
    """What is being done: stage, message, done, total, seconds_left, error and what it is of."""
    height = traitlets.Int(600).tag(sync=True)
    """The widget's height in pixels, 200 to 10,000. Default: 600."""

    def __init__(self, session: Session, worker: Worker, **values: Any) -> None:
        self._session = session
        self._worker = worker
        self._lock = threading.RLock()
        self._busy_since: float | None = None
        self._refusals = Throttle(_REFUSALS_EVERY)
        # A level that is set, but not by a person's `w.level = ...`
        self._followed_level: int | None = values.get("level")
        super().__init__(**values)

    def set_state(self, sync_data: dict[str, Any]) -> None:
        """Take over what the browser sets, as far as it makes sense; the rest is set back."""
        scene = self._session.scene
        refused = refusals(
            sync_data,
            layer_exists=self._check_layer,
            overlay_exists=self._check_overlay,
            subject_exists=self._check_subject,
            level=self.level,
            scene=scene,
        )
        accepted = {name: value for name, value in sync_data.items() if name not in refused}
        with self._lock:
            self._followed_level = accepted.get("level")
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
        return check_size(value) if scene is None else check_grid(value, scene)

    @traitlets.validate("selection")
    def _validate_selection(self, proposal: Any) -> list[int]:
        return check_cells(proposal["value"], self.level, self._session.scene)

    @traitlets.validate("viewport")
    def _validate_viewport(self, proposal: Any) -> list[float]:
        return check_viewport(proposal["value"])

    @traitlets.validate("fixed_level")
    def _validate_fixed_level(self, proposal: Any) -> int | None:
        scene, value = self._session.scene, proposal["value"]
        if value is None:
            return None
        return check_size(value) if scene is None else check_grid(value, scene)

    @traitlets.validate("opened")
    def _validate_opened(self, proposal: Any) -> list[int]:
        return check_opened(proposal["value"], self._session.scene)

    @traitlets.validate("height")
    def _validate_height(self, proposal: Any) -> int:
        return check_height(proposal["value"])

    @traitlets.validate("overlay")
    def _validate_overlay(self, proposal: Any) -> str:
        return self._check_overlay(proposal["value"])

    @traitlets.validate("subject")
    def _validate_subject(self, proposal: Any) -> list[str]:
        return self._check_subject(proposal["value"])

    @traitlets.observe("layer")
    def _layer_changed(self, change: Any) -> None:
        session = self._session
        if change["new"] != session.layer:
            session.switch_layer(change["new"])
            self.subject = []
            self._worker.post(_nothing)

    @traitlets.observe("subject")
    def _subject_changed(self, change: Any) -> None:
        session = self._session
        if change["new"] != session.subject:
            session.show_subject(change["new"])
            self._worker.post(_nothing)

    @traitlets.observe("level")
    def _level_changed(self, change: Any) -> None:
        followed, self._followed_level = self._followed_level, None
        old, new, scene = change["old"], change["new"], self._session.scene
        if new == followed:
            return
        with self.hold_sync():
            self.fixed_level = new
            if self.selection and scene is not None and old in scene.grids:
                self.selection = scene.same_region(self.selection, old, new)

    @traitlets.observe("hovered")
    def _hovered_changed(self, change: Any) -> None:
        grid, cell = self.level, change["new"]
        session = self._session
        self._worker.post(lambda: session.point(grid, cell))

    def _check_layer(self, name: object) -> str:
        return self._session.check_layer(name)

    def _check_overlay(self, value: object) -> str:
        return check_overlay(value, self._session.class_names)

    def _check_subject(self, value: object) -> list[str]:
        return check_subject(value, self._session.class_names if value else ())

    def _set_from_worker(self, *, urgent: bool, **values: Any) -> bool:
        """Set traits from the worker's thread, if possible not in the midst of another's change.

        A change under way may last: the person's own observers are part of it, and they may wait
        for the worker. So the worker waits a moment at most; what is not urgent is left for later,
        unless the change lasts so long that only an observer can be at work.

        Returns
        -------
        bool
            Whether they were set.
        """
        alone = self._lock.acquire(timeout=_PATIENCE if urgent else 0)
        now = time.monotonic()
        if alone:
            self._busy_since = None
        elif not urgent:
            self._busy_since = self._busy_since or now
            if now - self._busy_since < _PATIENCE:
                return False
        try:
            self._followed_level = values.get("level", self._followed_level)
            for name, value in values.items():
                setattr(self, name, value)
        except Exception:
            # Of the person's own observer: theirs to see, and no reason to lose the atlas.
            log.exception("An observer of the widget's %s failed", " and ".join(values))
        finally:
            if alone:
                self._lock.release()
        return True

    def _scene_changed(self, scene: Scene) -> None:
        fixed = self.fixed_level if self.fixed_level in scene.grids else None
        level = fixed or (self.level if self.level in scene.grids else scene.base)
        # Ids of the last layout mean nothing in this one.
        self._set_from_worker(urgent=True, selection=[], opened=[], fixed_level=fixed, level=level)

    def _refuse(self, text: str) -> None:
        """Tell the browser that something it sent was dropped, but not a thousand times."""
        if self._refusals.ready():
            content = messages.build("error", message=text, hint="", fatal=False)
            self._session.listener.send(content, [])


def _nothing() -> None:
    """Wake the worker."""
