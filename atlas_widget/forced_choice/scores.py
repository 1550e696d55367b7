"""Legibility of pictures: to humans who answered a check, and to a second network."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from atlas_widget.errors import AtlasError
from atlas_widget.forced_choice.answers import read_answers
from atlas_widget.forced_choice.page import read_check
from atlas_widget.forced_choice.trials import KINDS, Check

if TYPE_CHECKING:
    import pandas as pd
    from torch import nn

__all__ = ["Legibility", "legibility", "wilson"]

_DRAWS = 4000
_Z = 1.959964  # of a 95 % interval
_MIN_CATCHES = 0.75  # of the catch trials that somebody who pays attention gets right
_READABLE = 0.6  # share of real crops that have to be told for a scale between chance and them


@dataclass(frozen=True)
class Legibility:
    """The result of a check.

    Attributes
    ----------
    table : DataFrame
        A row a kind of reference: `kind`, "picture", "crop" or "catch"; `answers`; `correct`, the
        share, 0.5 by chance; `low` and `high`, its 95 % interval; and the same of the second
        network as `network`, `network_low`, `network_high`, NaN without one.
    participants : DataFrame
        A row a participant: `participant`, `answers`, `correct` with pictures, `catches`, the share
        of catch trials that were right, `seconds` in the median, and whether they count, `kept`.
    scaled, scaled_low, scaled_high
        Legibility of the pictures: 0 is chance, 1 as good as a real crop; NaN where real crops are
        hardly told themselves.
    network_scaled
        The same of the second network.
    agreement
        Share of picture trials in which humans and the network chose alike; NaN without one.
    judge
        The second network's name; empty without one.
    """

    table: pd.DataFrame
    participants: pd.DataFrame
    scaled: float
    scaled_low: float
    scaled_high: float
    network_scaled: float = float("nan")
    agreement: float = float("nan")
    judge: str = ""

    def __str__(self) -> str:
        """Return the result in a few lines."""
        kept, count = int(self.participants["kept"].sum()), len(self.participants)
        lines = [f"{kept} of {count} participants paid attention (catch trials)"]
        for row in self.table.itertuples():
            line = (
                f"  {row.kind:<8}{row.correct:.0%} of {row.answers} right "
                f"[{row.low:.0%}, {row.high:.0%}]"
            )
            if self.judge:
                line += f"; {self.judge}: {row.network:.0%}"
            lines.append(line)
        if np.isfinite(self.scaled):
            lines.append(
                f"  legibility, 0 chance and 1 a real crop: {self.scaled:.2f} "
                f"[{self.scaled_low:.2f}, {self.scaled_high:.2f}]"
                + (f"; {self.judge}: {self.network_scaled:.2f}" if self.judge else "")
            )
        else:
            lines.append(
                "  real crops are hardly told themselves: no scale between chance and them"
            )
        if np.isfinite(self.agreement):
            lines.append(f"  humans and {self.judge} choose alike in {self.agreement:.0%}")
        return "\n".join(lines)


def legibility(
    answers: str | os.PathLike[str] | Sequence[str | os.PathLike[str]],
    page: str | os.PathLike[str] | None = None,
    *,
    judge: nn.Module | None = None,
    device: Any = None,
    seed: int = 0,
) -> Legibility:
    """Score the answers to a check, beside those of a second network to the same trials.

    Participants who get fewer than three quarters of the catch trials right do not count. The
    interval of one participant is Wilson's; of several it is drawn from the trials (Bayesian
    bootstrap), since answers to one trial are no news of each other.

    Parameters
    ----------
    answers
        The CSV that the page gave, or several.
    page
        The page itself; needed with `judge`, and checked against the answers if given.
    judge
        A network that chooses, too: the crop that is more like the reference in its features. It
        is copied, never changed, and should have taken no part in making the pictures.
    device
        Where to run it.
    seed
        Seed of the bootstrap.

    Raises
    ------
    AtlasError
        A file is damaged, or the answers are not to this page.
    """
    rows = read_answers(answers)
    check = None if page is None else read_check(page)
    if judge is not None and check is None:
        raise AtlasError("judge= answers the trials of the page: give that, too (page=).")
    if check is not None:
        _check_same(rows, check)
    participants = _participants(rows)
    kept = set(participants["participant"][participants["kept"]])
    counted = rows[rows["participant"].isin(kept)]
    if counted.empty:
        raise AtlasError(
            "Nobody got three quarters of the catch trials right, in which the reference is one of "
            "the two crops itself: these answers say nothing of the pictures."
        )
    told = _told_by(check, judge, device) if check is not None and judge is not None else None
    name = "" if told is None else told[0]
    network = None if told is None else told[1]
    table = _table(counted, network, check, seed)
    scaled = _scaled(counted, seed)
    return Legibility(
        table,
        participants,
        *scaled,
        network_scaled=_network_scale(network, check),
        agreement=_agreement(counted, network),
        judge=name,
    )


def wilson(correct: int, count: int) -> tuple[float, float]:
    """Return Wilson's 95 % interval of a share."""
    if not count:
        return float("nan"), float("nan")
    share = correct / count
    middle = (share + _Z**2 / (2 * count)) / (1 + _Z**2 / count)
    half = _Z * np.sqrt(share * (1 - share) / count + _Z**2 / (4 * count**2)) / (1 + _Z**2 / count)
    return max(0.0, float(middle - half)), min(1.0, float(middle + half))


def _check_same(rows: pd.DataFrame, check: Check) -> None:
    if rows["check"].iloc[0] != check.id:
        raise AtlasError(
            f"These are answers to the check {rows['check'].iloc[0]!r:.40}, the page is "
            f"{check.id!r}."
        )
    named = rows[["trial", "kind", "cell", "other"]].drop_duplicates()
    for at, kind, cell, other in named.itertuples(index=False, name=None):
        number = int(at)
        trial = check.trials[number] if 0 <= number < len(check.trials) else None
        if trial is None or (trial.kind, trial.cell, trial.other) != (kind, cell, other):
            raise AtlasError(f"The answers name a trial {number} that is not in the page.")


def _participants(rows: pd.DataFrame) -> pd.DataFrame:
    import pandas as pd

    found = []
    for name, own in rows.groupby("participant", sort=False):
        catches = own[own["kind"] == "catch"]["correct"]
        share = float(catches.mean()) if len(catches) else float("nan")
        pictures = own[own["kind"] == "picture"]["correct"]
        found.append(
            {
                "participant": name,
                "answers": len(own),
                "correct": float(pictures.mean()) if len(pictures) else float("nan"),
                "catches": share,
                "seconds": float(own["seconds"].median()),
                "kept": bool(share >= _MIN_CATCHES),
            }
        )
    return pd.DataFrame(found)


def _table(
    rows: pd.DataFrame,
    network: npt.NDArray[np.bool_] | None,
    check: Check | None,
    seed: int,
) -> pd.DataFrame:
    import pandas as pd

    found = []
    for kind in KINDS:
        own = rows[rows["kind"] == kind]
        if own.empty:
            continue
        low, high = _interval(own, seed)
        line = {
            "kind": kind,
            "answers": len(own),
            "correct": float(own["correct"].mean()),
            "low": low,
            "high": high,
            "network": float("nan"),
            "network_low": float("nan"),
            "network_high": float("nan"),
        }
        if network is not None and check is not None:
            of = np.array([trial.kind == kind for trial in check.trials])
            right, count = int(network[of].sum()), int(of.sum())
            line["network"] = right / count
            line["network_low"], line["network_high"] = wilson(right, count)
        found.append(line)
    return pd.DataFrame(found)


def _interval(rows: pd.DataFrame, seed: int) -> tuple[float, float]:
    if rows["participant"].nunique() == 1:
        return wilson(int(rows["correct"].sum()), len(rows))
    drawn = _drawn(rows, seed)
    low, high = np.quantile(drawn, [0.025, 0.975])
    return float(low), float(high)


def _drawn(rows: pd.DataFrame, seed: int) -> npt.NDArray[np.float64]:
    """Return shares of right answers, with other weights of the trials each time.

    The Bayesian bootstrap, with half a trial that is right and half a one that is wrong besides:
    of one participant these are draws of the Beta distribution with Jeffreys' prior, so that even
    answers that are all right leave a doubt.
    """
    of_trial = rows.groupby("trial")["correct"].agg(["sum", "count"]).to_numpy(float)
    rng = np.random.default_rng(seed)
    weights = rng.standard_exponential((_DRAWS, len(of_trial)))
    besides = rng.standard_gamma(0.5, (_DRAWS, 2)) * of_trial[:, 1].mean()
    right = weights @ of_trial[:, 0] + besides[:, 0]
    shares: npt.NDArray[np.float64] = right / (weights @ of_trial[:, 1] + besides.sum(1))
    return shares


def _scaled(rows: pd.DataFrame, seed: int) -> tuple[float, float, float]:
    """Return the pictures' share between chance and that of real crops, with its interval."""
    nothing = float("nan"), float("nan"), float("nan")
    pictures, crops = (rows[rows["kind"] == kind] for kind in ("picture", "crop"))
    if pictures.empty or crops.empty or crops["correct"].mean() < _READABLE:
        return nothing
    value = (pictures["correct"].mean() - 0.5) / (crops["correct"].mean() - 0.5)
    of_crops = np.maximum(_drawn(crops, seed + 1), _READABLE)
    drawn = (_drawn(pictures, seed) - 0.5) / (of_crops - 0.5)
    low, high = np.quantile(drawn, [0.025, 0.975])
    return float(value), float(low), float(high)


def _told_by(check: Check, model: nn.Module, device: Any) -> tuple[str, npt.NDArray[np.bool_]]:
    """Return the name of a network, and which trials it answers right."""
    from atlas_widget.inversion.judge import Judge
    from atlas_widget.inversion.likeness import unit

    judge = Judge(model, device=device)
    try:
        if judge.weights_hash == check.weights_hash:
            raise AtlasError(
                "judge= is the model whose pictures these are: it says nothing that their cosine "
                "does not say. Give another network."
            )
        features = [
            np.concatenate([judge.features(getattr(trial, part)[None]) for trial in check.trials])
            for part in ("reference", "right", "wrong")
        ]
        centre = np.concatenate(features[1:]).mean(0)
        reference, right, wrong = (unit(each - centre) for each in features)
        told: npt.NDArray[np.bool_] = (reference * right).sum(1) > (reference * wrong).sum(1)
        return judge.name, told
    finally:
        judge.close()


def _network_scale(network: npt.NDArray[np.bool_] | None, check: Check | None) -> float:
    if network is None or check is None:
        return float("nan")
    share = {
        kind: float(network[[trial.kind == kind for trial in check.trials]].mean())
        for kind in ("picture", "crop")
        if any(trial.kind == kind for trial in check.trials)
    }
    if len(share) < 2 or share["crop"] < _READABLE:
        return float("nan")
    return (share["picture"] - 0.5) / (share["crop"] - 0.5)


def _agreement(rows: pd.DataFrame, network: npt.NDArray[np.bool_] | None) -> float:
    pictures = rows[rows["kind"] == "picture"]
    if network is None or pictures.empty:
        return float("nan")
    return float((pictures["correct"].to_numpy() == network[pictures["trial"].to_numpy()]).mean())
