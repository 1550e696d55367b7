"""Process beside this one in which a library lays samples out.

There it can be stopped at any moment, holds no lock of this interpreter while it compiles, and
finds random generators of its own: the user's stay as they are.
"""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import queue
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from atlas_widget.errors import AtlasError
from atlas_widget.progress import CancelledCallback, ProgressCallback, check_cancelled

__all__ = ["LayoutProcess", "LayoutProcessError", "umap_places", "umap_ready"]

_SCRIPT = Path(__file__).with_name("worker.py")
_POLL = 0.03  # seconds between two questions whether to stop
_TAIL = 2000  # bytes of what a process wrote before it died


class LayoutProcessError(AtlasError):
    """The library cannot be imported, fails, or its process died."""


class LayoutProcess:
    """A process that does layouts, one at a time. It ends with this one at the latest.

    Parameters
    ----------
    warm : bool
        Whether it begins by importing umap-learn and compiling what that needs.
    """

    def __init__(self, *, warm: bool = False) -> None:
        self._log = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the process
        environment = {
            **os.environ,
            "NUMBA_NUM_THREADS": "1",
            "PYTHONIOENCODING": "utf-8",
            # it imports what this process would import
            "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
        }
        # -P: the script's folder is not where it imports from
        command = [sys.executable, "-P", str(_SCRIPT), *(["umap"] if warm else [])]
        try:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._log,
                env=environment,
                encoding="utf-8",
            )
        except OSError as error:
            self._log.close()
            raise LayoutProcessError(f"no process can be started: {error}") from error
        self._messages: queue.SimpleQueue[dict[str, Any] | None] = queue.SimpleQueue()
        self._reader = threading.Thread(target=self._read, name="atlas-layout-reader", daemon=True)
        self._reader.start()

    @property
    def pid(self) -> int:
        """The process's number."""
        return self._process.pid

    @property
    def alive(self) -> bool:
        """True if it can do a job."""
        return self._process.poll() is None

    def run(
        self,
        module: str,
        parameters: Mapping[str, Any],
        arrays: Mapping[str, NDArray[Any]],
        *,
        progress: ProgressCallback | None = None,
        cancelled: CancelledCallback | None = None,
    ) -> NDArray[np.float32]:
        """Lay samples out; the process is killed when that is interrupted.

        Parameters
        ----------
        module : str
            Where the class ``UMAP`` is imported from.
        parameters : mapping
            Its parameters, of JSON's types.
        arrays : mapping of str to ndarray
            ``rows``; for umap-learn ``heads``, ``tails``, ``weights`` and ``start``.
        progress, cancelled : callable, optional
            Called with (epochs done, epochs), over and over, also while nothing new is known;
            asked in between.

        Returns
        -------
        ndarray of float32
            What the library returned.

        Raises
        ------
        LayoutProcessError
            The library cannot be imported, fails, or its process died.
        Cancelled
            `cancelled` returned True.
        """
        with tempfile.TemporaryDirectory(prefix="atlas-layout-") as folder:
            for name, array in arrays.items():
                np.save(Path(folder, f"{name}.npy"), array, allow_pickle=False)
            try:
                self._send({"folder": folder, "module": module, "parameters": dict(parameters)})
                self._await_end(progress, cancelled)
            except LayoutProcessError:
                raise
            except BaseException:
                self.close()
                raise
            try:
                found = np.load(Path(folder, "places.npy"), allow_pickle=False)
            except (OSError, ValueError) as error:
                raise LayoutProcessError(f"its places cannot be read: {error}") from error
            return np.asarray(found, np.float32)

    def close(self) -> None:
        """End the process, whatever it does, and the thread that reads from it."""
        self._process.kill()
        self._process.wait()
        self._reader.join()
        for file in (self._process.stdin, self._process.stdout, self._log):
            with contextlib.suppress(OSError):  # what could not be written any more
                if file is not None:
                    file.close()

    def _send(self, job: dict[str, Any]) -> None:
        stdin = self._process.stdin
        try:
            if stdin is not None:
                stdin.write(json.dumps(job) + "\n")
                stdin.flush()
        except (OSError, ValueError):
            pass  # it has died: what it said before is still to be read

    def _await_end(
        self, progress: ProgressCallback | None, cancelled: CancelledCallback | None
    ) -> None:
        done, total = 0, 0
        while True:
            check_cancelled(cancelled)
            try:
                message = self._messages.get(timeout=_POLL)
            except queue.Empty:
                message = {}
            if message is None:
                self._messages.put(None)
                raise LayoutProcessError(f"its process died. {self._last_words()}".strip())
            if "error" in message:
                raise LayoutProcessError(str(message["error"]))
            done, total = message.get("done", done), message.get("total", total)
            if progress is not None:
                progress(done, total)
            if "finished" in message:
                return

    def _read(self) -> None:
        stdout = self._process.stdout
        with contextlib.suppress(OSError, ValueError):
            for line in stdout or ():
                self._messages.put(json.loads(line))
        self._messages.put(None)

    def _last_words(self) -> str:
        with contextlib.suppress(OSError, ValueError):
            self._log.seek(max(0, self._log.seek(0, os.SEEK_END) - _TAIL))
            lines = self._log.read().decode(errors="replace").strip().splitlines()
            return lines[-1] if lines else ""
        return ""


class _Shared:
    """The one process with umap-learn, for as long as anybody needs it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._holders = 0
        self._process: LayoutProcess | None = None
        self.turn = threading.Lock()  # held by whoever runs a job

    def take(self) -> None:
        with self._lock:
            self._holders += 1

    def leave(self) -> None:
        with self._lock:
            self._holders -= 1
            unused = self._process if self._holders == 0 else None
            if unused is not None:
                self._process = None
        if unused is not None:
            unused.close()

    def process(self) -> LayoutProcess:
        """Return it, started anew if it has died."""
        with self._lock:
            if self._process is None or not self._process.alive:
                if self._process is not None:
                    self._process.close()
                self._process = LayoutProcess(warm=True)
            return self._process

    def end(self) -> None:
        with self._lock:
            if self._process is not None:
                self._process.close()
                self._process = None


_shared = _Shared()
atexit.register(_shared.end)


@contextlib.contextmanager
def umap_ready(*, start: bool = True) -> Iterator[None]:
    """Have umap-learn ready for `umap_places` meanwhile, in the one process that all share.

    Importing and compiling it takes about 4 seconds of one core: begin where other work can hide
    them. The last one to leave ends the process.

    Parameters
    ----------
    start : bool
        Whether to start it at once, not only at the first layout.
    """
    _shared.take()
    try:
        if start:
            with contextlib.suppress(LayoutProcessError):  # told where a layout is wanted
                _shared.process()
        yield
    finally:
        _shared.leave()


def umap_places(
    graph: sparse.coo_matrix,
    start: NDArray[np.float32],
    *,
    epochs: int,
    min_dist: float,
    seed: int,
    progress: ProgressCallback | None = None,
    cancelled: CancelledCallback | None = None,
) -> NDArray[np.float32]:
    """Lay samples out by umap-learn.

    Parameters
    ----------
    graph : sparse matrix
        From `fuzzy_graph`.
    start : ndarray, shape (n, 2)
        Where the samples begin, of any scale.
    epochs, min_dist, seed
        See `umap_layout`.
    progress, cancelled : callable, optional
        See `LayoutProcess.run`.

    Returns
    -------
    ndarray of float32, shape (n, 2)

    Raises
    ------
    LayoutProcessError
        umap-learn cannot be imported, fails, or its process died.
    """
    parameters = {"epochs": epochs, "min_dist": min_dist, "seed": seed}
    arrays = {
        "heads": graph.row.astype(np.int32),
        "tails": graph.col.astype(np.int32),
        "weights": graph.data.astype(np.float32),
        "start": np.asarray(start, np.float32),
    }
    with umap_ready():
        while not _shared.turn.acquire(timeout=_POLL):
            check_cancelled(cancelled)
            if progress is not None:
                progress(0, 0)
        try:
            return _shared.process().run(
                "umap", parameters, arrays, progress=progress, cancelled=cancelled
            )
        finally:
            _shared.turn.release()
