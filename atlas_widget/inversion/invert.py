"""``invert(model, layer, directions)``: directions of a layer → pictures, in one call."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, replace
from io import BytesIO
from typing import Any, overload

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from atlas_widget.errors import ActivationsError
from atlas_widget.inversion.engine import InversionEngine
from atlas_widget.inversion.inputs import (
    as_directions,
    as_examples,
    as_seeds,
    as_warm,
    layer_and_aim,
)
from atlas_widget.inversion.likeness import ranks
from atlas_widget.inversion.parametrizations import Parametrization
from atlas_widget.inversion.settings import InversionSettings, as_settings
from atlas_widget.inversion.state import InversionState
from atlas_widget.inversion.whitening import Whitening
from atlas_widget.probe.memory import out_of_memory
from atlas_widget.probe.opening import opened

__all__ = ["Icons", "contact_sheet", "invert", "run"]

# of pictures made without settings
_SIZE = 96
_STEPS = 64


@dataclass(frozen=True)
class Icons:
    """Finished pictures and how faithful each is.

    Attributes
    ----------
    images
        uint8 (n, size, size, 3); with a fourth channel where the parametrization has opacity.
    cosine
        True cosine (n,) between each target direction and the activation of the finished,
        untransformed picture.
    activations
        What the layer answers to each finished picture, (n, channels).
    directions
        The targets, (n, channels).
    seeds, origins
        What each started from: its noise's seed, and the number of its warm start or -1.
    steps
        Steps taken by each.
    examples
        How many real crops each picture kept the channel statistics of, (n,); 0 is none.
    settings
        How they were made.
    early_layers
        The layers whose statistics these are.
    notices
        What was asked for and could not be done.
    """

    images: NDArray[np.uint8]
    cosine: NDArray[np.float32]
    activations: NDArray[np.float32]
    directions: NDArray[np.float32]
    seeds: NDArray[np.int64]
    origins: NDArray[np.int64]
    steps: NDArray[np.int64]
    examples: NDArray[np.int64]
    settings: InversionSettings
    early_layers: tuple[str, ...] = ()
    notices: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.images)

    @overload
    def __getitem__(self, index: int) -> Image.Image: ...

    @overload
    def __getitem__(self, index: slice) -> Icons: ...

    def __getitem__(self, index: int | slice) -> Image.Image | Icons:
        """Return one picture, or some of them with all that is known of them."""
        if not isinstance(index, slice):
            return Image.fromarray(self.images[index])
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        rows: dict[str, Any] = {
            name: each[index] for name, each in values.items() if isinstance(each, np.ndarray)
        }
        return replace(self, **rows)

    @property
    def made_with(self) -> list[str]:
        """Settings and examples that each picture was made with, in words."""
        layers = ", ".join(self.early_layers)
        return [
            f"the direction, and statistics of {layers} in {count} crops"
            if count
            else "the direction alone"
            for count in self.examples
        ]

    @property
    def rank(self) -> NDArray[np.int64]:
        """Number of directions that each picture, encoded again, is nearer to than to its own.

        0 is the best; near is meant as in :func:`~atlas_widget.inversion.ranks`, among these
        directions alone.
        """
        return ranks(self.activations, self.directions)

    def sheet(self, columns: int | None = None, gap: int = 1) -> Image.Image:
        """Contact sheet of all pictures, row by row."""
        return contact_sheet(self.images, columns, gap)

    def _repr_png_(self) -> bytes:
        buffer = BytesIO()
        self.sheet().save(buffer, "PNG")
        return buffer.getvalue()

    def __repr__(self) -> str:
        if not len(self):
            return "Icons(none)"
        size = self.images.shape[1]
        return f"Icons({len(self)} of {size}×{size} px, median cosine {np.median(self.cosine):.2f})"


def invert(
    model: Any,
    layer: Any = None,
    directions: Any = None,
    *,
    size: int | None = None,
    steps: int | None = None,
    transform: Any = None,
    seed: int | Sequence[int] = 0,
    device: Any = None,
    callback: Callable[[int, int], object] | None = None,
    settings: InversionSettings | None = None,
    parametrization: Parametrization | None = None,
    warm: Any = None,
    whitening: Whitening | None = None,
    images: Any = None,
) -> Icons:
    """Optimise a picture for each direction until the layer's centre answers with it.

    Feature inversion by gradient ascent on Fourier coefficients, after "Activation Atlas" (Carter
    et al., Distill 2019) and "Feature Visualization" (Olah et al., Distill 2017).

    Parameters
    ----------
    model
        Any ``nn.Module``, left as it is, or a :class:`~atlas_widget.probe.LayerProbe` (then no
        `layer`).
    layer
        Name of the layer, as :func:`~atlas_widget.list_layers` gives it.
    directions
        Shape (n, channels), or (channels,) for one: arrays, tensors or lists of numbers.
    size, steps
        Side of the pictures in pixels, and steps of gradient ascent. None: those of `settings`; 96
        and 64 without settings.
    transform
        From RGB in [0, 1] to the model's input, if it does not say itself.
    seed
        The noise to start from: one number for all, or one per picture. The same direction, seed
        and settings give the same picture, whatever else is in the batch, but for rounding.
    device
        Where to compute.
    callback
        Called with (pictures finished, pictures in all) after every few steps; may raise to stop.
    settings, parametrization
        How, in more detail.
    warm
        Pictures to start from instead of noise: finished :class:`Icons`, uint8 (n, side, side, 3)
        or floats in [0, 1] of shape (n, 3, side, side).
    whitening
        Aim at the directions whitened; the cosine stays that to the directions themselves.
    images
        For each direction some real crops as the layer sees them, whose statistics of early layers
        its picture keeps near to (see
        :func:`~atlas_widget.inversion.objectives.channel_statistics`): a list of tensors (k, 3, h,
        w) with values in [0, 1], of uint8 arrays (k, h, w, 3) or of lists of PIL images, None for a
        direction without; or one array (n, k, 3, h, w). What each picture was made with is in the
        result. Settings with ``statistics=0`` take no notice of them.

    Raises
    ------
    LayerNotFoundError
        Naming the closest layers.
    ActivationsError
        The directions are zero, not finite, or not as long as the layer has channels.

    Examples
    --------
    >>> icons = invert(resnet18(), "layer3", np.eye(256)[:4], size=64, steps=32)
    >>> icons.cosine, icons.rank, icons[0], icons.sheet()
    """
    layer, directions = layer_and_aim(model, layer, directions)
    if directions is None:
        raise ActivationsError("directions=None: pass an array of shape (n, channels)")
    if settings is None:
        size, steps = _SIZE if size is None else size, _STEPS if steps is None else steps
    settings = as_settings(settings)
    if size is not None:
        settings = settings.replace(size=size)
    if steps is not None and steps != settings.steps:
        settings = settings.with_steps(steps)
    # pictures made within a user's inference mode could never be differentiated
    with torch.inference_mode(False), opened(model, layer, transform, device) as probe:
        engine = InversionEngine(probe, settings=settings, parametrization=parametrization)
        return run(
            engine,
            directions,
            seed,
            warm=warm,
            whitening=whitening,
            images=images,
            callback=callback,
        )


@torch.inference_mode(False)  # pictures made within it could never be differentiated
def run(
    engine: InversionEngine,
    directions: Any,
    seed: int | Sequence[int] = 0,
    *,
    warm: Any = None,
    whitening: Whitening | None = None,
    images: Any = None,
    callback: Callable[[int, int], object] | None = None,
    slice_steps: int = 8,
) -> Icons:
    """All `directions` through one engine, a full batch at a time.

    The place of a finished picture is given to the next one at once. Where a batch does not fit
    into the memory, half of it begins again later.
    """
    targets = as_directions(directions, engine.probe.channels, engine.probe.layer)
    aims = targets if whitening is None else whitening(targets)
    count = len(targets)
    seeds = as_seeds(seed, count)
    warmth = None if warm is None else as_warm(warm, count)
    origins = np.full(count, -1) if warm is None else np.arange(count)
    crops, notices = None, []
    examples = np.zeros(count, np.int64)
    if images is not None and engine.settings.statistics:
        crops = as_examples(images, count, engine.canvas)
        if not any(crop is not None for crop in crops):
            crops = None
            notices.append("images= gives no crop: the pictures are made without statistics.")
    if crops is not None and not engine.network_view.early:
        crops = None
        notices.append(
            f"No layer with a map can be read before {engine.probe.layer!r}: the pictures are made "
            "without statistics of crops."
        )
    if crops is not None:
        examples[:] = [0 if crop is None else len(crop) for crop in crops]
    size, total = engine.settings.size, engine.settings.steps
    made = np.zeros((count, size, size, engine.parametrization.planes), np.uint8)
    taken = np.zeros(count, np.int64)
    state: InversionState | None = None
    places = np.zeros(0, np.int64)
    waiting, finished, most = np.arange(count), 0, engine.batch_size
    while finished < count:
        free = most - len(places)
        if free > 0 and len(waiting):
            new, waiting = waiting[:free], waiting[free:]
            fresh = engine.start(
                aims[new],
                seeds[new],
                None if warmth is None else warmth[new],
                origins=origins[new],
                examples=None if crops is None else engine.statistics_of([crops[i] for i in new]),
            )
            state = fresh if state is None or not len(places) else state.merge(fresh)
            places = np.concatenate([places, new])
        assert state is not None
        ages = state.steps.cpu().numpy()
        try:
            engine.advance(state, int(min(slice_steps, total - ages.max())))
        except RuntimeError as error:
            most = len(places) // 2
            if not most or not out_of_memory(error):
                raise
            state, places, waiting = (
                state.select(np.arange(most)),
                places[:most],
                np.concatenate([places[most:], waiting]),
            )
            continue
        ages = state.steps.cpu().numpy()
        done = ages >= total
        if done.any():
            made[places[done]] = engine.pictures(state.select(done))
            taken[places[done]] = ages[done]
            state, places = state.select(~done), places[~done]
            finished += int(done.sum())
        if callback is not None:
            callback(finished, count)
    cosine, activations = engine.fidelity(made, targets)
    return Icons(
        made, cosine, activations, targets, seeds, origins, taken, examples, engine.settings,
        early_layers=engine.network_view.early.names if examples.any() else (),
        notices=tuple(notices),
    )  # fmt: skip


def on_white(images: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Lay pictures with opacity, uint8 (n, size, size, 4), on white; others stay as they are."""
    if images.shape[-1] == 3:
        return images
    part = images[..., 3:].astype(np.float32) / 255
    return np.asarray(images[..., :3] * part + 255 * (1 - part), np.uint8)


def contact_sheet(
    images: NDArray[np.uint8], columns: int | None = None, gap: int = 1
) -> Image.Image:
    """Arrange pictures (n, size, size, 3 or 4) row by row, with `gap` white pixels between."""
    count, size = len(images), images.shape[1] if len(images) else 1
    columns = columns or max(1, int(np.ceil(np.sqrt(count))))
    rows = -(-count // columns)
    side = size + gap
    sheet = np.full((max(1, rows * side - gap), columns * side - gap, 3), 255, np.uint8)
    for number, image in enumerate(on_white(images)):
        y, x = number // columns * side, number % columns * side
        sheet[y : y + size, x : x + size] = image
    return Image.fromarray(sheet)
