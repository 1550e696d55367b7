"""Finding what argues for a class without being it: cues that a network wrongly relies on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from atlas_widget.attribution.class_names import class_name, class_number
from atlas_widget.causes.backgrounds import Masks, on_background
from atlas_widget.causes.candidates import candidate_cues
from atlas_widget.causes.cue_measurement import measured_cue
from atlas_widget.causes.cue_report import Cue, CueReport
from atlas_widget.causes.image_sets import ClassImages
from atlas_widget.classes.attributions import SampleAttributions, check_weights, sample_attributions
from atlas_widget.collect import MIN_SAMPLES
from atlas_widget.errors import AtlasError, AttributionError
from atlas_widget.images.opening import as_image_source
from atlas_widget.probe.opening import opened
from atlas_widget.progress import CancelledCallback, ProgressCallback

if TYPE_CHECKING:
    from atlas_widget.atlas import Atlas
    from atlas_widget.images.labels import Given
    from atlas_widget.probe import LayerProbe

__all__ = ["find_cues"]


def find_cues(
    atlas: Atlas,
    model: nn.Module | LayerProbe,
    images: Any,
    first: int | str,
    second: int | str,
    *,
    image_classes: Given | None = None,
    masks: Masks | None = None,
    attributions: SampleAttributions | None = None,
    grid: int | None = None,
    share: float = 0.5,
    count: int = 5,
    measured: int = 8,
    test_images: int = 32,
    transform: Any = None,
    device: str | torch.device | None = None,
    seed: int = 0,
    progress: ProgressCallback | None = None,
    cancelled: CancelledCallback | None = None,
) -> CueReport:
    """Find directions that argue for one class although they are seen in images of another.

    The article's authors found such a cue by eye, a baseball that argues for a shark, and proved
    it by pasting one on whales (Carter et al., Distill 2019). Here the cells of an atlas are
    searched: those that argue for one of two classes by their samples from images of the other, or
    from the background where masks say what is object. The strongest are then pasted on images of
    the other class, with controls, and ranked by what that does.

    What goes with its class in every single image cannot be found in this way without masks; nor
    what fools the model every time, where only the model says which class an image is of.

    Parameters
    ----------
    atlas : Atlas
        Of images of both classes, left as it is.
    model : nn.Module or LayerProbe
        The model that the atlas was made with, or a probe of the atlas's layer.
    images
        What the atlas was made from; see `as_image_source`.
    first, second : int or str
        The classes, by number or name. Cues for either are looked for.
    image_classes : optional
        Which class each image is of: a sequence in the images' order, a mapping of their names, or
        a function of the name. By default what a dataset's targets or the folders' names say, else
        what the model takes each image for.
    masks : optional
        Where the object is in each image; see `backgrounds.Masks`.
    attributions : SampleAttributions, optional
        With both classes, if they are at hand; else they are computed.
    grid : int, optional
        Whose cells are searched; by default the coarsest.
    share : float
        The part of what a cell argues for a class that must come from images of the other class
        or from the background, in (0, 1]. Less than that, and it is likely the class itself.
    count : int
        At most so many cues.
    measured : int
        So many candidates are pasted; 0 for none, which ranks them by influence alone.
    test_images : int
        Pasted on at most so many images of the other class, which the model gets right.
    transform, device : optional
        As for `LayerProbe`.
    seed : int
        Of corners, noise and controls.
    progress, cancelled : callable, optional
        Called with (done, total); asked in between.

    Returns
    -------
    CueReport

    Raises
    ------
    AttributionError
        There are no such classes, or too few samples of images of either.
    """
    if not 0 < share <= 1 or count < 1 or measured < 0 or test_images < 1:
        raise AtlasError(
            f"share={share!r} is in (0, 1], count={count!r} and test_images={test_images!r} are at "
            f"least 1, measured={measured!r} at least 0."
        )
    with opened(model, atlas.layer, transform, device) as probe:
        check_weights(atlas, probe)
        pair = [class_number(each, atlas.labels, probe.num_classes) for each in (first, second)]
        if pair[0] == pair[1]:
            raise AttributionError(f"{first!r} and {second!r} are the same class: give two.")
        source = as_image_source(images, preprocessing=probe.preprocessing)
        sets = ClassImages.of(probe, source, atlas, image_classes, cancelled)
        of = sets.of_samples(atlas.samples)
        rows = np.flatnonzero(np.isin(of, pair))
        for number in pair:
            if (of == number).sum() < MIN_SAMPLES:
                raise AttributionError(
                    f"Only {int((of == number).sum())} of the atlas's samples are from images of "
                    f"{class_name(number, atlas.labels)!r} ({sets.told_by}): build it from images "
                    "of both classes, or say which are which by image_classes=."
                )
        steps = _Steps(progress, len(rows), measured)
        if attributions is None:
            attributions = sample_attributions(
                atlas, probe, source, pair, samples=rows, progress=steps.first, cancelled=cancelled
            )
        difference = _difference(attributions, rows, pair)
        beside = np.zeros(len(rows), np.bool_)
        if masks is not None:
            beside = on_background(atlas.samples, rows, masks, probe.map_size)
        size = atlas.grids[0] if grid is None else grid
        found: list[Cue] = []
        for sign, own, other in ((1, pair[0], pair[1]), (-1, pair[1], pair[0])):
            misplaced = (of[rows] == other) | beside
            found += candidate_cues(
                atlas, size, rows, sign * difference, misplaced, own, other, share
            )
        found.sort(key=lambda cue: -cue.low)
        notices = list(sets.notices)
        ranked = []
        pictures: dict[int, NDArray[np.uint8]] = {}
        for number, cue in enumerate(found):
            if number < measured:
                if cue.other not in pictures:
                    pictures[cue.other] = sets.pictures(probe, cue.other, test_images, cancelled)
                cue = measured_cue(probe, atlas, cue, pictures[cue.other], seed, notices, cancelled)
                steps.second(number + 1)
            ranked.append(cue)
        ranked.sort(key=lambda cue: cue.rank, reverse=True)
        steps.second(measured)
        return CueReport(
            tuple(ranked[:count]), len(found), len(rows), tuple(dict.fromkeys(notices))
        )


def _difference(
    attributions: SampleAttributions, rows: NDArray[np.int64], pair: Sequence[int]
) -> NDArray[np.float32]:
    """Return what each sample of `rows` argues for the first rather than the second."""
    place = {int(sample): at for at, sample in enumerate(attributions.samples)}
    missing = [row for row in rows if int(row) not in place]
    if missing:
        raise AttributionError(
            f"The attributions lack {len(missing):,} of the samples of these classes' images: "
            "leave out samples= in sample_attributions."
        )
    both = attributions.of(pair[0]) - attributions.of(pair[1])
    picked: NDArray[np.float32] = both[[place[int(row)] for row in rows]]
    return picked


class _Steps:
    """Progress over two stages: half of it for the attributions, half for the pasting."""

    def __init__(self, progress: ProgressCallback | None, samples: int, measured: int) -> None:
        self._progress = progress
        self._samples = samples
        self._measured = max(measured, 1)
        self._total = 2 * samples

    @property
    def first(self) -> Callable[[int, int], None] | None:
        return None if self._progress is None else self._told

    def _told(self, done: int, total: int) -> None:  # noqa: ARG002
        if self._progress is not None:
            self._progress(done, self._total)

    def second(self, done: int) -> None:
        if self._progress is not None:
            part = min(done / self._measured, 1.0)
            self._progress(self._samples + round(part * self._samples), self._total)
