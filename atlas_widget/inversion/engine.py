"""Gradient ascent on pictures: one batch, a few steps at a time.

:class:`InversionEngine` keeps what is dear to make (the folded network, where its centre is) and
works on an :class:`InversionState`, which holds everything about a batch of unfinished pictures.
The caller decides how many steps to take at once, and may stop, split and merge batches between.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from atlas_widget.errors import ActivationsError, AtlasError
from atlas_widget.inversion.ascent import ascend
from atlas_widget.inversion.channel_statistics import ExampleStatistics, channel_statistics
from atlas_widget.inversion.inputs import as_directions, as_pictures
from atlas_widget.inversion.leaky_gradients import leaky_gradients
from atlas_widget.inversion.network_view import NetworkView
from atlas_widget.inversion.objectives import Objective, Seen, direction, direction_everywhere
from atlas_widget.inversion.opacity import BACKGROUND_NUMBERS, background, over
from atlas_widget.inversion.parametrizations import Fourier, Parametrization
from atlas_widget.inversion.settings import InversionSettings, as_settings
from atlas_widget.inversion.state import InversionState
from atlas_widget.inversion.transforms import resize

__all__ = ["InversionEngine"]

_TINY = 1e-12
_FORWARD_BATCH = 16  # pictures at a time where no gradient is needed
_SQUARE = 0.7  # cycles per pixel in the corners of a spectrum: none are finer


class InversionEngine:
    """Optimises batches of pictures until a layer answers with given directions.

    Parameters
    ----------
    probe
        The layer (:class:`~atlas_widget.probe.LayerProbe`).
    settings
        How; :meth:`InversionSettings.icon` where not given.
    size
        Side of the pictures, in place of the settings'.
    parametrization
        In place of :class:`Fourier` as the settings describe it; of the size :attr:`canvas`.
    """

    def __init__(
        self,
        probe: Any,
        *,
        size: int | None = None,
        settings: InversionSettings | None = None,
        parametrization: Parametrization | None = None,
    ) -> None:
        if parametrization is not None and not isinstance(parametrization, Parametrization):
            raise AtlasError(
                f"parametrization={parametrization!r}: pass an object, such as Fourier(64)"
            )
        settings = as_settings(settings)
        self.settings = settings if size is None else settings.replace(size=size)
        self.probe = probe
        self.device = torch.device(probe.device)
        self.network_view = NetworkView(probe, self.settings)
        self.coarse_view = NetworkView.coarse(probe, self.settings, self.network_view)
        self.canvas = self.network_view.canvas if parametrization is None else parametrization.size
        self.parametrization = (
            parametrization
            or Fourier(
                self.canvas,
                falloff=self.settings.falloff,
                deviation=self.settings.deviation,
                chroma=self.settings.chroma,
                cutoff=self._cutoff(),
            )
        ).to(self.device)

    def _cutoff(self) -> float | None:
        """Cycles per pixel of the canvas; the settings' are per pixel of what the network sees."""
        if self.settings.cutoff is None:
            return None
        return min(_SQUARE, self.settings.cutoff * self.network_view.view / self.canvas)

    @cached_property
    def batch_size(self) -> int:
        """Pictures at a time that keep this device busy without waiting long for a step.

        On a GPU of NVIDIA's no more than half of its free memory has room for.
        """
        if self.device.type == "cpu":
            return max(1, min(48, int((320 / self.network_view.view) ** 2)))
        enough = max(8, min(512, (2048 // self.network_view.view) ** 2))
        if not self.network_view.bytes_each:
            return enough
        gradients_too = 2 * self.network_view.bytes_each
        return max(1, min(enough, _free_bytes(self.device) // 2 // gradients_too))

    def start(
        self,
        directions: Any = None,
        seeds: Sequence[int] | NDArray[Any] | int = 0,
        warm: Any = None,
        *,
        objective: Objective | None = None,
        origins: Sequence[int] | NDArray[Any] | None = None,
        examples: ExampleStatistics | None = None,
    ) -> InversionState:
        """Begin a batch; each picture's start depends on its own seed and direction alone.

        Parameters
        ----------
        directions
            Targets, shape (n, channels).
        seeds
            One number for all (they then start from the same noise) or one per picture.
        warm
            Pictures to start from, uint8 (n, side, side, 3), in place of noise.
        objective
            In place of the direction objective; `seeds` then says how many pictures.
        origins
            What each picture started from, to be remembered: by default the number of its warm
            picture; -1 is noise.
        examples
            Statistics of each picture's examples, from :meth:`statistics_of`, which it is to stay
            near to; None, or settings with ``statistics=0``, for none.
        """
        if objective is None:
            if directions is None:
                raise ActivationsError("neither directions nor an objective: nothing to picture")
            targets = as_directions(directions, self.probe.channels, self.probe.layer)
            count = len(targets)
            wanted = direction_everywhere if self.settings.everywhere else direction
            objective = wanted(targets, power=self.settings.power, reach=self.settings.reach)
            if examples is not None and self.settings.statistics:
                lengths = torch.from_numpy(np.linalg.norm(targets, axis=1))
                objective = objective.with_prior(
                    channel_statistics(examples, tolerance=self.settings.tolerance),
                    self.settings.statistics,
                    self.settings.least * lengths,  # a direction's score grows with its length
                ).made_for(count, self.probe.channels)
        else:
            count = np.size(seeds)
            objective = objective.made_for(count, self.probe.channels)
        every = np.broadcast_to(np.asarray(seeds, dtype=np.int64), (count,))
        starts, draws = [], []
        drawn: dict[int, tuple[Tensor, Tensor]] = {}
        for seed in every.tolist():
            if seed not in drawn:
                generator = torch.Generator().manual_seed(seed)
                start = self.parametrization.start(generator)
                drawn[seed] = start, self._draws(generator)
            starts.append(drawn[seed][0])
            draws.append(drawn[seed][1])
        numbers = torch.stack(starts).to(self.device)
        if warm is not None:
            numbers = self.parametrization.numbers_of(as_pictures(warm).to(self.device))
        if origins is None:
            origins = np.full(count, -1) if warm is None else np.arange(count)
        return InversionState.fresh(
            numbers=numbers,
            randomness=torch.stack(draws).to(self.device),
            objective=objective.to(self.device),
            seeds=torch.tensor(every.copy()),
            origins=torch.as_tensor(np.asarray(origins, dtype=np.int64)),
        )

    @torch.no_grad()
    def statistics_of(self, examples: Sequence[Any]) -> ExampleStatistics | None:
        """Read the statistics of early layers off real examples of each picture.

        Parameters
        ----------
        examples
            For each picture some crops as the layer sees them: uint8 (k, side, side, 3), or floats
            in [0, 1] of shape (k, 3, side, side); None for a picture without.

        Returns
        -------
        ExampleStatistics or None
            None where nothing that has statistics runs before the layer.
        """
        counts = [0 if each is None else len(each) for each in examples]
        if not self.network_view.early:
            return None
        if not any(counts):
            levels_of = 1 if self.coarse_view is None else 2
            nothing = torch.zeros(0, levels_of, 2, sum(self.network_view.early.channels))
            return ExampleStatistics.of(nothing, counts, self.network_view.early.channels)
        crops = torch.cat(
            [resize(as_pictures(each)[:, :3], self.canvas) for each in examples if each is not None]
        )
        # seen as the pictures are: moved, turned and scaled, each example in its own way
        draws = torch.cat([self._views(count) for count in counts]).to(self.device)
        levels = []
        for seen_by in (
            [self.network_view]
            if self.coarse_view is None
            else [self.network_view, self.coarse_view]
        ):
            parts = []
            sizes = self._chunks(counts)
            pairs = zip(torch.split(crops, sizes), torch.split(draws, sizes), strict=True)
            for chunk, numbers in pairs:
                full = torch.ones(len(chunk), device=self.device)
                views = self.settings.transforms(chunk.to(self.device), numbers, full, seen_by.view)
                covered = self.settings.transforms.covered(numbers, full, seen_by.view)
                parts.append(seen_by.statistics(views, covered).cpu())
            levels.append(torch.cat(parts))
        return ExampleStatistics.of(
            torch.stack(levels, 1), counts, self.network_view.early.channels
        )

    def _chunks(self, counts: Sequence[int]) -> list[int]:
        """Return how many examples the network is shown at once.

        On a CPU those of one picture, so that the last bits of its statistics do not depend on the
        pictures beside it, and the same picture can be made again.
        """
        most = max(self.batch_size, _FORWARD_BATCH)
        groups = counts if self.device.type == "cpu" else [sum(counts)]
        return [min(most, group - at) for group in groups for at in range(0, group, most)]

    def _views(self, count: int) -> Tensor:
        """Random numbers for the views of so many examples; the same for every picture."""
        generator = torch.Generator().manual_seed(0)
        return self.settings.transforms.draw(generator, count)

    def _draws(self, generator: torch.Generator) -> Tensor:
        """Random numbers of one picture, for its transforms and backgrounds, a row a step."""
        draws = self.settings.transforms.draw(generator, self.settings.steps)
        if self.parametrization.planes == 3:
            return draws
        ground = (
            torch.rand(
                len(draws),
                BACKGROUND_NUMBERS,
                generator=generator,
                device="cpu",
                dtype=torch.float32,
            )
            * 2
            - 1
        )
        return torch.cat([draws, ground], 1)

    def advance(self, state: InversionState, steps: int = 1) -> None:
        """Take `steps` steps of gradient ascent, in place."""
        for _ in range(steps):
            self._step(state)

    def _step(self, state: InversionState) -> None:
        rows = torch.arange(len(state), device=self.device)
        draws = state.randomness[rows, state.steps % state.randomness.shape[1]]
        strength = self.settings.strength(state.steps.float() / self.settings.steps)
        scores, gradient = self._look(state, draws, strength)
        length = gradient.flatten(1).norm(dim=1)
        sound = (length >= _TINY) & (length < torch.inf)
        if not bool(sound.all()):
            gradient = self._off_flat_ground(state, gradient, ~sound, draws, strength)
            length = gradient.flatten(1).norm(dim=1)
        ascend(state, gradient, length, self.settings)
        state.scores = scores

    def _look(
        self, state: InversionState, draws: Tensor, strength: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Scores (n,), and their gradients with respect to the numbers."""
        if self.coarse_view is None:
            return self._look_through(self.network_view, state, draws, strength)
        early = state.steps < self.settings.coarse_steps
        scores, gradient = torch.empty_like(state.scores), torch.empty_like(state.numbers)
        for seen_by, which in ((self.coarse_view, early), (self.network_view, ~early)):
            rows = which.nonzero().flatten()
            if len(rows) == len(state):
                return self._look_through(seen_by, state, draws, strength)
            if len(rows):
                scores[rows], gradient[rows] = self._look_through(
                    seen_by, state.select(rows), draws[rows], strength[rows]
                )
        return scores, gradient

    def _look_through(
        self, seen_by: NetworkView, state: InversionState, draws: Tensor, strength: Tensor
    ) -> tuple[Tensor, Tensor]:
        numbers = state.numbers.detach().requires_grad_()
        with torch.enable_grad():
            pictures = self.parametrization(numbers)
            # the network's gradients may be laid out channels-last, which is slow from here on
            pictures.register_hook(lambda gradient: gradient.contiguous())  # type: ignore[no-untyped-call]
            shown = pictures
            if self.parametrization.planes == 4:
                ground = background(draws[:, -BACKGROUND_NUMBERS:], self.canvas)
                shown = over(pictures, ground)
            views = self.settings.transforms(shown, draws, strength, seen_by.view)
            if state.objective.needs_early:
                covered = self.settings.transforms.covered(draws, strength, seen_by.view)
                activations, early = seen_by.with_early(views, covered)
            else:
                activations, early = seen_by(views), None
            seen_by.check_derivative(activations)
            level = int(seen_by is self.coarse_view)
            scores = state.objective(Seen(activations, seen_by.centre, pictures, early, level))
            (gradient,) = torch.autograd.grad(scores.sum() * seen_by.loss_scale, numbers)
        return scores.detach(), gradient.float()

    def _off_flat_ground(
        self, state: InversionState, gradient: Tensor, flat: Tensor, draws: Tensor, strength: Tensor
    ) -> Tensor:
        """Ask again with gradients that leak through dead units; where that fails, shake."""
        rows = flat.nonzero().flatten()
        with leaky_gradients():
            _, leaked = self._look(state.select(rows), draws[rows], strength[rows])
        leaked = leaked.nan_to_num(0.0, 0.0, 0.0)
        gradient = gradient.clone()
        gradient[rows] = leaked
        self._shake(state, rows[leaked.flatten(1).norm(dim=1) < _TINY])
        return gradient

    def _shake(self, state: InversionState, rows: Tensor) -> None:
        """Move on to other, louder noise."""
        for row in rows.tolist():
            step = int(state.steps[row])
            seed = (int(state.seeds[row]) * 1_000_003 + step + 1) % 2**63
            generator = torch.Generator().manual_seed(seed)
            amount = float(min(4.0 * 2.0 ** min(step, 6), 100.0))
            noise = self.parametrization.noise(generator, amount).to(self.device)
            sound = torch.nan_to_num(state.numbers[row].detach(), 0.0, 0.0, 0.0)
            state.numbers = state.numbers.detach().clone()
            state.numbers[row] = sound * 0.5 + noise

    @torch.no_grad()
    def pictures(self, state: InversionState) -> NDArray[np.uint8]:
        """Pictures as they stand, uint8 (n, size, size, 3 or, with opacity, 4)."""
        rgb = self.parametrization(state.numbers.detach())
        rgb = self._enlarged(rgb)
        array = (rgb.clamp(0, 1) * 255).round().to(torch.uint8).permute(0, 2, 3, 1).cpu().numpy()
        return np.ascontiguousarray(array)

    def _enlarged(self, rgb: Tensor) -> Tensor:
        """From the canvas that was drawn on to the size that was asked for."""
        size = self.settings.size
        if rgb.shape[-1] == size:
            return rgb
        return torch.nn.functional.interpolate(rgb, (size, size), mode="bicubic", antialias=True)

    @torch.no_grad()
    def fidelity(
        self, pictures: InversionState | NDArray[np.uint8] | Tensor, directions: Any = None
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Encode finished pictures again, without transforms.

        Returns
        -------
        The true cosine to each picture's direction (n,), and the activations (n, channels).
        """
        if isinstance(pictures, InversionState):
            if directions is None:
                directions = getattr(pictures.objective, "targets", None)
            pictures = self.pictures(pictures)
        rgb = over(as_pictures(pictures))
        chunks = []
        for chunk in torch.split(rgb, self.batch_size):
            row, column = self.network_view.centre
            seen = self.network_view(resize(chunk.to(self.device), self.network_view.view))
            chunks.append(seen[:, :, row, column].float().cpu())
        activations = torch.cat(chunks)
        if directions is None:
            cosine = torch.full((len(activations),), float("nan"), device="cpu")
        else:
            targets = torch.from_numpy(as_directions(directions))
            cosine = torch.nn.functional.cosine_similarity(activations, targets, dim=1)
        return cosine.numpy(), activations.numpy()


def _free_bytes(device: torch.device) -> int:
    """Return the free bytes of a GPU, with those that PyTorch holds there without using them."""
    unused = torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
    return int(torch.cuda.mem_get_info(device)[0]) + unused
