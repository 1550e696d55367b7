"""Who builds in a folder has it alone, and loses it with its process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from atlas_widget.collect.lock import HOLDER_NAME, LOCK_NAME, FolderLock
from atlas_widget.errors import FolderHeldError
from atlas_widget.progress import Cancelled


def test_the_second_one_is_told_who_holds_it(tmp_path: Path) -> None:
    with (
        FolderLock(tmp_path),
        pytest.raises(FolderHeldError, match=f"process {os.getpid()} on .*--wait"),
        FolderLock(tmp_path),
    ):
        pytest.fail("both hold it")
    with FolderLock(tmp_path):
        pass


def test_the_second_one_waits(tmp_path: Path) -> None:
    told, held = threading.Event(), threading.Event()

    def second() -> None:
        with FolderLock(tmp_path, wait=True, say=lambda _: told.set()):
            held.set()

    with FolderLock(tmp_path):
        thread = threading.Thread(target=second)
        thread.start()
        assert told.wait(20)
        assert not held.is_set()
    assert held.wait(20)
    thread.join(20)


def test_waiting_can_be_cancelled(tmp_path: Path) -> None:
    with (
        FolderLock(tmp_path),
        pytest.raises(Cancelled),
        FolderLock(tmp_path, wait=True, cancelled=lambda: True),
    ):
        pytest.fail("both hold it")


def test_a_killed_process_holds_nothing(tmp_path: Path) -> None:
    """Its file stays, with a number that by now may be another process's."""
    script = (
        "import json, pathlib, time\n"
        "from filelock import FileLock\n"
        f"folder = pathlib.Path({str(tmp_path)!r})\n"
        f"lock = FileLock(folder / {LOCK_NAME!r})\n"
        "lock.acquire()\n"
        'text = json.dumps({"pid": 1, "host": "there", "since": "then"})\n'
        f"(folder / {HOLDER_NAME!r}).write_text(text)\n"
        'print("held", flush=True)\n'
        "time.sleep(100)\n"
    )
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        with pytest.raises(FolderHeldError, match="process 1 on there"), FolderLock(tmp_path):
            pytest.fail("both hold it")
        process.kill()
        process.wait()
        with FolderLock(tmp_path):
            assert json.loads((tmp_path / HOLDER_NAME).read_text())["pid"] == os.getpid()
