"""Exit codes, for scripts that build one atlas after the other."""

from __future__ import annotations

from atlas_widget.collect.shard_file import FULL
from atlas_widget.errors import (
    AtlasError,
    DiskError,
    FigureDiffersError,
    FolderHeldError,
    OtherCollectionError,
    UnreadableImagesError,
)

__all__ = ["INTERRUPTED", "USAGE", "describe_outcomes", "outcome_of"]

USAGE = 2
INTERRUPTED = 130

_CODES: tuple[tuple[type[AtlasError], int, str], ...] = (
    (UnreadableImagesError, 3, "too many images cannot be read"),
    (FolderHeldError, 4, "another process builds in the folder"),
    (DiskError, 5, "the disk is full or cannot be written to; what is whole stays"),
    (OtherCollectionError, 6, "the folder holds something made of other things"),
    (FigureDiffersError, 7, "a figure that was made again is not the same"),
)


def outcome_of(error: AtlasError) -> int:
    """Return the exit code for an error that the user can mend."""
    if isinstance(error.__cause__, OSError) and error.__cause__.errno in FULL:
        return outcome_of(DiskError())
    return next((code for kind, code, _ in _CODES if isinstance(error, kind)), USAGE)


def describe_outcomes() -> str:
    """Return the table of exit codes as text."""
    rows = [
        (0, "all is built"),
        (1, "an error in this program or in the model"),
        (USAGE, "an argument is wrong: model, layer, images, settings"),
        *((code, text) for _, code, text in _CODES),
        (INTERRUPTED, "interrupted (Ctrl-C); run the same again and it goes on where it was"),
    ]
    return "exit codes:\n" + "\n".join(f"  {code:>3}  {text}" for code, text in rows)
