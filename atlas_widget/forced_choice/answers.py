"""The answers to a check, from the CSV files that its page gives."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from atlas_widget.errors import AtlasError
from atlas_widget.forced_choice.trials import KINDS

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["COLUMNS", "read_answers"]

COLUMNS = (
    "check",
    "participant",
    "order",
    "trial",
    "kind",
    "cell",
    "other",
    "right_side",
    "answer",
    "correct",
    "seconds",
)
"""The columns of a CSV; js/src/check/answers.ts writes them."""

_MAX_BYTES = 32 << 20
_SIDES = {"left", "right"}


def read_answers(paths: str | os.PathLike[str] | Sequence[str | os.PathLike[str]]) -> pd.DataFrame:
    """Return the answers in one or several files, checked, a row an answer.

    Raises
    ------
    AtlasError
        A file cannot be read, is none of a check's, or they are answers to several checks.
    """
    import pandas as pd

    listed = [paths] if isinstance(paths, str | os.PathLike) else list(paths)
    if not listed:
        raise AtlasError("No files of answers were given.")
    parts = []
    for number, path in enumerate(listed, 1):
        part = _read(Path(path).expanduser())
        # two files are two participants, whatever they called themselves
        part["participant"] = [
            f"{name or 'participant'} ({number})" for name in part["participant"]
        ]
        parts.append(part)
    answers = pd.concat(parts, ignore_index=True)
    checks = answers["check"].unique()
    if len(checks) > 1:
        raise AtlasError(
            f"These are answers to {len(checks)} checks ({', '.join(checks[:4])}); give those to "
            "one at a time."
        )
    return answers


def _read(path: Path) -> pd.DataFrame:
    import pandas as pd

    try:
        if path.stat().st_size > _MAX_BYTES:
            raise AtlasError(f"{str(path)!r} is too large to be a file of answers.")
        table = pd.read_csv(path, dtype=str, keep_default_na=False)
    except (OSError, ValueError) as error:  # pandas's own are ValueErrors
        raise AtlasError(f"{str(path)!r} cannot be read: {error}") from error
    missing = [name for name in COLUMNS if name not in table]
    if missing or table.empty:
        what = f"lacks {', '.join(missing)}" if missing else "has no answers"
        raise AtlasError(f"{str(path)!r} is no file of a check's answers: it {what}.")
    table = table[list(COLUMNS)].copy()
    for name in ("order", "trial", "cell", "other"):
        table[name] = _numbers(table, name, path).astype(int)
    table["seconds"] = _numbers(table, "seconds", path)
    for name, known in (("kind", set(KINDS)), ("right_side", _SIDES), ("answer", _SIDES)):
        unknown = sorted(set(table[name]) - known)
        if unknown:
            raise AtlasError(
                f"{str(path)!r}: {name}={unknown[0]!r:.40}; there are {', '.join(sorted(known))}."
            )
    if table["trial"].duplicated().any():
        twice = int(table["trial"][table["trial"].duplicated()].iloc[0])
        raise AtlasError(f"{str(path)!r} answers trial {twice} twice.")
    # as the sides say, not as a column claims
    table["correct"] = table["answer"] == table["right_side"]
    return table


def _numbers(table: pd.DataFrame, name: str, path: Path) -> pd.Series[float]:
    import numpy as np
    import pandas as pd

    found = pd.to_numeric(table[name], errors="coerce")
    if not np.isfinite(found).all():
        bad = table[name][~np.isfinite(found)].iloc[0]
        raise AtlasError(f"{str(path)!r}: {name}={bad!r:.40} is no number.")
    return found
