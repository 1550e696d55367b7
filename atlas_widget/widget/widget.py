"""AtlasWidget: an activation atlas in a notebook's cell.

The widget holds traits and forwards messages; the work is done by a
:class:`~atlas_widget.session.session.Session` on one worker thread.
"""

from __future__ import annotations

import os
import time
import weakref
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import anywidget
import traitlets

from atlas_widget import figures
from atlas_widget.atlas.defaults import MAX_PAGE_MB
from atlas_widget.errors import AtlasError, CellError, check_unit, did_you_mean
from atlas_widget.probe.model_name import model_name
from atlas_widget.progress import Throttle
from atlas_widget.protocol import messages
from atlas_widget.session.cells.checks import check_cells, check_grid, check_ids, check_size
from atlas_widget.session.session import Session
from atlas_widget.session.settings import Recipe, layer_names
from atlas_widget.session.status import first_status
from atlas_widget.session.subjects import check_subject, subject_of_class
from atlas_widget.session.tasks import export as exporting
from atlas_widget.session.tasks.judging import JudgeCells
from atlas_widget.session.tasks.still import Still, take_still
from atlas_widget.session.worker import Worker
from atlas_widget.terminal import take_back_announcement
from atlas_widget.widget import kernel, lifetime
from atlas_widget.widget.listener import WidgetListener
from atlas_widget.widget.notes import Notes
from atlas_widget.widget.overlays import UNIT, check_overlay
from atlas_widget.widget.pending_views import PendingViews, View
from atlas_widget.widget.selected import region_table, selected_cells
from atlas_widget.widget.still import StillOutput
from atlas_widget.widget.trait_lock import TraitLock
from atlas_widget.widget.units import check_unit_order
from atlas_widget.widget.validation import (
    check_height,
    check_mode,
    check_opened,
    check_viewport,
    refusals,
)
from atlas_widget.widget.view_state import VIEW, check_view, fit_view, region_of
from atlas_widget.widget.waiting import Waiting, left

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure
    from torch import nn

    from atlas_widget.atlas import Atlas
    from atlas_widget.causes import CausalTest, CueReport, PatchTest
    from atlas_widget.causes.backgrounds import Masks
    from atlas_widget.comparison import AtlasComparison, AtlasSeries
    from atlas_widget.forced_choice import WrittenCheck
    from atlas_widget.images.labels import Given
    from atlas_widget.inversion.judge import Judge
    from atlas_widget.inversion.sanity import SanityCheck
    from atlas_widget.layout import Embedding
    from atlas_widget.page import WrittenPage
    from atlas_widget.session.cells.scene import Scene
    from atlas_widget.session.tasks.experiments import Places
    from atlas_widget.session.tasks.task import LongTask
    from atlas_widget.units import UnitMatches

__all__ = ["AtlasWidget"]

_CLOSE_TIMEOUT = 20.0  # seconds that close() waits for the current slice
_REFUSAL_INTERVAL = 1.0  # seconds between two reports of invalid input from the browser
_NO_WIDGET = "<!-- The atlas is interactive while a kernel runs; its picture is above. -->"
_FULL_VIEWPORT = [0.0, 0.0, 1.0, 1.0]


class AtlasWidget(anywidget.AnyWidget):
    """An interactive activation atlas of a layer, computed while you explore it.

    Returns at once. A worker thread collects activations, computes their layout and renders the
    cells' icons, visible cells first. The kernel stays responsive, and the model is not changed.

    Parameters
    ----------
    model
        A PyTorch vision model. It is copied, never changed.
    layer
        The layer's name; ``list_layers(model)`` lists them.
    images
        A folder, a URL that fsspec reads, a dataset, a DataLoader, a list of images, a tensor, or
        "imagenette". None: the photos that this package ships.
    transform
        The preprocessing from RGB images in [0, 1] to the model's input: a torchvision preset, a
        timm data config, a ``Normalize`` or any differentiable callable. None: as the model itself
        specifies.
    labels
        The names of the classes, in the order of the model's outputs.
    target
        The target of attribution, for models without class scores or if only some of them matter:
        ``lambda output: output[:, 3] - output[:, 5]``, a list of classes, a mapping of names to
        functions of the model's output, or ``similarity_to(picture)``.
    num_samples
        Number of activations in the atlas.
    grids
        Sizes of the grids, in cells along a side, at most 160; zooming in shows finer ones. If each
        size divides the next, coarser pictures are shown until the finer ones are rendered.
    seed
        Seed of crops, layout and pictures.
    device
        Device for the computation. None: CUDA if available.
    cache_dir
        Cache folder for atlases and pictures. None: ``$ATLAS_WIDGET_CACHE``, else the user's cache.
    atlas
        An :class:`~atlas_widget.Atlas`, or the path of a saved one, to show instead of a new one.
    cluster
        A Ray cluster that makes the cells' icons, in parallel on its GPUs or cores: "auto" or an
        address, see :func:`atlas_widget.cluster.connect`. The icons are the same as without a
        cluster; while it has no worker, they are made in this process. Collecting activations and
        pictures of open cells always run in this process; to collect very many, use
        :meth:`atlas_widget.Atlas.build`, which also has `cluster`.
    layout_method
        Method of the layout: "umap", which is umap-learn, or another one; see
        :meth:`atlas_widget.Atlas.build`.
    input_size
        Side of the model's input in pixels. None: as specified by the model or the transform, else
        224, with a notice.
    judge
        A second network, such as ``demo.judge()``, that looks at finished pictures: a cell's card
        then says whether this network, too, finds the cell in its picture. It is copied, never
        changed, and takes no part in making pictures; its input size and its classes do not matter.
    height
        Height of the widget in pixels.

    Examples
    --------
    >>> from atlas_widget import AtlasWidget, demo
    >>> w = AtlasWidget(demo.model(), demo.LAYER, labels=demo.labels())
    >>> w
    """

    _esm = lifetime.bundle("widget.js")

    layer = traitlets.Unicode().tag(sync=True)
    """The layer shown. Setting it builds that layer's atlas, or loads it from the cache."""
    subject = traitlets.List(traitlets.Unicode()).tag(sync=True)
    """The subject of the atlas shown: [] for all samples, ["class", name], ["winning", name] or
    ["comparison", name, other]. Setting it makes that atlas; a new layer starts with []."""
    layers = traitlets.List(traitlets.Dict()).tag(sync=True)
    """The model's layers: name, type, whether it is one of the blocks that are listed first, and,
    once a map is shown, the shape of its output for one image."""
    selection = traitlets.List(traitlets.Int()).tag(sync=True)
    """Ids of the selected cells of the grid `level`. Default: none."""
    level = traitlets.Int(0).tag(sync=True)
    """The grid shown, to which `selection` refers. Default: the coarsest. Setting it fixes the
    grid; the selection becomes the same region in it."""
    fixed_level = traitlets.Int(None, allow_none=True).tag(sync=True)
    """The grid shown at every zoom; None shows finer ones when zooming in. Default: None."""
    opened = traitlets.List(traitlets.Int()).tag(sync=True)
    """The cell in the detail panel as [grid, cell]. Default: none, []."""
    hovered = traitlets.Int(-1).tag(sync=True, echo_update=False)
    """The cell under the pointer, or -1."""
    viewport = traitlets.List(traitlets.Float(), _FULL_VIEWPORT).tag(sync=True, echo_update=False)
    """The visible region, [x0, y0, x1, y1] in units of the atlas. Setting it moves the view."""
    overlay = traitlets.Unicode("pictures").tag(sync=True)
    """The overlay over the pictures: "pictures" (none), "crops" (real crops instead of icons),
    "density", "top class", "fidelity", "doubt", "influence: " and the name of a class, or "unit: "
    and the number of a unit: its mean activation in each cell."""
    mode = traitlets.Unicode("atlas").tag(sync=True)
    """The view shown: "atlas", the map; "graph", the layers of the model; "units", the units of the
    layer; "image", one image in several layers; or "compare", the map beside another one."""
    unit = traitlets.Int(None, allow_none=True).tag(sync=True)
    """The unit whose page is open in the view "units"; None shows all units. Default: None."""
    unit_order = traitlets.Unicode("number").tag(sync=True)
    """The order of the units: "number", "max", "mean", "active" or "sparseness"."""
    status = traitlets.Dict().tag(sync=True)
    """The status: stage, message, done, total, seconds_left, shorter (what would take less time,
    where much is left), error, model, layer, samples, images."""
    height = traitlets.Int(600).tag(sync=True)
    """The widget's height in pixels, 200 to 10,000. Default: 600."""
    _still = traitlets.Unicode().tag(sync=True)
    """The class of the still picture beside the widget, which views hide."""

    def __init__(
        self,
        model: nn.Module,
        layer: str | nn.Module,
        images: Any = None,
        *,
        transform: Any = None,
        labels: Sequence[str] | Mapping[int, str] | None = None,
        target: Any = None,
        num_samples: int | None = None,
        grids: Sequence[int] = (20, 40, 80),
        seed: int = 0,
        device: Any = None,
        cache_dir: str | os.PathLike[str] | None = None,
        atlas: Atlas | str | os.PathLike[str] | None = None,
        cluster: str | None = None,
        layout_method: str | Embedding = "umap",
        input_size: int | None = None,
        judge: nn.Module | None = None,
        height: int = 600,
    ) -> None:
        recipe = Recipe.checked(
            layer,
            images=images,
            transform=transform,
            labels=labels,
            target=target,
            num_samples=num_samples,
            grids=grids,
            seed=seed,
            device=device,
            cache_dir=cache_dir,
            atlas=atlas,
            cluster=cluster,
            layout_method=layout_method,
            input_size=input_size,
        )
        probe = recipe.first_probe(model)
        try:
            second = None if judge is None else _judge(judge, device)
        except BaseException:
            probe.close()
            raise
        # the layer may have been given as a module
        recipe = replace(recipe, first_layer=probe.layer)
        name = model_name(recipe.model(probe))
        worker = Worker(f"atlas-widget-{id(self):x}", torch_threads=recipe.torch_threads)
        session = Session(probe, recipe, WidgetListener(self), name, second)
        session.attach(worker.run_commands, lambda: worker.stopping)
        self._session = session
        self._worker = worker
        self._lock = TraitLock()
        self._pending = PendingViews()
        self._comparing: LongTask | None = None  # asked for, and not waited for yet
        self._refusals = Throttle(_REFUSAL_INTERVAL)
        self._still_output = StillOutput(self)
        # A level that is set by the session, not by the user
        self._followed_level: int | None = min(recipe.grids)
        try:
            super().__init__(
                layer=probe.layer,
                layers=layer_names(model),
                level=min(recipe.grids),
                status=first_status(name, probe.layer),
                height=height,
                _still=self._still_output.name,
            )
        except BaseException:
            session.model.close()
            raise
        kernel.handle_messages_during_cells(self)
        notice = kernel.kernel_notice()
        if notice is not None:
            session.notifier.notice(notice)
        lifetime.unpin(self)
        # Also when the widget is garbage collected; the session does not refer to it.
        self._end = weakref.finalize(self, worker.stop, 0.0)
        worker.start(session)

    # -- The atlas shown

    @property
    def atlas(self) -> Atlas | None:
        """The layer's atlas of all samples; None until it is ready (see :meth:`wait`)."""
        return self._session.atlas

    @property
    def shown_atlas(self) -> Atlas | None:
        """The atlas shown: that of all samples, of one class, or of two classes compared."""
        return self._session.shown_atlas

    def class_atlas(self, class_: int | str, *, by: str = "influence") -> Self:
        """Show an atlas of only the samples that argue most for a class, with its own layout.

        Returns at once; the worker computes attributions and the layout. Then `shown_atlas` is that
        atlas (see :func:`atlas_widget.classes.class_atlas`).

        Parameters
        ----------
        class_
            The class, by name or number.
        by
            ``"influence"``: the samples that argue most for the class; ``"winning"``: the samples
            that argue for no other class as much.

        Raises
        ------
        AtlasError
            There is no such class. If too few samples argue for it, `wait` raises that.
        """
        self.subject = subject_of_class(class_, by, self._session.class_names)
        return self

    def compare_classes(self, first: int | str, second: int | str) -> Self:
        """Show the samples that argue most for either of two classes, arranged between the two.

        Returns at once. Samples for the first class are on the left, for the second on the right;
        vertically, similar samples are close: see :func:`atlas_widget.classes.compare_classes`.

        Parameters
        ----------
        first, second
            The classes, by name or number.

        Raises
        ------
        AtlasError
            There are no such classes. If too few samples argue for them, `wait` raises that.
        """
        self.subject = ["comparison", str(first), str(second)]
        return self

    def whole_atlas(self) -> Self:
        """Show all samples again, with their pictures."""
        self.subject = []
        return self

    @property
    def selected(self) -> pd.DataFrame:
        """The selected cells as a table: place, count, label, and the fidelity of each picture."""
        return selected_cells(self._session, self.level, self.selection)

    @property
    def regions(self) -> pd.DataFrame:
        """The regions with a name on the map as a table; empty until the layout is ready.

        Columns: ``name``, the label that the images of neighbouring cells share (a folder's name, a
        dataset's class); ``share``, of these cells' samples that are from such images; ``cells``,
        their ids in the coarsest grid, for :meth:`select`. The largest come first.
        """
        return region_table(self._session)

    @property
    def notes(self) -> Notes:
        """The notes on the atlas: names and words for regions, cells and units.

        A list of :class:`~atlas_widget.notes.Note` with `add`, `change`, `remove`, `save` and
        `table`. They are kept beside a saved atlas, in its folder, else in the cache folder;
        `where` says in which file. Two notebooks may write them at the same time.
        """
        return Notes(lambda: self._session.notes, lambda: self.level, self._send_notes)

    @property
    def notices(self) -> tuple[str, ...]:
        """Notices so far, such as an assumed transform."""
        return self._session.notifier.notices

    def select(self, cells: Iterable[int], grid: int | None = None) -> None:
        """Select cells.

        Parameters
        ----------
        cells
            Ids of cells; none clears the selection.
        grid
            The grid of these cells; by default the one shown.
        """
        scene = self._session.scene
        level = self.level if grid is None else grid
        if scene is not None:
            check_grid(level, scene)
        self._set(level=level, selection=check_cells(cells, level, scene))

    def fly_to(self, cells: Iterable[int], grid: int | None = None) -> None:
        """Move the view to cells; if the layout is not ready, as soon as it is.

        Parameters
        ----------
        cells
            Ids of cells.
        grid
            The grid of these cells; by default the one shown.

        Raises
        ------
        CellError
            There are no such cells. If the layout is not ready, the widget shows the error later.
        """
        chosen = check_ids(cells)
        if grid is not None:
            check_size(grid)

        def region(scene: Scene) -> dict[str, Any]:
            return {"viewport": region_of(chosen, self.level if grid is None else grid, scene)}

        self._set_when_shown(self.layer, region)

    @property
    def view(self) -> dict[str, Any]:
        """The current view: layer, subject, viewport, level, selection and so on, as a dict.

        Assign it to return to the view: at once, or as soon as its layer's atlas is ready. It can
        be stored as JSON. Missing keys are as in a new widget; a missing layer is the one shown.
        The widget's link button and the key C copy a line of Python that sets it.
        """
        return {
            name: list(value) if isinstance(value, list) else value
            for name, value in ((name, getattr(self, name)) for name in VIEW)
        }

    @view.setter
    def view(self, value: Mapping[str, Any]) -> None:
        view = check_view(value)
        layer = self.layer if view["layer"] is None else self._check_layer(view["layer"])
        if layer != self.layer:
            self.layer = layer
        else:
            view["overlay"] = self._check_overlay(view["overlay"])
        self.subject = view["subject"]
        self._set_when_shown(layer, lambda scene: fit_view(view, scene))

    # -- Waiting

    def wait(self, timeout: float | None = None) -> Self:
        """Wait until the layout and its grids are ready; raise the error if building them fails.

        Also waits for what :meth:`compare` has asked for. An interrupt does not stop the worker.

        Parameters
        ----------
        timeout
            Seconds after which to raise `TimeoutError`; None waits for ever.
        """
        started = time.monotonic()
        self._waiting.for_atlas(timeout)
        task = self._comparing
        if task is not None:
            try:
                self._waiting.for_comparison(task, left(timeout, started))
            finally:
                if task.done:
                    self._comparing = None
        return self

    def render(self, cells: Iterable[int] | None = None, timeout: float | None = None) -> Self:
        """Wait until the icons of cells are final; they are rendered even if they are not visible.

        Parameters
        ----------
        cells
            Ids of cells of the grid shown; None: all of them.
        timeout
            Seconds after which to raise `TimeoutError`; None waits for ever.
        """
        started = time.monotonic()
        self._waiting.for_atlas(timeout)
        self._waiting.for_pictures(*self._chosen_cells(cells), left(timeout, started))
        return self

    # -- Figures

    def to_figure(
        self,
        cells: Iterable[int] | None = None,
        *,
        dpi: float = 300,
        caption: bool | str = True,
        labels: bool = False,
        names: bool = True,
        notes: bool = True,
        render: bool = True,
    ) -> Figure:
        """Return cells as a matplotlib figure, made without pyplot.

        Parameters
        ----------
        cells
            Ids of cells of the grid shown; None: all of them.
        dpi
            Dots an inch.
        caption
            Whether to add a caption, or its text.
        labels
            Whether to write each cell's label into it.
        names
            Whether to write the names of regions into it.
        notes
            Whether to mark the notes in it by numbers, with a legend below.
        render
            Whether to wait until all icons are final. If False, the figure has the current pictures
            and its caption says so.
        """
        grid, wanted = self._rendered_cells(cells, render)
        drawing, _ = exporting.draw(
            self._session.shown,
            grid,
            wanted,
            dpi=dpi,
            caption=caption,
            labels=labels,
            names=names,
            notes=notes,
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
        names: bool = True,
        notes: bool = True,
        render: bool = True,
    ) -> Path:
        """Write a figure of cells, with a provenance record inside and beside it.

        The record is enough to make the figure again: see :func:`~atlas_widget.verify_figure`.

        Parameters
        ----------
        path
            A path that ends in .png, .svg or .pdf; ``<path>.json`` is written too.
        cells, dpi, caption, labels, names, notes, render
            See :meth:`to_figure`.

        Returns
        -------
        Path
            The figure.
        """
        target = figures.check_path(path)  # checked before minutes of rendering
        grid, wanted = self._rendered_cells(cells, render)
        shown, judged = self._session.shown, None
        if self._session.model.judge is not None:
            work = JudgeCells(shown, grid, tuple(wanted))
            judged = self._waiting.for_task("Showing the pictures to the judge", work, None)
        return exporting.export(
            target,
            shown,
            grid,
            wanted,
            dpi=dpi,
            caption=caption,
            labels=labels,
            names=names,
            notes=notes,
            judged=judged,
        )

    def to_html(
        self,
        path: str | os.PathLike[str],
        *,
        grids: int | Iterable[int] | None = None,
        crops: bool | None = None,
        notes: bool = True,
        render: bool = True,
        max_mb: float = MAX_PAGE_MB,
        overwrite: bool = False,
    ) -> WrittenPage:
        """Write the atlas shown as one HTML file that needs no kernel, no server and no network.

        It opens by a double click, with zoom, search, overlays, cards and open cells, and has no
        address of anything outside it. What only a model can do is not in it. The pages of units
        that were opened are.

        Parameters
        ----------
        path
            A path that ends in .html.
        grids
            The grids of the page; None: those of up to 40 × 40 cells.
        crops
            Whether to put parts of the images into the page: the real crops nearest to each cell,
            without metadata. None: only if they are of the photos that this package ships.
        notes
            Whether to put the notes into the page.
        render
            Whether to make the pictures and classes that are missing, however long that takes. If
            False, the page has those that there are now.
        max_mb
            Megabytes (of a million bytes) that the file may have.
        overwrite
            Whether to replace a file that is there.

        Returns
        -------
        WrittenPage
            Its path (`open` takes the result itself), size, and number of pictures and crops.

        Raises
        ------
        ExportError
            The file is there already, cannot be written, or would be too large.
        """
        from atlas_widget.page import check_target, page_grids
        from atlas_widget.session.tasks.page import PageExport

        target = check_target(path, overwrite=overwrite)
        self._waiting.for_atlas(None)
        shown = self._session.shown
        sizes = page_grids(shown.scene.grids, grids)
        if render:
            for size in sizes:
                self._waiting.for_pictures(size, list(shown.scene.cells(size)), None)
        work = PageExport(
            shown,
            self._session.labeller,
            self._session.class_names,
            target,
            sizes,
            crops,
            max_mb,
            overwrite,
            render,
            self._session.notes.in_page if notes else _nothing,
            self._session.opened_units.in_page,
        )
        written: WrittenPage = self._waiting.for_task("Writing the page", work, None)
        return written

    def human_check(
        self,
        path: str | os.PathLike[str],
        trials: int = 40,
        *,
        difficulty: str = "random",
        seed: int = 0,
        overwrite: bool = False,
    ) -> WrittenCheck:
        """Write a page on which humans choose which of two real crops belongs to a cell's picture.

        It opens by a double click, sends nothing to anybody, and gives a CSV of the answers, which
        :func:`atlas_widget.legibility` scores. A quarter of the trials has a real crop in place of
        the picture; a tenth are catch trials, in which the reference is one of the two crops. The
        page holds parts of your images.

        Parameters
        ----------
        path
            A path that ends in .html.
        trials
            Number of trials, 8 to 400.
        difficulty
            ``"random"``: the other crop is of any cell; ``"near"``: of one of the eight cells that
            are most like it in the layer.
        seed
            Seed of the choice of cells and crops; sides and order are drawn for each participant.
        overwrite
            Whether to replace a file that is there.

        Returns
        -------
        WrittenCheck
            Its path, and how many trials and parts of images it has.

        Raises
        ------
        AtlasError
            Too few cells have crops that their picture was not made from.
        ExportError
            The file is there already, or cannot be written.
        """
        from atlas_widget.forced_choice import Check, assemble, plan_trials, write_check
        from atlas_widget.page import check_target

        target = check_target(path, overwrite=overwrite)
        self.wait()
        shown = self._session.shown
        scene = shown.scene
        grid = scene.base
        plans = plan_trials(scene, grid, trials, difficulty=difficulty, seed=seed)
        asked = sorted({plan.cell for plan in plans if plan.kind == "picture"})
        self._waiting.for_pictures(grid, asked, None)
        pictures = {cell: shown.snapshot(grid)[0][cell].pixels for cell in asked}
        check = Check(
            assemble(scene, plans, pictures),
            grid,
            shown.model,
            scene.layer,
            self._session.model.probe.weights_hash,
            difficulty,
            seed,
        )
        return write_check(target, check, overwrite=overwrite)

    # -- Experiments

    def ablate(
        self,
        cells: int | Iterable[int] | None = None,
        *,
        where: Places = "sample",
        count: int = 32,
        target: Any = None,
        presence: float = 0.5,
        seed: int = 0,
        timeout: float | None = None,
    ) -> CausalTest:
        """Remove the direction of cells from real images, and compare prediction and outcome.

        Parameters
        ----------
        cells
            Ids of cells of the grid shown; None: the selected ones. Their mean, weighted by their
            number of samples, is the direction.
        where
            ``"sample"``: at the positions of the cells' samples; ``"present"``: at all positions
            whose activation has a cosine to the direction of at least `presence`;
            ``"everywhere"``.
        count
            Maximum number of crops in which the cells occur, from as many images as possible.
        target
            Scores to measure: a class or several, by name or number, or as for `attribute`; by
            default the five classes that these crops score highest.
        presence
            Minimum cosine for ``where="present"``, in (0, 1].
        seed
            Seed of the choice of crops.
        timeout
            Seconds after which to cancel and raise `TimeoutError`; None waits for ever.

        Returns
        -------
        CausalTest
            Predicted and actual change of each score on each crop, their correlation, and
            ``.to_figure()``.
        """
        return self._change_direction(None, cells, where, count, target, presence, seed, timeout)

    def steer(
        self,
        cells: int | Iterable[int] | None = None,
        alpha: float = 1.0,
        *,
        where: Places = "sample",
        count: int = 32,
        target: Any = None,
        presence: float = 0.5,
        seed: int = 0,
        timeout: float | None = None,
    ) -> CausalTest:
        """Add the direction of cells to real images, and compare prediction and outcome.

        Parameters
        ----------
        alpha
            Multiple of the cells' mean to add: 1 adds the mean, −1 subtracts it.
        cells, where, count, target, presence, seed, timeout
            As for :meth:`ablate`.

        Returns
        -------
        CausalTest
        """
        return self._change_direction(alpha, cells, where, count, target, presence, seed, timeout)

    def patch_test(
        self,
        patch: Any,
        target: int | str,
        *,
        crop: int | None = None,
        images: Any = None,
        count: int = 200,
        source: int | str | None = None,
        position: str | tuple[float, float] = "best corner",
        size: float | Sequence[float] = (0.2, 0.3, 0.4),
        controls: int = 16,
        seed: int = 0,
        timeout: float | None = None,
    ) -> PatchTest:
        """Put a patch on many images and count how many the model then takes for a class.

        Parameters
        ----------
        patch
            The id of a cell of the grid shown, whose icon is the patch; or an image of your own.
        target
            The class that images should be flipped to, by name or number.
        crop
            With a cell: the index, from 0, of one of its nearest real crops to use instead of its
            icon.
        images
            Images to put the patch on; None: `count` of the images that the atlas was made from.
        count
            Maximum number of images if `images` is None.
        source, position, size, seed
            See :func:`atlas_widget.patch_test`.
        controls
            Number of random cells of the atlas used as control patches, in addition to noise.
        timeout
            As for :meth:`ablate`.

        Returns
        -------
        PatchTest
            The rate of flipped images with intervals, for the patch and its controls.
        """
        from atlas_widget.session.tasks.experiments import PatchExperiment

        self._waiting.for_atlas(None)
        picture, own = self._patch(patch, crop)
        options = {"source": source, "position": position, "size": size, "seed": seed}
        work = PatchExperiment(
            picture, target, images, count, controls, tuple(own), tuple(options.items())
        )
        found: PatchTest = self._waiting.for_task("Testing a patch", work, timeout)
        return found

    def find_cues(
        self,
        first: int | str,
        second: int | str,
        *,
        image_classes: Given | None = None,
        masks: Masks | None = None,
        count: int = 5,
        measured: int = 8,
        test_images: int = 32,
        share: float = 0.5,
        seed: int = 0,
        timeout: float | None = None,
    ) -> CueReport:
        """Find cells that argue for one class although they are seen in images of another.

        Parameters
        ----------
        first, second
            The classes, by name or number.
        image_classes, masks, count, measured, test_images, share, seed
            See :func:`atlas_widget.find_cues`.
        timeout
            As for :meth:`ablate`.

        Returns
        -------
        CueReport
            Cues ranked by the effect of pasting them; the cells are of the coarsest grid.
        """
        from atlas_widget.session.tasks.experiments import CueSearch

        options = {
            "image_classes": image_classes,
            "masks": masks,
            "count": count,
            "measured": measured,
            "test_images": test_images,
            "share": share,
            "seed": seed,
        }
        work = CueSearch(first, second, tuple(options.items()))
        found: CueReport = self._waiting.for_task("Looking for cues", work, timeout)
        return found

    def sanity_check(
        self, count: int = 24, *, seed: int = 0, timeout: float | None = None
    ) -> SanityCheck:
        """Compare the fidelity of some cells' icons with controls.

        The controls are noise, icons made by the same method for a copy of the network with random
        weights, and icons made of the statistics of the cells' crops alone, without a direction.
        If one of these is as good, a notice says that the icons are not meaningful. With a `judge`,
        each row also has the share in which that finds the cell.

        Parameters
        ----------
        count
            Number of random cells of the coarsest grid.
        seed
            Seed of the choice of cells.
        timeout
            As for :meth:`ablate`.

        Returns
        -------
        SanityCheck
            See :func:`atlas_widget.inversion.sanity_check`.
        """
        from atlas_widget.session.tasks.sanity import SanityControls

        if isinstance(count, bool) or not isinstance(count, int) or count < 2:
            raise AtlasError(f"count={count!r}: at least 2 cells are compared, say 24.")
        work = SanityControls(count, seed)
        found: SanityCheck = self._waiting.for_task(
            "Comparing the pictures with controls", work, timeout
        )
        if not found.passed:
            self._worker.post(lambda: self._session.notifier.notice(found.verdict))
        return found

    # -- Where is …?

    def find(self, words: str) -> list[int]:
        """Return the cells of the grid shown whose strongest class is called so.

        A class also counts that is a kind of what is called so: ``w.find("dog")`` finds golden
        retrievers. The classes of a cell are computed after its picture, so more are found later.

        Parameters
        ----------
        words
            Whole words, such as "dog" or "red panda"; capitals do not matter.

        Returns
        -------
        list of int
            Ids of cells, for :meth:`select` or :meth:`fly_to`.

        Raises
        ------
        AtlasError
            No class is called so, nor a kind of one.
        """
        from atlas_widget.attribution.hypernyms import classes_called

        names = self._session.class_names
        classes = classes_called(words, names) if isinstance(words, str) else set()
        if not classes:
            near = did_you_mean(str(words), names)
            raise AtlasError(f"No class is called {words!r:.60}, nor is a kind of it.{near}")
        leading = self._session.leading(self.level)
        return sorted(cell for cell, own in leading.items() if classes.intersection(own))

    # -- Units

    def open_layer(self, layer: str | None = None, *, sort: str = "number") -> Self:
        """Show the units of a layer; once its activations are collected, if they are not yet.

        Parameters
        ----------
        layer
            The layer; None: the one shown.
        sort
            Order of the units: "number"; "max", "mean", "active", "sparseness", "kurtosis" or
            "selectivity" (for labels of the images), largest first; "picture", by the share of
            samples that the finished picture's activation goes beyond; "correlation", a map on
            which units that are active together lie side by side.

        Raises
        ------
        AtlasError
            The model has no such layer, or there is no such order.
        """
        name = self.layer if layer is None else self._check_layer(layer)
        order = check_unit_order(sort)
        if name != self.layer:
            self.layer = name
        self._set_when_shown(
            name, lambda _scene: {"mode": "units", "unit": None, "unit_order": order}
        )
        return self

    def open_unit(self, layer: str, unit: int) -> Self:
        """Open the page of a unit; once the layer's activations are collected, if not yet.

        Parameters
        ----------
        layer
            The layer.
        unit
            The unit's number, from 0: the channel of a map, the dimension of tokens or vectors.

        Raises
        ------
        AtlasError
            There is no such layer or unit. If the layer is not the one shown, whether there is such
            a unit is known later, and the widget shows the error.
        """
        name = self._check_layer(layer)
        if isinstance(unit, bool) or not isinstance(unit, int) or unit < 0:
            raise AtlasError(f"A unit is a number, from 0, not {unit!r:.60}.")
        if name != self.layer:
            self.layer = name
        self._set_when_shown(
            name,
            lambda scene: {"mode": "units", "unit": check_unit(unit, scene.channels, scene.layer)},
        )
        return self

    def select_unit(self, unit: int, *, share: float = 0.05) -> list[int]:
        """Select the cells of the grid shown in which a unit of the layer is most active.

        Parameters
        ----------
        unit
            The unit's number, from 0.
        share
            Share of the cells, above 0 up to 1.

        Returns
        -------
        list of int
            The cells, the one with the largest mean activation first; none if all are alike.

        Raises
        ------
        AtlasError
            The layout is not ready, the layer has no such unit, or the share is none.
        """
        from atlas_widget.session.units.strongest_cells import strongest_cells

        scene = self._session.scene
        if scene is None:
            raise AtlasError("The layout is not ready yet; call wait() first.")
        number = check_unit(unit, scene.channels, scene.layer)
        if isinstance(share, bool) or not isinstance(share, int | float) or not 0 < share <= 1:
            raise AtlasError(f"share={share!r:.40}: a share of the cells, above 0 up to 1.")
        cells = strongest_cells(scene.grids[self.level], number, share)
        self.select(cells)
        return cells

    def compare_units(
        self,
        model: nn.Module,
        layer: str | None = None,
        *,
        transform: Any = None,
        name: str | None = None,
        timeout: float | None = None,
    ) -> UnitMatches:
        """Show the units of another network or checkpoint beside those of the layer.

        All images of the atlas are scanned with both; units are matched by their maximum over each
        image. See :func:`~atlas_widget.match_units`.

        Parameters
        ----------
        model
            The other network; it is copied, never changed.
        layer
            Its layer; None: the one of the same name.
        transform
            See :class:`~atlas_widget.LayerProbe`; None: the one that the other network names, else
            the widget's.
        name
            What the other network is called; by default as it names itself.
        timeout
            As for :meth:`ablate`.

        Returns
        -------
        UnitMatches
            A table of the best matches, the units that are lost and new, and the layers' CKA.

        Raises
        ------
        AtlasError
            The images are not available.
        LayerNotFoundError
            The other network has no such layer.
        """
        from atlas_widget.session.tasks.units_beside import UnitsBeside, UnitsComparison

        called = model_name(model) if name is None else str(name)
        work = UnitsComparison(model, layer, transform, called[:80])
        found: UnitsBeside = self._waiting.for_task("Comparing units", work, timeout)
        self._worker.post(lambda: self._session.show_units_beside(found))
        self._set(mode="units", unit=None, unit_order="match")
        return found.matches

    # -- Comparison

    def compare(
        self,
        other: Any,
        layer: str | None = None,
        *,
        transform: Any = None,
        name: str | None = None,
    ) -> Self:
        """Show the atlas beside that of another layer, network or checkpoint, on the same images.

        Returns at once. The worker collects the other layer's activations at the places of the
        atlas shown, lays them out beside its map and compares the two, see
        :func:`~atlas_widget.compare_atlases`; the view "Compare" shows how far it is, and then both
        maps. :meth:`wait` waits for it, and raises the error if it fails; then `comparison` has the
        scores. The copy of this network is used for all of its layers; another network is copied
        once, never changed, and let go of when the comparison ends.

        Parameters
        ----------
        other
            The name of another layer; another network or checkpoint; or an
            :class:`~atlas_widget.Atlas` of the same images, or the path of its folder.
        layer
            With another network, its layer; None: the one of the same name.
        transform
            With another network, see :class:`~atlas_widget.LayerProbe`; None: the one that it names
            itself, else the widget's.
        name
            What to call the other one, such as "epoch 3"; None: what tells the two apart.

        Raises
        ------
        LayerNotFoundError
            There is no such layer.
        AtlasError
            It is nothing that an atlas can be compared with.

        Examples
        --------
        >>> w.compare("layer4").wait().comparison.table()
        >>> w.compare(finetuned, name="fine-tuned")
        """
        from atlas_widget.session.tasks.compare import checked_other, comparing

        self._waiting.check_open()
        beside = checked_other(
            other,
            layer,
            transform,
            own_layer=self.layer,
            check_layer=self._check_layer,
        )
        return self._compare(comparing(beside, None if name is None else str(name)[:80]))

    def compare_series(
        self,
        others: Iterable[Any],
        layer: str | None = None,
        *,
        transform: Any = None,
        names: Sequence[str] | None = None,
    ) -> Self:
        """Show the atlas and further ones as a filmstrip: layers or checkpoints, in order.

        Returns at once, as :meth:`compare` does. Each map is laid out beside the one before it, see
        :func:`~atlas_widget.compare_series`. Networks are read one after the other, and let go of.

        Parameters
        ----------
        others
            As for :meth:`compare`, in order; the atlas shown is the first of the series.
        layer, transform
            As for :meth:`compare`, of all networks among them.
        names
            What to call them, the atlas shown first, such as the epochs.

        Raises
        ------
        LayerNotFoundError
            There is no such layer.
        AtlasError
            There are none, or something cannot be compared.

        Examples
        --------
        >>> w.compare_series(["layer2", "layer3", "layer4"])
        >>> w.compare_series([load(epoch) for epoch in range(1, 10)], names=range(10))
        """
        from atlas_widget.session.tasks.compare import checked_series, comparing_series

        self._waiting.check_open()
        beside, called = checked_series(
            others, layer, transform, names, own_layer=self.layer, check_layer=self._check_layer
        )
        return self._compare(comparing_series(beside, called))

    @property
    def comparison(self) -> AtlasComparison | AtlasSeries | None:
        """The last comparison of the atlas shown, with one other atlas or with a series.

        None if there is none, or none yet.
        """
        return self._session.comparison

    # -- Photos

    def place(self, photo: Any, *, timeout: float | None = None) -> pd.DataFrame:
        """Show where a photo's positions fall on the map; dropping one on the widget does so, too.

        The photo is cropped to a square in the middle, as the model is given it. Each position of
        the layer's map falls on the place of one of the samples that are most like it.

        Parameters
        ----------
        photo
            The path of an image, a PIL image, an array (h, w, 3) or a tensor (3, h, w) in [0, 1].
        timeout
            As for :meth:`ablate`.

        Returns
        -------
        DataFrame
            A row a position: row and column on the layer's map; x, y and the cell of the grid shown
            (-1 where that has too few samples); the cosine to the nearest sample, the image of that
            sample, and whether so low a cosine is unusual.
        """
        from atlas_widget.session.tasks.photo import PhotoPlacing, PlacedPhoto

        name = Path(photo).name if isinstance(photo, str | os.PathLike) else ""
        work = PhotoPlacing(photo, name)
        found: PlacedPhoto = self._waiting.for_task("Placing the photo", work, timeout)
        self._worker.post(lambda: self._session.show_photo(found))
        return found.table(self.level)

    def open_image(self, image: Any, layers: Sequence[str] | None = None) -> Self:
        """Show one image through some layers of the model; see :func:`~atlas_widget.read_image`.

        Parameters
        ----------
        image
            The path of an image, a PIL image, an array (h, w, 3) or a tensor (3, h, w) in [0, 1].
            Dropping one on the widget's view "Image" does the same.
        layers
            1 to 5 layers; None: those of the last image, at first the atlas's layer and some
            that lie evenly over the model.

        Raises
        ------
        ImagesError
            It is no single image that can be read.
        AtlasError
            There is no such layer, or there are too many.
        """
        from atlas_widget.session.image.opened import MAX_LAYERS
        from atlas_widget.session.image.sources import given_image

        if isinstance(layers, str):
            layers = [layers]
        names = [self._check_layer(layer) for layer in layers or ()]
        if layers is not None and not 1 <= len(set(names)) <= MAX_LAYERS:
            raise AtlasError(
                f"layers={list(layers)!r:.80}: an image is read in 1 to {MAX_LAYERS} layers."
            )
        name = Path(image).name if isinstance(image, str | os.PathLike) else ""
        opened = given_image(image, name, self._session.model.probe.input_size)
        self._worker.post(lambda: self._session.open_image(opened, names))
        self._set(mode="image")
        return self

    # -- The end

    def close(self) -> None:
        """End the worker and free the copy of the model; safe to call twice."""
        worker = getattr(self, "_worker", None)
        if worker is not None:  # it is also called after a failed constructor
            self._still_output.close()
            worker.stop(_CLOSE_TIMEOUT)
            if self.comm is not None and self.status.get("stage") != "closed":
                closed = {
                    **self.status,
                    "stage": "closed",
                    "message": "",
                    "seconds_left": None,
                    "shorter": [],
                }
                self._set_from_worker(urgent=True, status=closed)
        super().close()

    def _repr_mimebundle_(self, **kwargs: Any) -> Any:
        lifetime.pin(self)
        take_back_announcement()
        self._still_output.show()
        bundle = super()._repr_mimebundle_(**kwargs)
        data, metadata = bundle if isinstance(bundle, tuple) else (bundle, {})
        # Chosen where the widget cannot be shown: the picture above then says all.
        return {**(data or {}), "text/html": _NO_WIDGET}, metadata

    # -- Traits set by the browser and by users, and the consequences

    def set_state(self, sync_data: dict[str, Any]) -> None:
        """Accept the valid traits that the browser sets; reset the others in the browser."""
        scene = self._session.scene
        refused = refusals(
            sync_data,
            layer_exists=self._check_layer,
            overlay_exists=self._check_overlay,
            subject_exists=self._check_subject,
            level=self.level,
            unit_exists=self._check_unit,
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

    @traitlets.validate("mode")
    def _validate_mode(self, proposal: Any) -> str:
        return check_mode(proposal["value"])

    @traitlets.validate("unit")
    def _validate_unit(self, proposal: Any) -> int | None:
        value = proposal["value"]
        return None if value is None else self._check_unit(value)

    @traitlets.validate("unit_order")
    def _validate_unit_order(self, proposal: Any) -> str:
        return check_unit_order(proposal["value"])

    @traitlets.validate("subject")
    def _validate_subject(self, proposal: Any) -> list[str]:
        return self._check_subject(proposal["value"])

    @traitlets.observe("layer")
    def _layer_changed(self, change: Any) -> None:
        session = self._session
        if change["new"] != session.layer:
            session.switch_layer(change["new"])
            self.subject = []
            self.unit = None  # the other layer has units of its own
            if self.overlay.startswith(UNIT):
                self.overlay = "pictures"
            self._worker.post(_no_op)

    @traitlets.observe("subject")
    def _subject_changed(self, change: Any) -> None:
        session = self._session
        if change["new"] != session.subject:
            session.show_subject(change["new"])
            self._worker.post(_no_op)

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

    @traitlets.observe("layer", "subject")
    def _forget_pending(self, _change: Any) -> None:
        self._pending.forget_others(self.layer, self.subject)

    @traitlets.observe("status", "layer", "subject")
    def _renew_still(self, change: Any) -> None:
        if change["name"] == "status" and change["new"].get("stage") in (None, "starting"):
            return
        self._still_output.changed()

    @traitlets.observe("selection")
    def _renew_still_soon(self, _change: Any) -> None:
        self._still_output.changed(by_user=True)

    # -- Messages

    def _handle_custom_msg(self, content: Any, buffers: Any) -> None:
        # Not through `on_msg`: the browser may reply before a constructor could register itself.
        # ipywidgets swallows exceptions of its callbacks, or prints them where they are not seen.
        try:
            self._receive(content, buffers or ())
            super()._handle_custom_msg(content, buffers)
        except Exception as error:
            self._refuse(f"A message could not be handled: {type(error).__name__}: {error}")

    def _receive(self, content: Any, buffers: Sequence[bytes | memoryview]) -> None:
        """Validate a message and pass it on; this may be the kernel's only thread."""
        session = self._session
        try:
            message = messages.parse(content, buffers)
            session.check(message)
        except AtlasError as error:
            self._refuse(str(error))
            return
        if message.kind == "visible":
            lifetime.pin(self)
        self._worker.post(lambda: session.handle(message))

    def _send_notes(self) -> None:
        self._worker.post(lambda: self._session.notes.send())

    def _refuse(self, text: str) -> None:
        """Report to the browser that its input was rejected, at most once a second."""
        if self._refusals.ready():
            content = messages.build("error", message=text, hint="", fatal=False)
            self._session.listener.send(content, [])

    # -- Reports of the session; see `WidgetListener`

    def _set_from_worker(self, *, urgent: bool, **values: Any) -> bool:
        """Set traits from the worker's thread; return True if they were set."""
        self._followed_level = values.get("level", self._followed_level)
        return self._lock.set(self, values, urgent=urgent)

    def _scene_changed(self, scene: Scene) -> None:
        fixed = self.fixed_level if self.fixed_level in scene.grids else None
        level = fixed or (self.level if self.level in scene.grids else scene.base)
        # Ids of the last layout are meaningless in this one.
        self._set_from_worker(urgent=True, selection=[], opened=[], fixed_level=fixed, level=level)
        if not scene.final:
            return
        for view in self._pending.shown(scene):
            try:
                values = view(scene)
                if "overlay" in values:
                    values["overlay"] = self._check_overlay(values["overlay"])
            except AtlasError as error:
                self._session.notifier.error(error, fatal=False)
            else:
                self._set_from_worker(urgent=True, **values)

    # -- The still picture; see `StillOutput`

    def _take_still(self) -> Still | None:
        try:
            shown = self._session.shown
        except CellError:  # there are no cells yet
            return None
        return take_still(shown, self.selection, self.level)

    def _post(self, command: Callable[[], None]) -> None:
        self._worker.post(command)

    # -- Private

    @property
    def _waiting(self) -> Waiting:
        return Waiting(self._session, self._worker, lambda: self.status)

    def _set_when_shown(self, layer: str, view: View) -> None:
        """Apply a view to the final scene of a layer, now or when it is shown."""
        scene = self._pending.ask(layer, self.subject, view, self._session.scene)
        if scene is not None:
            self._set(**view(scene))

    def _set(self, **values: Any) -> None:
        """Set several traits at once; a level is shown, but not fixed."""
        with self._lock, self.hold_sync(), self.hold_trait_notifications():
            self._followed_level = values.get("level")
            for name, value in values.items():
                setattr(self, name, value)

    def _compare(self, task: LongTask) -> Self:
        self._comparing = task
        self._worker.post(lambda: self._session.compare(task))
        self._set(mode="compare")
        return self

    def _chosen_cells(self, cells: Iterable[int] | None) -> tuple[int, list[int]]:
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

    def _rendered_cells(self, cells: Iterable[int] | None, render: bool) -> tuple[int, list[int]]:
        chosen = None if cells is None else list(cells)
        self._waiting.for_atlas(None)
        if render:
            self.render(chosen)
        return self._chosen_cells(chosen)

    def _change_direction(
        self,
        alpha: float | None,
        cells: int | Iterable[int] | None,
        where: Places,
        count: int,
        target: Any,
        presence: float,
        seed: int,
        timeout: float | None,
    ) -> CausalTest:
        from atlas_widget.session.tasks.experiments import DirectionChange, check_places

        place = check_places(where)
        self._waiting.for_atlas(None)
        if cells is None:
            cells = list(self.selection)
            if not cells:
                raise CellError(
                    "No cells are selected: select some, or name them, as in w.ablate([105, 106])."
                )
        grid, chosen = self._chosen_cells([cells] if isinstance(cells, int) else cells)
        work = DirectionChange(grid, tuple(chosen), alpha, place, count, target, presence, seed)
        found: CausalTest = self._waiting.for_task("Running a causal test", work, timeout)
        return found

    def _patch(self, patch: Any, crop: int | None) -> tuple[Any, list[int]]:
        """Return the pixels of a patch, and the cells of the coarsest grid that it comes from."""
        if isinstance(patch, bool) or not isinstance(patch, int):
            if crop is not None:
                raise AtlasError("crop= goes with the id of a cell, not with a picture.")
            return patch, []
        grid, (cell,) = self._chosen_cells([patch])
        scene = self._session.scene
        if scene is None:
            raise CellError("There are no cells yet; w.wait() waits for them.")
        own = [cell] if grid == scene.base else scene.same_region([cell], grid, scene.base)
        if crop is None:
            self.render([cell])
            return self._session.snapshot(grid)[0][cell].pixels, own
        nearest = scene.nearest(grid, cell, crop + 1)
        if not 0 <= crop < len(nearest):
            raise CellError(f"crop={crop}: cell {cell} has {len(nearest)} samples, from 0.")
        return scene.samples.thumbnails.get(int(nearest[crop])), own

    def _check_layer(self, name: object) -> str:
        return self._session.check_layer(name)

    def _check_overlay(self, value: object) -> str:
        session = self._session
        return check_overlay(value, session.class_names, session.units, session.layer)

    def _check_unit(self, value: object) -> int:
        return check_unit(value, self._session.units, self._session.layer)

    def _check_subject(self, value: object) -> list[str]:
        return check_subject(value, self._session.class_names if value else ())


def _judge(model: nn.Module, device: Any) -> Judge:
    from atlas_widget.inversion.judge import Judge

    return Judge(model, device=device)


def _nothing() -> None:
    """Return nothing, where notes are left out of a page."""


def _no_op() -> None:
    """Do nothing; posted to wake the worker."""
