"""DeepDream and caricature: a photo changed, or drawn anew, by what a layer sees in it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor, nn

from atlas_widget.errors import AtlasError
from atlas_widget.inversion.leaky_gradients import leaky_gradients
from atlas_widget.inversion.objectives import Objective, Seen, as_objective
from atlas_widget.inversion.objectives import layer as whole_layer
from atlas_widget.inversion.parametrizations import Fourier
from atlas_widget.inversion.settings import InversionSettings
from atlas_widget.inversion.transforms import Transforms, resize
from atlas_widget.probe import LayerProbe
from atlas_widget.probe.opening import opened
from atlas_widget.probe.pictures import as_rgb
from atlas_widget.progress import CancelledCallback, check_cancelled

__all__ = ["Dream", "caricature", "deepdream"]

_RATE = 0.012  # mean change of a pixel in a step, of 1
_NOISE_STEPS = 256
_EPS = 1e-12


@dataclass(frozen=True)
class Dream:
    """A picture that was changed or made, and how the layer answers to it.

    Attributes
    ----------
    image
        uint8 (side, side, 3).
    before, after
        The objective for the picture at the start, and for the finished one as it is saved; of a
        caricature the cosine of the layer's map to the photo's.
    sides
        Sides in pixels of the octaves that were worked on, the smallest first.
    skipped
        Sides of octaves that the model does not take.
    made
        Layer, objective and settings, in words.
    """

    image: npt.NDArray[np.uint8]
    before: float
    after: float
    sides: tuple[int, ...]
    skipped: tuple[int, ...]
    made: str

    def picture(self) -> Image.Image:
        """Return the picture as a PIL image."""
        return Image.fromarray(self.image)


def deepdream(
    model: nn.Module | LayerProbe,
    layer: str | None = None,
    image: Any = None,
    *,
    objective: Objective | int | None = None,
    octaves: int = 4,
    octave_scale: float = 1.4,
    steps: int = 10,
    size: int | None = None,
    transform: Any = None,
    device: str | torch.device | None = None,
    seed: int = 0,
    cancelled: CancelledCallback | None = None,
) -> Dream:
    """Change a photo so that a layer sees more of what it sees in it anyway, or dream from noise.

    DeepDream (Mordvintsev, Olah and Tyka, Google Research 2015): gradient ascent on the mean of the
    layer's squared activations, from small to large sizes of the photo (octaves); what was added to
    a smaller one is enlarged with it. Each step moves the picture by a small random shift first.

    Parameters
    ----------
    model, layer
        A vision model and the name of a layer, or a probe.
    image
        A photo: a PIL image, which is cropped to a square in the middle, or an array (h, w, 3) or
        tensor (3, h, w), square. None: a picture made from noise by feature inversion.
    objective
        In place of the mean of squared activations: an objective, or the number of a channel.
    octaves, octave_scale
        Number of sizes, and their ratio; sizes that the model does not take are left out.
    steps
        Steps in each octave; 0 returns the photo.
    size
        Side of the picture in pixels; by default twice the model's input if it takes that, else
        the model's input.
    transform, device
        See :class:`~atlas_widget.probe.LayerProbe`.
    seed
        Seed of the shifts, or of the noise.
    cancelled
        Asked at each step; once it returns True, `Cancelled` is raised.

    Returns
    -------
    Dream

    Raises
    ------
    AtlasError
        An octave, step or scale cannot be; the model takes none of the sizes.
    """
    if octaves < 1 or steps < 0 or not octave_scale > 1:
        raise AtlasError(
            f"octaves={octaves}, steps={steps}, octave_scale={octave_scale}: at least 1 octave, 0 "
            "steps and a scale above 1."
        )
    goal = whole_layer() if objective is None else as_objective(objective)
    # pictures made within a user's inference mode could never be differentiated
    with torch.inference_mode(False), opened(model, layer, transform, device) as probe:
        goal = goal.made_for(1, probe.channels).to(torch.device(probe.device))
        if image is None:
            return _from_noise(probe, goal, size, seed, cancelled)
        photo = _photo(probe, image, size)
        sides = [round(photo.shape[-1] / octave_scale**octave) for octave in range(octaves)][::-1]
        usable = [side for side in sides if side > 0 and probe.accepts_size(side)]
        if not usable or usable[-1] != photo.shape[-1]:
            raise AtlasError(
                f"The model does not take pictures of {photo.shape[-1]} px: give size=, such as "
                f"{probe.input_size}."
            )
        generator = torch.Generator().manual_seed(seed)
        before = float(_score(probe, goal, photo))
        added = torch.zeros_like(resize(photo, usable[0]))
        for side in usable:
            base = resize(photo, side)
            picture = (base + _enlarged(added, side)).clamp(0, 1)
            for _ in range(steps):
                check_cancelled(cancelled)
                picture = _ascend(probe, goal, picture, generator)
            added = picture - base
        pixels = _bytes(picture if steps else photo)
        after = float(_score(probe, goal, _floats(pixels, probe.device)))
        made = f"DeepDream · {probe.layer}, {goal!r}, {len(usable)} octaves of {steps} steps"
        skipped = tuple(side for side in sides if side not in usable)
        return Dream(pixels, before, after, tuple(usable), skipped, made)


def caricature(
    model: nn.Module | LayerProbe,
    layer: str | None,
    image: Any,
    *,
    steps: int = 128,
    power: float = 2.0,
    start: Any = None,
    transform: Any = None,
    device: str | torch.device | None = None,
    seed: int = 0,
    cancelled: CancelledCallback | None = None,
) -> Dream:
    """Draw a photo anew as a layer sees it: what the layer keeps of it, exaggerated.

    A picture made from noise whose map of activations points, at every position, in the direction
    of the photo's: the objective is the dot product of the two maps times a power of their cosine.
    In each step both are shown to the model through the same random transform (Lucid's recipe
    "caricature").

    Parameters
    ----------
    model, layer
        A vision model and the name of a layer, or a probe and None.
    image
        The photo; see :func:`deepdream`. It is brought to the model's input size.
    steps
        Steps of gradient ascent.
    power
        Power of the cosine.
    start
        A picture to start from, in place of noise.
    transform, device, seed, cancelled
        See :func:`deepdream`.

    Returns
    -------
    Dream
        `before` and `after` are the cosine of the picture's map to the photo's.
    """
    if steps < 0:
        raise AtlasError(f"steps={steps}: 0 or more.")
    # pictures made within a user's inference mode could never be differentiated
    with torch.inference_mode(False), opened(model, layer, transform, device) as probe:
        side = probe.input_size
        photo = resize(_photo(probe, image, side), side)
        settings = InversionSettings.icon(size=side)
        written = Fourier(
            side, falloff=settings.falloff, deviation=settings.deviation, cutoff=None
        ).to(torch.device(probe.device))
        generator = torch.Generator().manual_seed(seed)
        if start is None:
            numbers = written.start(generator)[None].to(probe.device)
        else:
            numbers = written.numbers_of(_photo(probe, start, side))
        with torch.no_grad():
            first = written(numbers) if start is None else _photo(probe, start, side)
            before = float(_map_cosine(probe, first, photo))
        numbers = numbers.detach().requires_grad_()
        adam = torch.optim.Adam([numbers], lr=0.05)
        moves = Transforms(jitter=0.05, scale=(0.9, 1.1), rotate=8.0)
        for draws in moves.draw(generator, steps):
            check_cancelled(cancelled)
            picture = written(numbers)
            both = torch.cat([picture, photo])
            views = moves(
                both, draws.to(both.device).expand(2, -1), torch.ones(2, device=both.device), side
            )
            with leaky_gradients():
                h, wanted = probe.accelerated()(views).flatten(2).chunk(2)
            wanted = wanted.detach()
            dot = (h * wanted).sum(1)
            lengths = h.norm(dim=1) * wanted.norm(dim=1)
            cosine = dot / lengths.clamp_min(_EPS)
            score = (dot * cosine.clamp_min(0.1) ** power).mean() / wanted.square().mean()
            adam.zero_grad()
            (-score).backward()
            adam.step()
        with torch.no_grad():
            last = written(numbers) if steps or start is None else first
        pixels = _bytes(last)
        after = float(_map_cosine(probe, _floats(pixels, probe.device), photo))
        made = f"caricature · {probe.layer}, cosine to the power of {power:g}, {steps} steps"
        return Dream(pixels, before, after, (side,), (), made)


def node_settings() -> InversionSettings:
    """Return the settings of a small, quick picture of a whole layer, for a drawing of a model."""
    return InversionSettings.unit(everywhere=True)


def _from_noise(
    probe: LayerProbe,
    goal: Objective,
    size: int | None,
    seed: int,
    cancelled: CancelledCallback | None,
) -> Dream:
    from atlas_widget.inversion.engine import InversionEngine

    settings = InversionSettings.unit(everywhere=True, size=size or 128).with_steps(_NOISE_STEPS)
    engine = InversionEngine(probe, settings=settings)
    state = engine.start(seeds=[seed], objective=goal)
    before = float(_score(probe, goal, _floats(engine.pictures(state)[0], probe.device)))
    for _ in range(settings.steps):
        check_cancelled(cancelled)
        engine.advance(state)
    pixels = engine.pictures(state)[0]
    after = float(_score(probe, goal, _floats(pixels, probe.device)))
    made = f"DeepDream from noise · {probe.layer}, {goal!r}, {settings.steps} steps"
    return Dream(pixels, before, after, (pixels.shape[0],), (), made)


def _ascend(
    probe: LayerProbe, goal: Objective, picture: Tensor, generator: torch.Generator
) -> Tensor:
    """Return the picture after one step of gradient ascent under a random shift."""
    reach = max(1, picture.shape[-1] // 7)
    down, right = torch.randint(-reach, reach + 1, (2,), generator=generator).tolist()
    moved = picture.roll((down, right), (2, 3)).detach().requires_grad_()
    with torch.enable_grad(), leaky_gradients():
        (gradient,) = torch.autograd.grad(_score(probe, goal, moved).sum(), moved)
    step = gradient / gradient.abs().mean().clamp_min(_EPS)
    return (moved + _RATE * step).detach().roll((-down, -right), (2, 3)).clamp(0, 1)


def _score(probe: LayerProbe, goal: Objective, picture: Tensor) -> Tensor:
    activations = probe.accelerated()(picture)
    rows, columns = activations.shape[2:]
    return goal(Seen(activations, (rows // 2, columns // 2), picture))


def _map_cosine(probe: LayerProbe, picture: Tensor, photo: Tensor) -> Tensor:
    """Return the mean cosine, over positions, of the layer's answers to two pictures."""
    one, other = probe.accelerated()(torch.cat([picture, photo])).flatten(2).chunk(2)
    return F.cosine_similarity(one, other, dim=1).mean()


def _photo(probe: LayerProbe, image: Any, size: int | None) -> Tensor:
    """Return one photo as a tensor (1, 3, side, side) on the probe's device."""
    if size is None:
        twice = 2 * probe.input_size
        size = twice if probe.accepts_size(twice) else probe.input_size
    if isinstance(image, np.ndarray) and image.ndim == 3:
        image = image[None]
    photo = as_rgb(image, size)[:1].to(probe.device)
    if photo.shape[2] != photo.shape[3]:
        side = min(photo.shape[2:])
        top, left = (photo.shape[2] - side) // 2, (photo.shape[3] - side) // 2
        photo = photo[:, :, top : top + side, left : left + side]
    return photo


def _enlarged(added: Tensor, side: int) -> Tensor:
    return F.interpolate(added, (side, side), mode="bicubic", align_corners=False)


def _bytes(picture: Tensor) -> npt.NDArray[np.uint8]:
    array: npt.NDArray[np.uint8] = (
        (picture[0].detach().permute(1, 2, 0) * 255).round().clamp(0, 255).byte().cpu().numpy()
    )
    return array


def _floats(pixels: npt.NDArray[np.uint8], device: Any) -> Tensor:
    return torch.from_numpy(pixels.copy()).permute(2, 0, 1)[None].to(device).float() / 255
