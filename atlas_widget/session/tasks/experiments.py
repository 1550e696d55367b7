"""The experiments of `atlas_widget.causes` as tasks on what a widget shows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt

from atlas_widget.errors import AtlasError, ImagesError, did_you_mean
from atlas_widget.images.decode import UnreadableImageError
from atlas_widget.progress import (
    Cancelled,
    CancelledCallback,
    ProgressCallback,
    check_cancelled,
)
from atlas_widget.session.tasks.task import Material

if TYPE_CHECKING:
    from atlas_widget.causes import CausalTest, CueReport, PatchTest
    from atlas_widget.images.source import ImageSource
    from atlas_widget.probe import LayerProbe

__all__ = ["Change", "Cues", "Patching", "Places", "check_places", "need_classes", "picture_of"]

Places = Literal["sample", "present", "everywhere"]

_PLACES = ("sample", "present", "everywhere")
_AT_ONCE = 4  # images between two pauses


def check_places(where: object) -> Places:
    """Return where a direction is changed, or raise what is accepted."""
    if where not in _PLACES:
        hint = did_you_mean(str(where), _PLACES)
        raise AtlasError(
            f"where={where!r}: 'sample' (where each sample of the cells lies in its image), "
            f"'present' (wherever the direction is) or 'everywhere'.{hint}"
        )
    return where  # type: ignore[return-value]


@dataclass(frozen=True)
class Change:
    """The direction of cells removed or added on real images.

    Attributes
    ----------
    grid, cells
        Whose mean is the direction.
    alpha
        How much of it is added; None removes it.
    where
        At which positions.
    count
        On so many crops in which the cells occur.
    target
        Which scores are looked at; None for those that the images score highest.
    presence, seed
        See `ablate` and `examples_of`.
    """

    grid: int
    cells: tuple[int, ...]
    alpha: float | None
    where: Places = "sample"
    count: int = 32
    target: Any = None
    presence: float = 0.5
    seed: int = 0

    def __call__(
        self, material: Material, progress: ProgressCallback, cancelled: CancelledCallback
    ) -> CausalTest:
        """Do it; see `ablate` and `steer`."""
        from atlas_widget.causes import ablate, examples_of, steer

        probe = material.probe
        check_cancelled(cancelled)
        found = examples_of(
            material.atlas,
            probe,
            material.images,
            self.cells,
            size=self.grid,
            count=self.count,
            seed=self.seed,
        )
        positions: Any = found.positions if self.where == "sample" else self.where
        target = _numbered(self.target, material)
        if target is None and not _scores_classes(probe):
            target = probe.target
        options: dict[str, Any] = {
            "target": target,
            "presence": self.presence,
            "labels": material.labels,
            "batch_size": _AT_ONCE,
            "progress": progress,
            "cancelled": cancelled,
        }
        if self.alpha is None:
            return ablate(probe, None, found.rgb, positions, found.direction, **options)
        return steer(probe, None, found.rgb, positions, found.direction, self.alpha, **options)


@dataclass(frozen=True)
class Patching:
    """A patch on many images, with its controls.

    Attributes
    ----------
    patch
        The picture that is put on them.
    target
        The class that they are to become.
    images
        Which images; None takes up to `count` of those that the atlas was made from.
    controls
        From so many random cells.
    without
        Cells of the coarsest grid that are no controls: that of the patch.
    options
        Further ones of `patch_test`.
    """

    patch: Any
    target: int | str
    images: Any = None
    count: int = 200
    controls: int = 16
    without: tuple[int, ...] = ()
    options: tuple[tuple[str, Any], ...] = ()

    def __call__(
        self, material: Material, progress: ProgressCallback, cancelled: CancelledCallback
    ) -> PatchTest:
        """Do it; see `patch_test`."""
        from atlas_widget.causes import patch_test, random_patches

        probe = material.probe
        need_classes(probe)
        images = self.images
        if images is None:
            images = _some_pictures(material.images, probe, self.count, progress, cancelled)
        seed = dict(self.options).get("seed", 0)
        others: Sequence[Any] = ()
        if self.controls:
            others = random_patches(material.atlas, self.controls, seed=seed, without=self.without)
        return patch_test(
            probe,
            images,
            self.patch,
            self.target,
            controls=others,
            labels=material.labels,
            progress=progress,
            cancelled=cancelled,
            **dict(self.options),
        )


@dataclass(frozen=True)
class Cues:
    """The search for what argues for a class without being it.

    Attributes
    ----------
    first, second
        The two classes.
    options
        Further ones of `find_cues`.
    """

    first: int | str
    second: int | str
    options: tuple[tuple[str, Any], ...] = ()

    def __call__(
        self, material: Material, progress: ProgressCallback, cancelled: CancelledCallback
    ) -> CueReport:
        """Do it; see `find_cues`."""
        from atlas_widget.causes import find_cues

        need_classes(material.probe)
        return find_cues(
            material.atlas,
            material.probe,
            material.images,
            self.first,
            self.second,
            progress=progress,
            cancelled=cancelled,
            **dict(self.options),
        )


def picture_of(source: ImageSource, index: int, size: int) -> npt.NDArray[np.uint8] | None:
    """Return an image as the model is given it, (size, size, 3); None if it cannot be read."""
    from atlas_widget.causes.pictures import as_pixels
    from atlas_widget.probe.pictures import as_rgb

    try:
        pixels: npt.NDArray[np.uint8] = as_pixels(as_rgb([source.open(index)], size))[0]
    except (UnreadableImageError, OSError):
        return None
    return pixels


def _numbered(target: Any, material: Material) -> Any:
    """Return a target in which classes that are named have their numbers."""
    from atlas_widget.attribution.class_names import class_number

    several = [target] if isinstance(target, str) else target
    if not isinstance(several, list | tuple) or not any(isinstance(each, str) for each in several):
        return target
    count = material.probe.num_classes
    return [class_number(each, material.labels, count) for each in several]


def _some_pictures(
    source: ImageSource,
    probe: LayerProbe,
    count: int,
    progress: ProgressCallback,
    cancelled: CancelledCallback,
) -> npt.NDArray[np.uint8]:
    """Read some of the images, chosen at random but the same each time, a few between pauses."""
    if count < 1:
        raise AtlasError(f"count={count}: at least one image is needed.")
    chosen = np.sort(np.random.default_rng(0).permutation(len(source))[:count])
    read = []
    for done, index in enumerate(chosen.tolist()):
        if done % _AT_ONCE == 0:
            if cancelled():
                raise Cancelled
            progress(0, 0)  # of the test itself nothing is done
        pixels = picture_of(source, index, probe.input_size)
        if pixels is not None:
            read.append(pixels)
    if not read:
        raise ImagesError(f"None of the images could be read ({source.description}).")
    return np.stack(read)


def _scores_classes(probe: LayerProbe) -> bool:
    from atlas_widget.probe.targets import AllClasses

    return isinstance(probe.target, AllClasses)


def need_classes(probe: LayerProbe) -> None:
    """Raise where the widget's target is not the model's classes, which patches are judged by."""
    from atlas_widget.errors import AttributionError

    if not _scores_classes(probe) or probe.num_classes is None:
        raise AttributionError(
            probe.no_classes
            or "The cells here argue for a target of yours, not for the model's classes: patches "
            "and cues are about classes. AtlasWidget without target= has them."
        )
