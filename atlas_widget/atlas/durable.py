"""Writing that survives a power cut: on return the disk has the file, and its name."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

__all__ = ["sync_folder", "write_text"]


def write_text(file: Path, text: str) -> None:
    """Write a file in UTF-8, and wait until the disk has its contents."""
    with file.open("w", encoding="utf-8") as stream:
        stream.write(text)
        stream.flush()
        os.fsync(stream.fileno())


def sync_folder(folder: Path) -> None:
    """Wait until the disk has a folder's names, where the system can tell."""
    # Windows opens no folders, some network drives sync none: names are then kept as they keep them
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
