"""Waiting for pictures, and the figures that are made of them."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from atlas_widget import figures
from atlas_widget.errors import AtlasError, CellError
from atlas_widget.session.cells.checks import check_cells
from atlas_widget.session.cells.scheduler import State
from atlas_widget.session.tasks import export as exporting
from atlas_widget.terminal import wait_for
from atlas_widget.widget.state import AtlasState

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["Finishing"]


class Finishing(AtlasState):
    """The part of an :class:`~atlas_widget.AtlasWidget` that waits, and writes figures."""

    def wait(self, timeout: float | None = None) -> Self:
        """Wait until the layout and its grids stand; raise what went wrong.

        Interrupting it leaves the worker at work.

        Parameters
        ----------
        timeout
            Seconds after which to raise `TimeoutError`; None waits for ever.
        """
        if self._worker.here:
            raise AtlasError(
                "An observer of what the worker sets cannot wait for the worker: wait in a cell."
            )
        if not wait_for(self._session.changed, self._built, timeout, status=self._shown_status()):
            raise TimeoutError(f"The atlas does not stand after {timeout} s: {self.status}")
        return self

    def render(self, cells: Iterable[int] | None = None, timeout: float | None = None) -> Self:
        """Wait until pictures are final; they are rendered whether or not anybody looks.

        Parameters
        ----------
        cells
            Ids of cells of the grid on show; None: all of them.
        timeout
            Seconds after which to raise `TimeoutError`; None waits for ever.
        """
        started = time.monotonic()
        self.wait(timeout)
        grid, wanted = self._chosen(cells)
        session = self._session
        scene = session.scene

        def rendered() -> bool:
            self._check_open()
            if session.scene is not scene:
                raise AtlasError("Another layout came while the pictures were rendered; try again.")
            return demanded.is_set() and not session.unfinished(grid, wanted)

        demanded = threading.Event()

        def demand() -> None:
            session.demand(grid, wanted)
            demanded.set()

        self._worker.post(demand)
        left = None if timeout is None else max(0.0, timeout - (time.monotonic() - started))
        complete = False
        try:
            complete = wait_for(session.changed, rendered, left, status=self._shown_status())
        finally:
            if not complete:  # whoever gave up waiting does not want them any more
                self._worker.post(lambda: session.withdraw(grid, wanted))
        if not complete:
            missing = len(session.unfinished(grid, wanted))
            raise TimeoutError(
                f"{missing} of {len(wanted)} pictures are not final after {timeout} s."
            )
        pictures, _ = session.snapshot(grid)
        final = {cell for cell, picture in pictures.items() if picture.state is State.FINAL}
        failed = [cell for cell in wanted if cell not in final]
        if failed:
            raise AtlasError(
                f"{len(failed)} of {len(wanted)} pictures could not be rendered: "
                f"{session.notifier.last_error}"
            )
        return self

    # -- Figures

    def to_figure(
        self,
        cells: Iterable[int] | None = None,
        *,
        dpi: float = 300,
        caption: bool | str = True,
        labels: bool = False,
        render: bool = True,
    ) -> Figure:
        """Return cells as a matplotlib figure, made without pyplot.

        Parameters
        ----------
        cells
            Ids of cells of the grid on show; None: all of them.
        dpi
            Dots an inch.
        caption
            Whether to say in small print what is shown, or what to say.
        labels
            Whether to write each cell's label into it.
        render
            Whether to wait until all pictures are final. If not, the figure has what there is and
            its caption says so.
        """
        grid, wanted = self._pictured(cells, render)
        drawing, _ = exporting.draw(
            self._session.shown, grid, wanted, dpi=dpi, caption=caption, labels=labels
        )
        return drawing

    def export(
        self,
        path: str | os.PathLike[str],
        cells: Iterable[int] | None = None,
        dpi: float = 300,
        *,
        caption: bool | str = True,
        labels: bool = False,
        render: bool = True,
    ) -> Path:
        """Write cells as a figure, with a record of what it was made of inside and beside it.

        Parameters
        ----------
        path
            Ends in .png, .svg or .pdf; ``<path>.json`` is written too.
        cells, dpi, caption, labels, render
            See :meth:`to_figure`.

        Returns
        -------
        Path
            The figure.
        """
        target = figures.check_path(path)  # before minutes of rendering
        grid, wanted = self._pictured(cells, render)
        return exporting.export(
            target, self._session.shown, grid, wanted, dpi=dpi, caption=caption, labels=labels
        )

    # -- Inside

    def _check_open(self) -> None:
        if self._session.closed or not self._worker.alive:
            raise AtlasError("This widget has been closed; make a new one.")

    def _built(self) -> bool:
        error = self._session.error or self._session.take_refusal()
        if error is not None:
            raise error
        self._check_open()
        return self._session.built

    def _shown_status(self) -> Any:
        # On the screen the widget itself shows how far it is.
        return None if self._session.watched else lambda: self.status

    def _chosen(self, cells: Iterable[int] | None) -> tuple[int, list[int]]:
        scene = self._session.scene
        if scene is None:
            raise CellError("There are no cells yet; w.wait() waits for them.")
        grid = self.level if self.level in scene.grids else scene.base
        if cells is None:
            return grid, list(scene.cells(grid))
        chosen = check_cells(cells, grid, scene)
        if not chosen:
            raise CellError("No cells were given; leave `cells` out for the whole grid.")
        return grid, chosen

    def _pictured(self, cells: Iterable[int] | None, render: bool) -> tuple[int, list[int]]:
        chosen = None if cells is None else list(cells)
        self.wait()
        if render:
            self.render(chosen)
        return self._chosen(chosen)
