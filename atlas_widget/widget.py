"""AtlasWidget: an activation atlas in a notebook's cell.

The widget holds traits and passes messages on; the work is done by a
:class:`~atlas_widget.rendering.session.Session` on one worker thread.
"""

from __future__ import annotations

import os
import threading
import time
import weakref
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from atlas_widget import figures, lifetime, messages
from atlas_widget.errors import AtlasError, CellError
from atlas_widget.provenance import model_name
from atlas_widget.rendering import exporting
from atlas_widget.rendering.front import WidgetFront
from atlas_widget.rendering.queue import State
from atlas_widget.rendering.recipe import Recipe, layer_names
from atlas_widget.rendering.session import Session
from atlas_widget.rendering.status import first_status
from atlas_widget.rendering.waiting import wait_for
from atlas_widget.rendering.worker import Worker
from atlas_widget.state import AtlasState
from atlas_widget.traits import check_cells, check_grid

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure
    from torch import nn

    from atlas_widget.atlas import Atlas

__all__ = ["AtlasWidget"]

_CLOSE_TIMEOUT = 20.0  # seconds that close() waits for the slice in progress


class AtlasWidget(AtlasState):
    """An activation atlas of a layer, made while you look at it.

    Returns at once. One worker thread collects activations, lays them out and renders the cells'
    pictures, those in sight first; your kernel and your model stay yours.

    Parameters
    ----------
    model
        A PyTorch vision model. It is copied, and left as it is.
    layer
        The layer's name; ``list_layers(model)`` lists them.
    images
        A folder, a dataset, a DataLoader, a list of images, a tensor, or "imagenette". None: the
        photos that scikit-image ships.
    transform
        What makes the model's input of RGB images in [0, 1]: a torchvision preset, a timm data
        config, a ``Normalize`` or any differentiable callable. None: what the model says of itself.
    labels
        The names of the classes, in the order of the model's outputs.
    num_samples
        How many activations the atlas stands on.
    grids
        Cells along a side, of each grid that one can zoom to.
    seed
        Makes crops, layout and pictures come out the same again.
    device
        Where to compute. None: CUDA where there is one.
    cache_dir
        Where atlases and pictures are kept. None: ``$ATLAS_WIDGET_CACHE``, else the user's cache.
    atlas
        An :class:`~atlas_widget.Atlas`, or the path of a saved one, to show instead of a new one.
    height
        Pixels.

    Examples
    --------
    >>> from atlas_widget import AtlasWidget, demo
    >>> w = AtlasWidget(demo.model(), demo.LAYER, labels=demo.labels())
    >>> w
    """

    _esm = lifetime.bundle("widget.js")
    _css = lifetime.bundle("widget.css")

    def __init__(
        self,
        model: nn.Module,
        layer: str | nn.Module,
        images: Any = None,
        *,
        transform: Any = None,
        labels: Sequence[str] | Mapping[int, str] | None = None,
        num_samples: int | None = None,
        grids: Sequence[int] = (20, 40, 80),
        seed: int = 0,
        device: Any = None,
        cache_dir: str | os.PathLike[str] | None = None,
        atlas: Atlas | str | os.PathLike[str] | None = None,
        height: int = 600,
    ) -> None:
        recipe = Recipe.checked(
            layer,
            images=images,
            transform=transform,
            labels=labels,
            num_samples=num_samples,
            grids=grids,
            seed=seed,
            device=device,
            cache_dir=cache_dir,
            atlas=atlas,
        )
        probe = recipe.first_probe(model)
        name = model_name(recipe.model(probe))
        worker = Worker(f"atlas-widget-{id(self):x}", torch_threads=recipe.torch_threads)
        session = Session(probe, recipe, WidgetFront(self), name)
        session.attach(worker.breathe, lambda: worker.stopping)
        try:
            super().__init__(
                session,
                worker,
                layer=probe.layer,
                layers=layer_names(model),
                level=min(recipe.grids),
                status=first_status(name, probe.layer),
                height=height,
            )
        except BaseException:
            probe.close()
            raise
        notice = lifetime.kernel_notice()
        if notice is not None:
            session.tell.notice(notice)
        lifetime.unpin(self)
        # Also when the widget is forgotten rather than closed; the session does not refer to it.
        self._end = weakref.finalize(self, worker.stop, 0.0)
        worker.start(session)

    # -- What it shows

    @property
    def atlas(self) -> Atlas | None:
        """The atlas on show, or None until it stands (see :meth:`wait`)."""
        return self._session.atlas

    @property
    def selected(self) -> pd.DataFrame:
        """The selected cells as a table: place, count, label, and how good each picture is."""
        import pandas as pd

        scene, atlas = self._session.scene, self.atlas
        if scene is None or atlas is None:
            return pd.DataFrame()
        grid = self.level
        cells = [cell for cell in self.selection if scene.has(grid, cell)]
        places = [scene.cells(grid)[cell] for cell in cells]
        table = atlas.cells(grid).iloc[places].copy()
        pictures, labels = self._session.snapshot(grid)
        shown = [pictures.get(cell) for cell in cells]
        table["label"] = [labels.get(cell) for cell in cells]
        table["state"] = [picture.state.word if picture else "crop" for picture in shown]
        table["cosine"] = [picture.cosine if picture else None for picture in shown]
        table["rank"] = [picture.rank if picture else None for picture in shown]
        return table

    @property
    def notices(self) -> tuple[str, ...]:
        """What was assumed or went less well, such as a transform that nobody named."""
        return self._session.tell.notices

    def select(self, cells: Iterable[int], grid: int | None = None) -> None:
        """Select cells.

        Parameters
        ----------
        cells
            Ids of cells; none clears the selection.
        grid
            The grid that they belong to; by default the one on show.
        """
        scene = self._session.scene
        level = self.level if grid is None else grid
        if scene is not None:
            check_grid(level, scene)
        chosen = check_cells(cells, level, scene)
        with self._lock, self.hold_sync(), self.hold_trait_notifications():
            self.level = level
            self.selection = chosen

    # -- Waiting

    def wait(self, timeout: float | None = None) -> AtlasWidget:
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

    def render(
        self, cells: Iterable[int] | None = None, timeout: float | None = None
    ) -> AtlasWidget:
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
        failed = [cell for cell in wanted if pictures[cell].state is not State.FINAL]
        if failed:
            raise AtlasError(
                f"{len(failed)} of {len(wanted)} pictures could not be rendered: "
                f"{session.tell.last_error}"
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
            self._session, grid, wanted, dpi=dpi, caption=caption, labels=labels
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
            target, self._session, grid, wanted, dpi=dpi, caption=caption, labels=labels
        )

    # -- The end

    def close(self) -> None:
        """End the worker and free the copy of the model; safe to call twice."""
        worker = getattr(self, "_worker", None)
        if worker is not None:  # closing also comes from a constructor that failed
            worker.stop(_CLOSE_TIMEOUT)
            if self.comm is not None and self.status.get("stage") != "closed":
                closed = {**self.status, "stage": "closed", "message": "", "seconds_left": None}
                self._set_from_worker(urgent=True, status=closed)
        super().close()

    def _repr_mimebundle_(self, **kwargs: Any) -> Any:
        lifetime.pin(self)
        return super()._repr_mimebundle_(**kwargs)

    # -- Messages

    def _handle_custom_msg(self, content: Any, buffers: Any) -> None:
        # Not through `on_msg`: the browser may answer before a constructor could register itself.
        # ipywidgets swallows what its callbacks raise, or prints it where nobody looks.
        try:
            self._receive(content)
            super()._handle_custom_msg(content, buffers)
        except Exception as error:
            self._refuse(f"A message could not be handled: {type(error).__name__}: {error}")

    def _receive(self, content: Any) -> None:
        """Check a message, pass it to the worker, return: this may be the kernel's only thread."""
        session = self._session
        try:
            message = messages.parse(content)
            session.check(message)
        except AtlasError as error:
            self._refuse(str(error))
            return
        if message.kind == "visible":
            lifetime.pin(self)
        self._worker.post(lambda: session.handle(message))

    # -- Inside

    def _check_open(self) -> None:
        if self._session.closed or not self._worker.alive:
            raise AtlasError("This widget has been closed; make a new one.")

    def _built(self) -> bool:
        error = self._session.error
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
