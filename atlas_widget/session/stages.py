"""The stages from a layer to its atlas, and to the atlases derived from it, in slices."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Protocol

from atlas_widget.progress import Cancelled
from atlas_widget.session.building import Built, Report, build
from atlas_widget.session.cells.class_values import SampleValues
from atlas_widget.session.cells.scene import Scene
from atlas_widget.session.deriving import Derivations, check_derivable
from atlas_widget.session.subjects import ALL, Subject

if TYPE_CHECKING:
    from atlas_widget.atlas import Atlas
    from atlas_widget.probe import LayerProbe
    from atlas_widget.session.model_session import ModelSession

__all__ = ["AtlasStages", "StageListener"]

_READ_AHEAD = 4 << 20  # bytes of class values in memory while those of all samples are read


class StageListener(Protocol):
    """Receives the reports of the stages, on the worker's thread."""

    scene: Scene | None

    def show(self, built: Built, subject: Subject, *, again: bool) -> None:
        """Show a layout; `again` if its pictures may be cached."""
        ...

    def build_failed(self, error: Exception) -> None:
        """Report that the layer's atlas could not be built."""
        ...

    def subject_failed(self, error: Exception) -> None:
        """Report that a subject's atlas could not be made; the one shown stays."""
        ...


class AtlasStages:
    """Builds the atlases of one layer: that of all samples, then those derived from it.

    Parameters
    ----------
    probe
        The layer.
    model
        The model, with the images and settings.
    listener
        Receives layouts and errors.
    keep
        Whether finished atlases are stored in the cache.
    report, notice
        Receive progress, and notices to the user.
    cancelled
        Called within long steps; True if the layer is no longer needed.
    subject_cancelled
        Called within long steps; True if the subject being made is no longer needed.

    Attributes
    ----------
    subject
        The subject of the atlas shown, or being made.
    whole
        The finished layout of all samples, once there is one.
    """

    def __init__(
        self,
        probe: LayerProbe,
        model: ModelSession,
        listener: StageListener,
        *,
        keep: bool,
        report: Report,
        notice: Callable[[str], None],
        cancelled: Callable[[], bool],
        subject_cancelled: Callable[[], bool],
    ) -> None:
        self._probe = probe
        self._model = model
        self._source = model.source
        self._listener = listener
        self._report = report
        self._subject_cancelled = subject_cancelled
        self._deriving: Iterator[Built | None] | None = None
        self._derivations: Derivations | None = None
        self.subject: Subject = ALL
        self.whole: Built | None = None
        self._building: Iterator[Built | None] | None = build(
            probe,
            self._source,
            model.recipe,
            keep=keep,
            report=report,
            notice=notice,
            cancelled=cancelled,
        )

    @property
    def atlas(self) -> Atlas | None:
        """The atlas of all samples, once it is ready."""
        return self.whole.atlas if self.whole is not None else None

    @property
    def stalled(self) -> bool:
        """True if building ended without an atlas, as after a request for another layer."""
        return self._building is None and self.whole is None

    def advance(self) -> bool:
        """Work for one slice on the layer's atlas, else on one derived from it."""
        building = self._building
        if building is None:
            return self._advance_deriving()
        try:
            built = next(building)
            if built is not None:
                self._built(built)
        except (StopIteration, Cancelled):
            self._building = None
        except Exception as error:
            self._building = None
            self._listener.build_failed(error)
        return True

    def turn_to(self, subject: Subject) -> None:
        """Show the atlas of another subject: at once, or as soon as it is ready."""
        self.subject = subject
        if self._deriving is not None:
            self._deriving.close()  # type: ignore[attr-defined]
            self._deriving = None
        scene = self._listener.scene
        if self.whole is None or scene is None:
            return  # it is started once all samples are laid out
        if scene.subject == subject and scene.final:
            return  # the derivation in progress is cancelled
        if subject == ALL:
            self._listener.show(self.whole, ALL, again=True)
        else:
            self._begin_deriving()

    def close(self) -> None:
        """Stop building and deriving."""
        for running in (self._building, self._deriving):
            if running is not None:
                running.close()  # type: ignore[attr-defined]
        self._building = self._deriving = None

    def _built(self, built: Built) -> None:
        self.whole = built if built.final else None
        self._listener.show(built, ALL, again=False)
        if built.final and self.subject != ALL and self._deriving is None:
            self._begin_deriving()

    def _begin_deriving(self) -> None:
        try:
            if self._derivations is None:
                self._derivations = self._prepare_derivations()
        except Exception as error:
            self._refuse(error)
        else:
            self._deriving = self._derivations.derive(
                self.subject, self._report, self._subject_cancelled
            )

    def _prepare_derivations(self) -> Derivations:
        scene, atlas, recipe = self._listener.scene, self.atlas, self._model.recipe
        if scene is None or atlas is None:
            raise RuntimeError("An atlas is derived from one that is ready.")
        check_derivable(self._probe, self._source)
        values = SampleValues(
            scene, self._probe, self._source, self._model.cache, budget=_READ_AHEAD
        )
        names = recipe.class_names(self._probe)
        return Derivations(atlas, self._probe, self._source, values, names, recipe.seed)

    def _advance_deriving(self) -> bool:
        deriving = self._deriving
        if deriving is None:
            return False
        try:
            built = next(deriving)
            if built is not None and self._deriving is deriving:
                if built.final:
                    self._deriving = None
                self._listener.show(built, self.subject, again=built.final)
        except (StopIteration, Cancelled):
            if self._deriving is deriving:
                self._deriving = None
        except Exception as error:
            self._deriving = None
            self._refuse(error)
        return True

    def _refuse(self, error: Exception) -> None:
        scene = self._listener.scene
        if scene is not None and not scene.final and self.whole is not None:
            # what a provisional map would have become is not to be had
            self._listener.show(self.whole, ALL, again=True)
            scene = self._listener.scene
        self.subject = scene.subject if scene is not None else ALL
        self._listener.subject_failed(error)
