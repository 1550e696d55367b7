"""One process at a time builds in a folder; the second one learns who is there."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Self

from atlas_widget.collect.shard_file import disk_error
from atlas_widget.errors import FolderHeldError
from atlas_widget.progress import CancelledCallback, check_cancelled

__all__ = ["LOCK_NAME", "FolderLock"]

LOCK_NAME = "build.lock"
_AWAY = 1 << 20  # the byte that is locked, beyond the text, so that others may read who holds it


class FolderLock:
    """Holds a folder while it is used as a context manager.

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
        Told once who is waited for.
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
        self._descriptor = -1

    def __enter__(self) -> Self:
        file = self._folder / LOCK_NAME
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            self._descriptor = os.open(file, os.O_RDWR | os.O_CREAT, 0o644)
        except OSError as error:
            raise disk_error(file, error) from error
        told = False
        while not _locked(self._descriptor):
            holder = _holder(file)
            if not self._wait:
                self.__exit__(None, None, None)
                raise FolderHeldError(
                    f"{str(self._folder)!r} is being built in by {holder}. Wait for it (--wait, or "
                    "wait=True), or choose another folder."
                )
            if not told and self._say is not None:
                self._say(f"Waiting for {holder}, which builds in {str(self._folder)!r}.")
            told = True
            try:
                check_cancelled(self._cancelled)
                time.sleep(0.2)
            except BaseException:
                self.__exit__(None, None, None)
                raise
        now = datetime.now(UTC).isoformat(timespec="seconds")
        text = json.dumps({"pid": os.getpid(), "host": socket.gethostname(), "since": now})
        with contextlib.suppress(OSError):  # a full disk does not keep anyone from looking
            os.ftruncate(self._descriptor, 0)
            os.lseek(self._descriptor, 0, os.SEEK_SET)
            os.write(self._descriptor, text.encode())
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        # The file stays: whoever waits for it has it open.
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


def _holder(file: Path) -> str:
    try:
        record = json.loads(file.read_text(encoding="utf-8"))
        return f"process {record['pid']} on {record['host']}, since {record['since']}"
    except (OSError, ValueError, KeyError, TypeError):
        return "another process"


if sys.platform == "win32":
    import msvcrt

    def _locked(descriptor: int) -> bool:
        os.lseek(descriptor, _AWAY, os.SEEK_SET)
        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        os.lseek(descriptor, 0, os.SEEK_SET)
        return True

else:
    import fcntl

    def _locked(descriptor: int) -> bool:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        except OSError:  # a file system without locks
            return True
        return True
