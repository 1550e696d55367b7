"""A small check, and answers to it as its page writes them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from atlas_widget.forced_choice import Check, Trial
from atlas_widget.forced_choice.answers import COLUMNS
from tests.conftest import tiny_picture


def pixels(number: int) -> np.ndarray:
    return np.asarray(tiny_picture(number, (64, 64)))


def small_check(pictures: int = 10, crops: int = 6, catches: int = 4) -> Check:
    """References of pictures and crops have nothing to do with the crops; catches are the same."""
    kinds = ["picture"] * pictures + ["crop"] * crops + ["catch"] * catches
    trials = [
        Trial(
            kind,
            number,
            number + 50,
            pixels(number if kind == "catch" else 200 + number),
            pixels(number),
            pixels(100 + number),
        )
        for number, kind in enumerate(kinds)
    ]
    return Check(trials, 20, "Net <b>", "layer3", "a1b2", "random", 0)


def answer(
    check: Check,
    path: Path,
    correct: Callable[[int, str], bool],
    *,
    participant: str = "Ada",
    seed: int = 0,
) -> Path:
    """Write answers; `correct` says which trials are answered right."""
    rng = np.random.default_rng(seed)
    lines = [",".join(COLUMNS)]
    for order, trial in enumerate(rng.permutation(len(check.trials)).tolist(), 1):
        of = check.trials[trial]
        right, wrong = ("left", "right") if rng.random() < 0.5 else ("right", "left")
        told = correct(trial, of.kind)
        lines.append(
            f"{check.id},{participant},{order},{trial},{of.kind},{of.cell},{of.other},{right},"
            f"{right if told else wrong},{int(told)},2.5"
        )
    path.write_text("\r\n".join(lines) + "\r\n", encoding="utf-8")
    return path
