"""One process at a time builds in a folder; the second one learns who is there."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Self

from filelock import FileLock, Timeout

from atlas_widget.collect.shard_file import disk_error
from atlas_widget.errors import FolderHeldError
from atlas_widget.progress import CancelledCallback, check_cancelled

__all__ = ["HOLDER_NAME", "LOCK_NAME", "FolderLock"]

LOCK_NAME = "build.lock"
HOLDER_NAME = "build.holder"
"""Beside the lock, which whoever tries to get it empties."""

_POLL_INTERVAL = 0.2  # seconds


class FolderLock:
    """Lock of a folder, held while it is used as a context manager.

    The operating system keeps the lock, and drops it when the process ends, however it does: a file
    that a killed process left behind holds nobody up. Where a file system knows no locks, there is
    none; two processes then do the same work twice, and harm nothing.

    Parameters
    ----------
    folder : Path
        Made if it is not there.
    wait : bool
        Whether to wait while another process holds it, or to raise.
    say : callable, optional
        Called once, with the text that tells who is waited for.
    cancelled : callable, optional
        Asked while waiting.

    Raises
    ------
    FolderHeldError
        Another process holds it, and `wait` is False.
    """

    def __init__(
        self,
        folder: Path,
        *,
        wait: bool = False,
        say: Callable[[str], None] | None = None,
        cancelled: CancelledCallback | None = None,
    ) -> None:
        self._folder = folder
        self._wait = wait
        self._say = say
        self._cancelled = cancelled
        self._lock: FileLock | None = None

    def __enter__(self) -> Self:
        file = self._folder / LOCK_NAME
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            self._lock = FileLock(file, timeout=0, thread_local=False)
            told = False
            while not self._acquired():
                self._told_to_wait(told)
                told = True
                time.sleep(_POLL_INTERVAL)
        except OSError as error:
            raise disk_error(file, error) from error
        now = datetime.now(UTC).isoformat(timespec="seconds")
        text = json.dumps({"pid": os.getpid(), "host": socket.gethostname(), "since": now})
        with contextlib.suppress(OSError):  # a full disk does not keep anyone from building
            (self._folder / HOLDER_NAME).write_text(text, encoding="utf-8")
        return self

    def _acquired(self) -> bool:
        if self._lock is None:
            return True
        try:
            self._lock.acquire()
        except Timeout:
            return False
        except NotImplementedError:  # a file system without locks
            self._lock = None
        return True

    def _told_to_wait(self, told: bool) -> None:
        """Tell once who is waited for; raise if that is not wanted, or not any more."""
        holder = _holder(self._folder / HOLDER_NAME)
        if not self._wait:
            raise FolderHeldError(
                f"{str(self._folder)!r} is being built in by {holder}. Wait for it (--wait, or "
                "wait=True), or choose another folder."
            )
        if not told and self._say is not None:
            self._say(f"Waiting for {holder}, which builds in {str(self._folder)!r}.")
        check_cancelled(self._cancelled)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._lock is not None:
            self._lock.release()
            self._lock = None


def _holder(file: Path) -> str:
    try:
        record = json.loads(file.read_text(encoding="utf-8"))
        return f"process {record['pid']} on {record['host']}, since {record['since']}"
    except (OSError, ValueError, KeyError, TypeError):
        return "another process"
