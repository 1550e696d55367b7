"""The experiments of `atlas_widget.causes` as tasks on the atlas that a widget shows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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

__all__ = [
    "CueSearch",
    "DirectionChange",
    "PatchExperiment",
    "Places",
    "check_places",
    "need_classes",
    "picture_of",
]

Places = Literal["sample", "present", "everywhere"]

_PLACES = ("sample", "present", "everywhere")
_IMAGES_PER_PAUSE = 4  # images read between two pauses


def check_places(where: object) -> Places:
    """Return a valid value of `where`; raise `AtlasError` for others."""
    if where not in _PLACES:
        hint = did_you_mean(str(where), _PLACES)
        raise AtlasError(
            f"where={where!r}: 'sample' (where each sample of the cells lies in its image), "
            f"'present' (wherever the direction is) or 'everywhere'.{hint}"
        )
    return where  # type: ignore[return-value]


@dataclass(frozen=True)
class DirectionChange:
    """Remove or add the direction of cells on real images.

    Attributes
    ----------
    grid, cells
        The cells, whose mean is the direction.
    alpha
        Multiple of the direction that is added; None removes it.
    where
        Positions at which the layer is changed.
    count
        Maximum number of crops in which the cells occur.
    target
        Scores to measure; None for the classes that the images score highest.
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
        """Run `ablate` or `steer`."""
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
            "batch_size": _IMAGES_PER_PAUSE,
            "progress": progress,
            "cancelled": cancelled,
        }
        if self.alpha is None:
            return ablate(probe, None, found.rgb, positions, found.direction, **options)
        return steer(probe, None, found.rgb, positions, found.direction, self.alpha, **options)


@dataclass(frozen=True)
class PatchExperiment:
    """Test a patch on many images, with controls.

    Attributes
    ----------
    patch
        Pixels of the patch.
    target
        The class that images should be flipped to.
    images
        The images; None takes up to `count` of those that the atlas was made from.
    controls
        Number of random cells used as controls.
    without
        Cells of the coarsest grid that are not used as controls: those of the patch.
    options
        Further arguments of `patch_test`.
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
        """Run `patch_test`."""
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
class CueSearch:
    """Search for cells that argue for one class in images of another.

    Attributes
    ----------
    first, second
        The two classes.
    options
        Further arguments of `find_cues`.
    """

    first: int | str
    second: int | str
    options: tuple[tuple[str, Any], ...] = ()

    def __call__(
        self, material: Material, progress: ProgressCallback, cancelled: CancelledCallback
    ) -> CueReport:
        """Run `find_cues`."""
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


@dataclass(frozen=True)
class CueClasses:
    """The classes between which cues can be looked for.

    Attributes
    ----------
    samples
        Number of samples by class, those of most first.
    told_by
        Who says which class an image is of.
    """

    samples: Mapping[int, int]
    told_by: str


@dataclass(frozen=True)
class CueClassCount:
    """Count the samples of each class's images."""

    def __call__(
        self, material: Material, _progress: ProgressCallback, cancelled: CancelledCallback
    ) -> CueClasses:
        """Find out which class each image is of."""
        from atlas_widget.causes.image_sets import ClassImages
        from atlas_widget.images.opening import as_image_source

        probe, atlas = material.probe, material.atlas
        need_classes(probe)
        source = as_image_source(material.images, preprocessing=probe.preprocessing)
        sets = ClassImages.of(probe, source, atlas, None, cancelled)
        return CueClasses(sets.answerable(atlas.samples), sets.told_by)


def picture_of(source: ImageSource, index: int, size: int) -> npt.NDArray[np.uint8] | None:
    """Return an image as the model receives it, (size, size, 3); None if it cannot be read."""
    from atlas_widget.causes.pictures import as_pixels
    from atlas_widget.probe.pictures import as_rgb

    try:
        pixels: npt.NDArray[np.uint8] = as_pixels(as_rgb([source.open(index)], size))[0]
    except (UnreadableImageError, OSError):
        return None
    return pixels


def _numbered(target: Any, material: Material) -> Any:
    """Return a target with names of classes replaced by their numbers."""
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
    """Read some images, chosen at random with a fixed seed, with pauses in between."""
    if count < 1:
        raise AtlasError(f"count={count}: at least one image is needed.")
    chosen = np.sort(np.random.default_rng(0).permutation(len(source))[:count])
    read = []
    for done, index in enumerate(chosen.tolist()):
        if done % _IMAGES_PER_PAUSE == 0:
            if cancelled():
                raise Cancelled
            progress(0, 0)  # the test itself has not started
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
    """Raise if the widget's target is not the model's classes, which patch tests need."""
    from atlas_widget.errors import AttributionError

    if not _scores_classes(probe) or probe.num_classes is None:
        raise AttributionError(
            probe.no_classes
            or "Patches and cues are about the model's classes, but the cells of this widget argue "
            "for a target of your own: open AtlasWidget without target= for them."
        )
