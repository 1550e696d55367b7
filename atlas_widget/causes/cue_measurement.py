"""Pasting a cue on images of the class that it argues against."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from atlas_widget.attribution import Target
from atlas_widget.causes.cue_report import Cue
from atlas_widget.causes.paste_effect import paste_effect
from atlas_widget.causes.pasting import CORNERS, corner_boxes
from atlas_widget.causes.patches import patch_test, random_patches
from atlas_widget.probe.targets import AllClasses
from atlas_widget.progress import CancelledCallback

if TYPE_CHECKING:
    from atlas_widget.atlas import Atlas
    from atlas_widget.probe import LayerProbe

__all__ = ["measured_cue"]

_PATCH = (0.15, 0.5)  # least and greatest side of the patch, as fractions of the picture's
_CONTROLS = 16
_MIN_IMAGES = 4  # images to paste on


def measured_cue(
    probe: LayerProbe,
    atlas: Atlas,
    cue: Cue,
    pictures: NDArray[np.uint8],
    seed: int,
    notices: list[str],
    cancelled: CancelledCallback | None,
) -> Cue:
    """Return a cue with what pasting it does to images of the other class.

    As large as the layer sees it: its receptive field, within 15 and 50 % of the picture.

    Parameters
    ----------
    probe : LayerProbe
    atlas : Atlas
        Random cells of it are the controls.
    cue : Cue
    pictures : ndarray of uint8, (n, height, width, 3)
        Images of the other class that the model gets right.
    seed : int
    notices : list of str
        Gets what could not be measured.
    cancelled : callable, optional
    """
    if len(pictures) < _MIN_IMAGES:
        notices.append(
            f"Of the images of {cue.other_label!r} the model gets only {len(pictures)} right, too "
            "few to paste a cue on."
        )
        return cue
    size = float(np.clip(probe.receptive_field() / probe.input_size, *_PATCH))
    random = np.random.default_rng(seed)
    corners = corner_boxes(size, pictures.shape[1:])
    boxes = [corners[CORNERS[number]] for number in random.integers(0, 4, len(pictures))]
    effect = paste_effect(
        probe, pictures, cue.patch, boxes, _Margin(cue.argues_for, cue.other), cancelled=cancelled
    )
    test = patch_test(
        probe,
        pictures,
        cue.patch,
        cue.argues_for,
        size=size,
        controls=random_patches(atlas, _CONTROLS, seed=seed, without=cue.cells),
        labels=atlas.labels,
        seed=seed,
        cancelled=cancelled,
    )
    return replace(cue, effect=effect, test=test)


class _Margin(Target):
    """Difference of two classes' scores."""

    names = ("difference of the two scores",)

    def __init__(self, own: int, other: int) -> None:
        self.key = f"margin {own} {other}"
        self._own = own
        self._other = other

    def scores(self, output: Any, count: int) -> Tensor:
        scores = AllClasses().scores(output, count)
        return (scores[:, self._own] - scores[:, self._other])[:, None]
