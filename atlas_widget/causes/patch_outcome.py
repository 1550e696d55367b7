"""Effect of a patch on the predictions of a set of pictures: rates and their intervals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

from atlas_widget.attribution.statistics import wilson_interval

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Outcome", "PatchTest", "Protocol", "Trials"]

Protocol = Literal["corner", "best corner", "position"]

_LEVEL = 0.95


@dataclass(frozen=True)
class Trials:
    """Predictions for every picture with a patch at every place.

    Attributes
    ----------
    flipped, in_top : ndarray of bool, shape (pictures, places)
        Whether the target class came first, or among the first five.
    score_change : ndarray of float32, shape (pictures, places)
        Of the target class, against the picture without a patch.
    probability : ndarray of float32, shape (pictures, places)
        Of the target class.
    """

    flipped: NDArray[np.bool_]
    in_top: NDArray[np.bool_]
    score_change: NDArray[np.float32]
    probability: NDArray[np.float32]


@dataclass(frozen=True)
class Outcome:
    """Effect of a patch under one protocol.

    Attributes
    ----------
    count, flips : int
        How many pictures there were, and how many became the target class.
    rate, low, high : float
        The part that did, and its 95 % interval (Wilson's).
    top_rate, top_low, top_high : float
        The same for the target among the first five classes.
    score_change, score_low, score_high : float
        The target's mean change of score and its 95 % interval.
    probability_before, probability : float
        The target's mean probability without the patch and with it.
    place : str
        The corner or position and the size; under "best corner" each picture has its own.
    """

    count: int
    flips: int
    rate: float
    low: float
    high: float
    top_rate: float
    top_low: float
    top_high: float
    score_change: float
    score_low: float
    score_high: float
    probability_before: float
    probability: float
    place: str

    def __str__(self) -> str:
        return f"{self.rate:.0%} [{self.low:.0%}, {self.high:.0%}] of {self.count} flipped"

    @classmethod
    def of(
        cls,
        trials: Trials,
        before: NDArray[np.float32],
        places: Sequence[str],
        protocol: Protocol,
    ) -> Outcome:
        """Judge trials by a protocol; `before` are the target's probabilities without a patch."""
        count = len(before)
        rows = np.arange(count)
        if protocol == "best corner":
            # the strongest for each picture: what flips it, then what the model is surest of
            chosen = (trials.flipped + 0.5 * trials.probability).argmax(1)
            place = "each picture's strongest"
        else:
            strength = trials.flipped.mean(0) + 1e-3 * trials.probability.mean(0)
            best = int(strength.argmax())
            chosen = np.full(count, best)
            place = places[best]
        flips = int(trials.flipped[rows, chosen].sum())
        top = trials.in_top.any(1) if protocol == "best corner" else trials.in_top[rows, chosen]
        change = trials.score_change[rows, chosen].astype(np.float64)
        return cls(
            count,
            flips,
            flips / count,
            *wilson_interval(flips, count),
            float(top.mean()),
            *wilson_interval(int(top.sum()), count),
            float(change.mean()),
            *_mean_interval(change),
            float(before.mean()),
            float(trials.probability[rows, chosen].mean()),
            place,
        )


@dataclass(frozen=True)
class PatchTest:
    """A patch on a set of pictures, and the controls on the same ones.

    Attributes
    ----------
    patch : Outcome
    controls : mapping of str to Outcome
        "noise", and "random cells" where they were given, with the same freedom of place and size.
    target : int
        The class that the pictures are to become.
    label : str
        Its name.
    protocol : {"corner", "best corner", "position"}
    left_out : dict of str to int
        How many pictures did not count, and why.
    """

    patch: Outcome
    controls: Mapping[str, Outcome]
    target: int
    label: str
    protocol: Protocol
    left_out: Mapping[str, int]
    before: NDArray[np.float32]
    places: tuple[str, ...]
    trials: Mapping[str, Trials]

    @property
    def confirmed(self) -> bool:
        """True if the patch flips more pictures than every control, by intervals that are apart."""
        return all(self.patch.low > control.high for control in self.controls.values())

    def under(self, protocol: Protocol) -> PatchTest:
        """Return the same trials judged by the other protocol: "corner" or "best corner"."""
        from atlas_widget.errors import AtlasError

        if "position" in (protocol, self.protocol) and protocol != self.protocol:
            raise AtlasError(f"The trials were at a {self.protocol}, so they tell no {protocol!r}.")
        return PatchTest.judged(
            self.trials, self.before, self.places, protocol, self.target, self.label, self.left_out
        )

    @classmethod
    def judged(
        cls,
        trials: Mapping[str, Trials],
        before: NDArray[np.float32],
        places: tuple[str, ...],
        protocol: Protocol,
        target: int,
        label: str,
        left_out: Mapping[str, int],
    ) -> PatchTest:
        """Judge the trials of the patch and of its controls by a protocol."""
        outcomes = {
            name: Outcome.of(each, before, places, protocol) for name, each in trials.items()
        }
        patch = outcomes.pop("patch")
        return cls(patch, outcomes, target, label, protocol, left_out, before, places, trials)

    def to_frame(self) -> pd.DataFrame:
        """Return the outcomes as a table: the patch, then its controls."""
        import pandas as pd

        rows: dict[str, Any] = {"patch": vars(self.patch)}
        rows |= {name: vars(outcome) for name, outcome in self.controls.items()}
        return pd.DataFrame.from_dict(rows, orient="index")

    def __str__(self) -> str:
        where = {"corner": "one corner for all", "best corner": "best of four corners"}
        lines = [
            f"to {self.label!r}, {where.get(self.protocol, self.patch.place)}: {self.patch}",
            *(f"  {name}: {outcome}" for name, outcome in self.controls.items()),
        ]
        return "\n".join(lines)


def _mean_interval(values: NDArray[np.float64]) -> tuple[float, float]:
    if len(values) < 2:
        return float("nan"), float("nan")
    error = values.std(ddof=1) / len(values) ** 0.5
    reach = float(-stdtrit(len(values) - 1, (1 - _LEVEL) / 2) * error)
    return float(values.mean() - reach), float(values.mean() + reach)
