"""Settings of feature inversion: all numbers that decide how a picture comes out."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np
from torch import Tensor

from atlas_widget.errors import AtlasError
from atlas_widget.inversion.transforms import Transforms

__all__ = ["InversionSettings", "as_settings"]

_PRESETS = ("icon", "closest", "portrait", "unit", "unit_portrait")
_METHOD = 7  # raised when the same settings begin to give other pictures: caches are keyed by it


@dataclass(frozen=True)
class InversionSettings:
    """Settings of the optimisation of a picture; hashable, and written out by :attr:`description`.

    Parameters
    ----------
    size
        Side of the picture in pixels.
    steps
        Steps of gradient ascent.
    view
        Side of what the network is shown, where it is not the picture's. A large picture shown
        small keeps the icon's bold features; None shows it as it is.
    falloff
        Steepness of the spectrum, 1 / frequency^falloff.
    learning_rate
        Adam's step in the normalised Fourier coefficients.
    damping
        How far coefficients with small gradients are kept from a full step, in the root mean
        square of the picture's gradients. Plain Adam (0) moves what matters and what does not
        alike, which is where the grain in pictures of plain surfaces comes from.
    warm_up, decay
        Parts of the steps over which the learning rate rises from, and falls to, nearly zero.
    power, reach
        Power of the cosine in the objective, and the strength at which the rest of it levels off.
    cutoff
        Cycles per pixel of what the network is shown, about which the spectrum ends.
    everywhere
        Whether the direction is wanted at every position of the map, which gives a texture, and not
        at its centre alone, which gives one thing.
    chroma
        Scale of the colour axes against lightness.
    transforms
        What the network is shown instead of the plain picture.
    calm, still
        Part of the steps over which the transforms fade away, and part of them, at the end, that
        are taken without any: the first ones decide what is seen, the last ones how exactly.
    statistics, tolerance, least
        Weight of :func:`~atlas_widget.inversion.objectives.channel_statistics` in the objective,
        how far the statistics may be off, and what the direction's score is taken as, at least, in
        proportion to which they count, in parts of the direction's length; see
        :meth:`~atlas_widget.inversion.Objective.with_prior`. Only where there are examples.
    units
        Least number of the layer's units along a side of what the network is shown, no larger than
        its own input: late layers, whose units see much, are shown the picture enlarged. With two
        units a side, as 64 pixels have them at a stride of 32, pictures hardly say what was meant.
    coarse
        Part of the steps, at the beginning, in which nothing is enlarged for that: the rough shapes
        come out of a quarter of the pixels as well.
    fit_receptive_field
        Draw no more pixels than the centre unit sees, and enlarge the picture after.
    """

    size: int = 64
    steps: int = 48
    view: int | None = None
    falloff: float = 1.4
    cutoff: float | None = 0.28
    learning_rate: float = 0.066
    damping: float = 0.3
    warm_up: float = 0.0
    decay: float = 0.3
    power: float = 3.0
    reach: float | None = 1.0
    everywhere: bool = False
    chroma: float = 1.0
    deviation: float = 0.01
    transforms: Transforms = field(default_factory=Transforms)
    calm: float = 0.0
    still: float = 0.0
    statistics: float = 3.0
    tolerance: float = 1.0
    least: float = 0.01
    units: float = 3.5
    coarse: float = 0.4
    fit_receptive_field: bool = True

    def __post_init__(self) -> None:
        sides = [self.size] if self.view is None else [self.size, self.view]
        whole = all(isinstance(number, int | np.integer) for number in (*sides, self.steps))
        if not whole or min(sides) < 8 or self.steps < 1:
            raise AtlasError(
                f"size={self.size}, view={self.view}, steps={self.steps}: "
                "a picture needs at least 8 pixels a side and one step, in whole numbers"
            )
        for name in ("warm_up", "decay", "calm", "still", "coarse"):
            if not 0 <= getattr(self, name) <= 1:
                raise AtlasError(f"{name}={getattr(self, name)}: a part of the steps, from 0 to 1")
        if not self.learning_rate > 0:
            raise AtlasError(f"learning_rate={self.learning_rate}: expected more than 0")

    @classmethod
    def icon(cls, **changes: Any) -> InversionSettings:
        """Settings of an atlas's cells: small, bold, quick."""
        return cls(**changes)

    @classmethod
    def positions(cls, **changes: Any) -> InversionSettings:
        """Settings of an image's positions, which are shown small and many at once.

        Those of cells with 40 steps, and 2.5 of the layer's units along a side where cells have
        3.5. For late layers that takes 0.43 of the time. Two other networks tell the positions of
        four photos apart as well by these pictures (68 and 72 of 100 pairs at `blocks.5.2` of the
        demo's network) as by a cell's (67 and 70); with two units a side they do not (62 and 64).
        """
        return cls.icon(**{"steps": 40, "units": 2.5} | changes)

    @classmethod
    def closest(cls, **changes: Any) -> InversionSettings:
        """Settings that bring the layer's answer closest to the direction.

        The second half of the steps is taken without transforms and nothing keeps the picture
        natural: the cosine is highest, and what raises it is hardly seen by another network, or by
        humans.
        """
        return cls(
            **{"steps": 32, "calm": 0.5, "still": 0.5, "statistics": 0.0}
            | {"transforms": Transforms(scale=(0.65, 1.2), padding="grey")}
            | changes
        )

    @classmethod
    def portrait(cls, **changes: Any) -> InversionSettings:
        """Settings of one large picture, watched while it sharpens.

        Meant to start warm, from the finished icon: it keeps the icon's feature and sharpens it.
        """
        own = {"size": 192, "view": 96, "steps": 64, "learning_rate": 0.025}
        return cls(**own | {"falloff": 1.35, "cutoff": 0.42, "coarse": 0.0} | changes)

    @classmethod
    def unit(cls, *, everywhere: bool = False, **changes: Any) -> InversionSettings:
        """Settings of one unit: its activation alone counts, not the angle to a direction.

        With a direction of 1 at one channel this is the objective "neuron" of Feature
        Visualization (Olah et al., Distill 2017) or, `everywhere`, "channel". No examples are used.
        """
        own = {"power": 0.0, "reach": None, "statistics": 0.0, "everywhere": everywhere}
        return cls(**own | changes)

    @classmethod
    def unit_portrait(cls, **changes: Any) -> InversionSettings:
        """Settings of the large picture of one unit; meant to start from its icon."""
        portrait, unit = cls.portrait(), cls.unit()
        own = {"power": unit.power, "reach": unit.reach, "statistics": unit.statistics}
        return portrait.replace(**own | changes)

    def with_steps(self, steps: int) -> InversionSettings:
        """Return settings that make the most of another number of steps.

        Fewer steps are larger ones, so that the pictures come out about as strong.
        """
        changed = replace(self, steps=steps)  # which refuses what is no number of steps
        power = 0.7 if steps < self.steps else 0.35
        rate = min(0.1, self.learning_rate * (self.steps / steps) ** power)
        return replace(changed, learning_rate=rate)

    def strength(self, done: Tensor) -> Tensor:
        """Return the share of the transforms left (n,) after these parts of the steps (n,)."""
        left = 1 - self.still - done
        return (left / self.calm).clamp(0, 1) if self.calm else (left > 0).float()

    def replace(self, **changes: Any) -> InversionSettings:
        """Return the same settings but for `changes`."""
        return replace(self, **changes)

    @property
    def coarse_steps(self) -> int:
        """Number of steps before a late layer is shown the picture enlarged."""
        return round(self.coarse * self.steps)

    @property
    def preset(self) -> str:
        """Name of the preset that these are, whatever the size and number of steps, or "custom"."""
        free = {"size": self.size, "steps": self.steps, "learning_rate": self.learning_rate}
        presets = {name: getattr(InversionSettings, name)() for name in _PRESETS}
        presets["unit, everywhere"] = InversionSettings.unit(everywhere=True)
        for name, preset in presets.items():
            if preset.replace(**free) == self:
                return name
        return "custom"

    def made_with(self, examples: int, steps: int | None = None) -> str:
        """Return the settings and examples that a picture was made with, in words.

        Parameters
        ----------
        examples
            Number of crops whose statistics the picture was kept near to.
        steps
            Steps in all, where they are not those of these settings.
        """
        used = examples if self.statistics else 0
        crops = f" + statistics of {used} crop{'s' if used > 1 else ''}" if used else " only"
        taken = self.steps if steps is None else steps
        return f"direction{crops} · preset {self.preset}, {self.size} px, {taken} steps"

    @property
    def description(self) -> str:
        """A stable text of all of it, for the keys of caches and for provenance."""
        values = ", ".join(f"{name}={value!r}" for name, value in sorted(asdict(self).items()))
        return f"inversion {_METHOD}: {values}"


def as_settings(settings: Any) -> InversionSettings:
    """Settings as they are; those of an icon for None."""
    if settings is None:
        return InversionSettings.icon()
    if not isinstance(settings, InversionSettings):
        raise AtlasError(
            f"settings is a {type(settings).__name__}; pass InversionSettings(size=…, steps=…)"
        )
    return settings
