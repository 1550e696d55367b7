"""The base class of panels, which handle messages of their own, and their registry.

A panel is one class in one module of this package, registered with :func:`panel`. It lists the
kinds of messages that it handles; no other code needs to be changed for a new panel.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Self, TypeVar

from atlas_widget.errors import AtlasError
from atlas_widget.session.tasks.task import LongTasks, Material, Pause

if TYPE_CHECKING:
    from atlas_widget.images.source import ImageSource
    from atlas_widget.inversion.judge import Judge
    from atlas_widget.probe import LayerProbe
    from atlas_widget.progress import CancelledCallback
    from atlas_widget.session.cells.cells import Cells
    from atlas_widget.session.cells.labels import Labeller
    from atlas_widget.session.cells.scene import Scene
    from atlas_widget.session.comparison.board import ComparisonBoard
    from atlas_widget.session.image.opened import OpenImage
    from atlas_widget.session.panels.note_board import NoteBoard
    from atlas_widget.session.panels.photo_board import PhotoBoard
    from atlas_widget.session.pictures.cache import PictureCache
    from atlas_widget.session.pictures.engines import Engines
    from atlas_widget.session.pictures.gallery import Gallery
    from atlas_widget.session.pictures.inspector import Inspector
    from atlas_widget.session.status import Reporter
    from atlas_widget.session.units.beside import BesideBoard
    from atlas_widget.session.units.opened import OpenedUnits

__all__ = ["Fields", "LayerContext", "Panel", "panel", "panel_types"]

Fields = Mapping[str, Any]
"""The fields of a checked message."""

AnyPanel = TypeVar("AnyPanel", bound="type[Panel]")


@dataclass(frozen=True)
class LayerContext:
    """The parts of an open layer that its panels use.

    Attributes
    ----------
    probe
        The layer.
    source
        The images, or None if they are not available.
    labels
        The names of the classes, if any.
    names_assumed
        Whether these names are a guess.
    cache
        Stores finished pictures and values.
    gallery
        Holds the known pictures and labels, and sends messages.
    cells
        The cells of the scene shown: their pictures and labels.
    engines
        The inversion engines.
    inspector
        Renders live pictures.
    photos
        Keeps the photo whose places are shown.
    notes
        Keeps the notes on the atlas.
    beside
        Keeps the comparison with another network's units.
    comparisons
        Keeps the comparison with another atlas.
    check_layer
        Returns the name of a layer of the model, or raises that there is none.
    opened_units
        Remembers whose pages were opened.
    image
        Keeps the image that is read in several layers.
    judge
        A second network that looks at pictures, if any.
    tasks
        Long computations, one after the other.
    reporter
        Receives progress.
    model
        The model's name.
    seed
        Seed of the noise that the cells' pictures start from.
    pause, cancelled
        For long computations; see :class:`~atlas_widget.session.tasks.task.LongTasks`.
    """

    probe: LayerProbe
    source: ImageSource | None
    labels: list[str] | None
    names_assumed: bool
    cache: PictureCache
    gallery: Gallery
    cells: Cells
    engines: Engines
    inspector: Inspector
    photos: PhotoBoard
    notes: NoteBoard
    beside: BesideBoard
    comparisons: ComparisonBoard
    check_layer: Callable[[object], str]
    opened_units: OpenedUnits
    image: OpenImage
    judge: Judge | None
    tasks: LongTasks
    reporter: Reporter
    model: str
    seed: int
    pause: Pause
    cancelled: CancelledCallback

    def material(self, scene: Scene | None) -> Material:
        """Return the material of experiments; raise if the atlas is not ready."""
        if scene is None or scene.atlas is None:
            raise AtlasError("The atlas is not ready yet.")
        return Material(self.probe, self.source, scene.atlas, self.labels, self.judge)


class Panel:
    """A part of the widget that handles messages.

    All methods are called on the worker's thread. Methods that are not overridden do nothing.

    Attributes
    ----------
    kinds
        Kinds of messages that :meth:`handle` is called with. Several panels may handle one kind.
    """

    kinds: ClassVar[tuple[str, ...]] = ()

    @classmethod
    def open(cls, layer: LayerContext) -> Self:
        """Return the panel of an open layer."""
        raise NotImplementedError

    def show(self, scene: Scene, labeller: Labeller) -> None:
        """Switch to another scene of the layer; requests about the last one are dropped."""

    def connect(self) -> None:
        """Send again what a front end that has just come up lacks."""

    def handle(self, kind: str, fields: Fields) -> None:
        """Handle a validated message; long work is only queued."""

    def advance_urgent(self, seconds: float) -> bool:
        """Work about that long on what a user is waiting for; return False if there is nothing."""
        return False

    def advance(self) -> bool:
        """Do long work, with pauses; return False if there is nothing to do."""
        return False

    def advance_beside_cells(self, *, alone: bool) -> bool:
        """Work for one slice, in turns with the cells' pictures; return False if nothing is left.

        Parameters
        ----------
        alone
            Whether the cells have no work, so that the status line may report this work.
        """
        return False

    def close(self, reason: str) -> None:
        """End all pending requests, with the reason."""


def panel(kind_of_panel: AnyPanel) -> AnyPanel:
    """Register a class of panels; to be used as a decorator."""
    _types[f"{kind_of_panel.__module__}.{kind_of_panel.__qualname__}"] = kind_of_panel
    return kind_of_panel


def panel_types() -> tuple[type[Panel], ...]:
    """Import all modules of this package, and return the registered classes of panels."""
    package = importlib.import_module(__package__ or "atlas_widget.session.panels")
    for module in pkgutil.iter_modules(package.__path__, f"{package.__name__}."):
        importlib.import_module(module.name)
    return tuple(_types.values())


_types: dict[str, type[Panel]] = {}

Handler = Callable[[Fields], None]
