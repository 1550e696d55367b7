"""The stages from a layer to its finished atlas and those chosen out of it, a slice at a time."""

from __future__ import annotations

import time
from functools import partial

from atlas_widget.progress import Cancelled
from atlas_widget.session.building import Built, build
from atlas_widget.session.cells.cache import PictureCache
from atlas_widget.session.cells.class_values import SampleValues
from atlas_widget.session.cells.scene import Scene
from atlas_widget.session.deriving import Derivations, check_derivable
from atlas_widget.session.standing import Standing
from atlas_widget.session.subjects import ALL, Subject
from atlas_widget.session.workshop import Workshop

__all__ = ["Stages"]

_READ_AHEAD = 4 << 20  # bytes of class values that are held while all samples' are gone through


class Stages(Standing):
    """The way from one atlas on show to the next: another layer's, or one chosen out of it.

    Everything here belongs to the worker's thread. See :class:`~.session.Session`.

    Parameters
    ----------
    probe, recipe, front, model
        See :class:`~.session.Session`.
    """

    # -- A layer's atlas

    def _begin(self) -> None:
        """Begin with the current layer: find out what is needed and start on the atlas."""
        self.tell.progress.report("starting", "Starting")
        try:
            self._prepare()
        except Exception as error:
            self._fail(error, fatal=True)

    def _prepare(self) -> None:
        probe, recipe = self._probe, self._recipe
        if probe is None:
            return
        if self._cache is None:
            self._cache = PictureCache(recipe.folder)
            if self._cache.notice:
                self.tell.notice(self._cache.notice)
        for notice in probe.notices:
            self.tell.notice(notice)
        self._without_classes = ""
        self._tell_classes()
        if self._maker is None:
            self._maker = recipe.maker(probe, self.tell.notice)
        if self._source is None:
            self.tell.progress.report("starting", "Opening the images")
            self._source = recipe.source(probe)
        labels, assumed = recipe.names_of_classes(probe)
        if assumed:
            self.tell.notice(assumed)
        self._workshop = Workshop(
            probe,
            self._source,
            labels,
            self._cache,
            self._gallery,
            seed=recipe.seed,
            reporter=self.tell.progress,
            notice=self.tell.notice,
            no_classes=self._lose_classes,
            pause=partial(self._progress, "pictures"),
            cancelled=self._subject_cancelled,
            maker=self._maker,
        )
        self._building = build(
            probe,
            self._source,
            recipe,
            keep=self._cache.notice is None,
            report=self._progress,
            notice=self.tell.notice,
            cancelled=self._cancelled,
        )

    def _advance_building(self) -> bool:
        """Work for a slice on the layer's atlas, else on one chosen out of it."""
        building = self._building
        if building is None:
            return self._advance_deriving()
        try:
            built = next(building)
            if built is not None:
                self._show(built)
        except (StopIteration, Cancelled):
            self._building = None
        except Exception as error:
            self._building = None
            self._fail(error, fatal=True)
        return True

    def _show(self, built: Built, subject: Subject = ALL, *, again: bool = False) -> None:
        """Put a layout on show; `again` if its pictures may be known from before."""
        if self._probe is None or self._workshop is None:
            return
        self._revision += 1
        layer = self._probe.layer
        scene = Scene(self._revision, layer, built.grids, built.samples, built.atlas, subject)
        self.tell.progress.counts(len(scene.samples), scene.images)
        self.scene, self._shown_at = scene, time.monotonic()
        self._workshop.show(scene, watched=self.watched, again=again)
        if subject == ALL:
            self.atlas = built.atlas
            self._whole = built if built.final else None
            if built.final and self._subject != ALL and self._deriving is None:
                self._begin_deriving()
        self.front.scene_changed(scene)
        self._standing = scene
        self._gallery.flush(linger=False)  # somebody waits for the first crops
        self._wake()

    def _switch(self, layer: str) -> None:
        """Take up another layer; if there is something wrong with it, stay with this one."""
        old = self._probe
        if old is None:
            return
        if layer == old.layer:  # there and back before anything happened
            self._wish.fulfil_layer(layer)
            self._resume()
            return
        self.tell.progress.report("starting", f"Opening {layer}")
        try:
            probe = self._recipe.probe(old, layer)
        except Exception as error:
            if self._wish.fulfil_layer(layer):  # else another one is wanted by now
                self.front.layer_refused(old.layer)
            self._fail(error, fatal=False)
            self._resume()
            return
        if self._wish.layer != layer:  # another one was asked for meanwhile
            probe.close()
            return
        self._stop_building()
        if self._workshop is not None:
            self._workshop.leave("Another layer is on show now.")
        self._workshop = None
        self._subject, self._whole, self._derivations = ALL, None, None
        self.atlas, self.scene, self.error = None, None, None
        self._probe = probe
        # Last: until then, whoever asks must not take the old atlas for the one that is wanted.
        self._wish.fulfil_layer(layer)
        old.close()
        self.tell.progress.layer(layer)
        self._begin()

    def _resume(self) -> None:
        """Go on with this layer: the wish for another one may have ended its collection."""
        if self._building is None and self.atlas is None and self.error is None:
            self._begin()

    def _stop_building(self) -> None:
        for running in (self._building, self._deriving):
            if running is not None:
                running.close()  # type: ignore[attr-defined]
        self._building = self._deriving = None

    # -- Atlases chosen out of it

    def _turn_to(self, subject: Subject) -> None:
        """Show the atlas of another subject: at once, or as soon as it is made."""
        self._subject = subject
        self._wish.fulfil_subject(subject)
        if self._deriving is not None:
            self._deriving.close()  # type: ignore[attr-defined]
            self._deriving = None
        whole, scene = self._whole, self.scene
        if whole is None or scene is None:
            return  # it is begun once all samples are laid out
        if scene.subject == subject:
            self._wake()  # what was in the making is given up
        elif subject == ALL:
            self._show(whole, again=True)
        else:
            self._begin_deriving()

    def _begin_deriving(self) -> None:
        try:
            if self._derivations is None:
                self._derivations = self._prepare_derivations()
        except Exception as error:
            self._refuse_subject(error)
        else:
            self._deriving = self._derivations.derive(
                self._subject, self._progress, self._subject_cancelled
            )

    def _prepare_derivations(self) -> Derivations:
        probe, cache, scene, atlas = self._probe, self._cache, self.scene, self.atlas
        if probe is None or cache is None or scene is None or atlas is None:
            raise RuntimeError("An atlas is chosen out of one that stands.")
        check_derivable(probe, self._source)
        values = SampleValues(scene, probe, self._source, cache, budget=_READ_AHEAD)
        names = self._recipe.class_names(probe)
        return Derivations(atlas, probe, self._source, values, names, self._recipe.seed)

    def _advance_deriving(self) -> bool:
        deriving = self._deriving
        if deriving is None:
            return False
        try:
            built = next(deriving)
            if built is not None and self._deriving is deriving:
                self._deriving = None
                self._show(built, self._subject, again=True)
        except (StopIteration, Cancelled):
            if self._deriving is deriving:
                self._deriving = None
        except Exception as error:
            self._deriving = None
            self._refuse_subject(error)
        return True

    def _refuse_subject(self, error: Exception) -> None:
        """Stay with what is on show."""
        self._subject = self.scene.subject if self.scene is not None else ALL
        if self._wish.subject is None:  # else the person has another wish by now
            self.refusal = error
            self.front.subject_refused(self._subject)
        self._fail(error, fatal=False)
