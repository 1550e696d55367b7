"""Trying out what a region does to the model's decisions, from Python."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from atlas_widget.errors import AtlasError, CellError
from atlas_widget.session.tasks.task import LongTask, Work
from atlas_widget.terminal import wait_for
from atlas_widget.widget.finishing import Finishing

if TYPE_CHECKING:
    from atlas_widget.causes import CausalTest, CueReport, PatchTest
    from atlas_widget.causes.backgrounds import Masks
    from atlas_widget.images.labels import Given
    from atlas_widget.inversion.sanity import SanityCheck
    from atlas_widget.session.tasks.experiments import Places

__all__ = ["Causing"]


class Causing(Finishing):
    """The part of an :class:`~atlas_widget.AtlasWidget` that changes something and measures.

    Each call waits for the worker, which makes the experiment beside its other work. Interrupting
    it gives the experiment up.
    """

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
        """Remove what cells stand for from real images, and compare prediction and outcome.

        Parameters
        ----------
        cells
            Ids of cells of the grid on show; None: the selected ones. Their mean, weighted by how
            many samples they have, is the direction.
        where
            ``"sample"``: where each sample of the cells lies in its image; ``"present"``: wherever
            the activation's cosine to the direction is at least `presence`; ``"everywhere"``.
        count
            On at most so many crops in which the cells occur, of as many images as there are.
        target
            Which scores are looked at: a class or several, by name or number, or as for
            `attribute`; by default the five classes that these crops score highest.
        presence
            In (0, 1].
        seed
            Another one chooses other crops.
        timeout
            Seconds after which to give it up and raise `TimeoutError`; None waits for ever.

        Returns
        -------
        CausalTest
            Predicted and actual change of each score on each crop, their correlation, and
            ``.to_figure()``.
        """
        return self._change(None, cells, where, count, target, presence, seed, timeout)

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
        """Add what cells stand for to real images, and compare prediction and outcome.

        Parameters
        ----------
        alpha
            How much: 1 adds as much as the cells have on average, −1 takes as much away.
        cells, where, count, target, presence, seed, timeout
            As for :meth:`ablate`.

        Returns
        -------
        CausalTest
        """
        return self._change(alpha, cells, where, count, target, presence, seed, timeout)

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
            The id of a cell of the grid on show, whose picture it is; or a picture of your own.
        target
            The class that the images are to become, by name or number.
        crop
            With a cell: this one of its nearest real crops, from 0, in place of its picture.
        images
            What it is put on; None: at most `count` of the images that the atlas was made from.
        count
            See `images`.
        source, position, size, seed
            See :func:`atlas_widget.patch_test`.
        controls
            So many random cells of the atlas take the patch's place as a control; 0 for none.
            Noise always does.
        timeout
            As for :meth:`ablate`.

        Returns
        -------
        PatchTest
            How often it flips, with intervals, beside its controls.
        """
        from atlas_widget.session.tasks.experiments import Patching

        self.wait()
        picture, own = self._patch(patch, crop)
        options = {"source": source, "position": position, "size": size, "seed": seed}
        work = Patching(
            picture, target, images, count, controls, tuple(own), tuple(options.items())
        )
        found: PatchTest = self._try("Testing a patch", work, timeout)
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
            Ranked by what pasting them does; the cells are of the coarsest grid.
        """
        from atlas_widget.session.tasks.experiments import Cues

        options = {
            "image_classes": image_classes,
            "masks": masks,
            "count": count,
            "measured": measured,
            "test_images": test_images,
            "share": share,
            "seed": seed,
        }
        work = Cues(first, second, tuple(options.items()))
        found: CueReport = self._try("Looking for cues", work, timeout)
        return found

    def sanity_check(
        self, count: int = 24, *, seed: int = 0, timeout: float | None = None
    ) -> SanityCheck:
        """Measure the pictures of some cells against what must do worse.

        Noise, and pictures made by the same method for a copy of the network with random weights.
        If those do as well, the widget says so: nothing can be read into its pictures then.

        Parameters
        ----------
        count
            So many cells of the coarsest grid, chosen by chance.
        seed
            Another one chooses other cells.
        timeout
            As for :meth:`ablate`.

        Returns
        -------
        SanityCheck
            See :func:`atlas_widget.inversion.sanity_check`.
        """
        from atlas_widget.session.tasks.sanity import Controls

        if isinstance(count, bool) or not isinstance(count, int) or count < 2:
            raise AtlasError(f"count={count!r}: at least 2 cells are compared, say 24.")
        work = Controls(count, seed)
        found: SanityCheck = self._try("Comparing the pictures with controls", work, timeout)
        if not found.passed:
            self._worker.post(lambda: self._session.notifier.notice(found.verdict))
        return found

    # -- Inside

    def _change(
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
        from atlas_widget.session.tasks.experiments import Change, check_places

        place = check_places(where)
        self.wait()
        if cells is None:
            cells = list(self.selection)
            if not cells:
                raise CellError(
                    "No cells are selected: select some, or name them, as in w.ablate([105, 106])."
                )
        grid, chosen = self._chosen([cells] if isinstance(cells, int) else cells)
        work = Change(grid, tuple(chosen), alpha, place, count, target, presence, seed)
        found: CausalTest = self._try("Trying out a cause", work, timeout)
        return found

    def _patch(self, patch: Any, crop: int | None) -> tuple[Any, list[int]]:
        """Return the pixels of a patch, and the cells of the coarsest grid that it is from."""
        if isinstance(patch, bool) or not isinstance(patch, int):
            if crop is not None:
                raise AtlasError("crop= goes with the id of a cell, not with a picture.")
            return patch, []
        grid, (cell,) = self._chosen([patch])
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

    def _try(self, words: str, work: Work, timeout: float | None) -> Any:
        """Have the worker make an experiment, and wait for it."""
        started = time.monotonic()
        self.wait(timeout)
        task, session = LongTask(words, work), self._session
        self._worker.post(lambda: session.run(task))

        def ended() -> bool:
            if not task.done:
                self._check_open()
            return task.done

        left = None if timeout is None else max(0.0, timeout - (time.monotonic() - started))
        try:
            complete = wait_for(session.changed, ended, left, status=self._shown_status())
        finally:
            task.give_up()  # where it is done, that changes nothing
        if not complete:
            raise TimeoutError(f"{words} took longer than {timeout} s.")
        if task.error is not None:
            raise task.error
        return task.result
