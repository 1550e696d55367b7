"""The one thread on which everything heavy runs.

A worker does two things in turn: it runs the short commands that others post (each at once, in
order), and in between it asks its job for one slice of work at a time. A slice is short, so a
command never waits long. Nothing that goes wrong in either ends the thread.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import queue
import sys
import threading
import weakref
from collections.abc import Callable
from typing import Protocol

from atlas_widget.session.worker_warnings import hush

__all__ = ["Job", "Worker"]

Command = Callable[[], None]

_AFTER_ERROR = 0.05  # seconds; a job that fails at every slice must not spin


class Job(Protocol):
    """What a worker works on."""

    def advance(self) -> float | None:
        """Do one slice of work.

        Returns
        -------
        float or None
            Seconds after which to be called again if no command comes first: 0 while there is
            more to do, None to sleep until a command comes.
        """
        ...

    def failed(self, error: BaseException) -> None:
        """Hear of an error that a slice or a command raised."""
        ...

    def close(self) -> None:
        """Free everything; called on the worker's thread, as the last thing there."""
        ...


class Worker:
    """A daemon thread that runs posted commands and, between them, slices of a job.

    Parameters
    ----------
    name
        The thread's name; warnings are kept out of cells where it begins with "atlas-".
    torch_threads
        How many threads PyTorch may use for what runs here. Other threads keep their setting.
    niceness
        By how much the thread steps back behind the others of the process, where the system lets
        single threads do so (Linux).
    """

    def __init__(self, name: str, *, torch_threads: int = 1, niceness: int = 0) -> None:
        self._commands: queue.SimpleQueue[Command] = queue.SimpleQueue()
        self._stopping = threading.Event()
        self._torch_threads = torch_threads
        self._niceness = niceness
        self._job: Job | None = None
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    @property
    def alive(self) -> bool:
        """Whether the thread is running."""
        return self._thread.is_alive()

    @property
    def stopping(self) -> bool:
        """Whether the thread has been told to end; long calls ask this to give up early."""
        return self._stopping.is_set()

    @property
    def here(self) -> bool:
        """Whether the caller is on the worker's thread."""
        return threading.current_thread() is self._thread

    def start(self, job: Job) -> None:
        """Begin working on `job`."""
        import torch

        # Asking fixes the caller's own setting, before the worker's passes through the default.
        torch.get_num_threads()
        self._job = job
        with _lock:
            _running.add(self)
        self._thread.start()

    def post(self, command: Command) -> None:
        """Have `command` run on the thread soon, before the next slice of the job."""
        self._commands.put(command)

    def breathe(self) -> None:
        """Run the commands that are waiting; long slices call this from within."""
        while not self._stopping.is_set():
            try:
                command = self._commands.get_nowait()
            except queue.Empty:
                return
            self._guard(command)

    def stop(self, timeout: float | None = 10.0) -> bool:
        """End the thread and wait for it; safe to call twice and from the thread itself.

        Returns
        -------
        bool
            Whether the thread has ended.
        """
        self._stopping.set()
        self._commands.put(_nothing)  # wakes a sleeping thread
        if self.here or self._thread.ident is None:
            return not self.alive
        self._thread.join(timeout)
        return not self.alive

    def _run(self) -> None:
        job = self._job
        if job is None:
            raise RuntimeError("A worker's thread starts by Worker.start.")
        try:
            hush()
            limit_torch_threads(self._torch_threads)
            _step_back(self._niceness)
            while not self._stopping.is_set():
                self.breathe()
                if self._stopping.is_set():
                    break
                self._sleep(self._guard_slice(job))
        finally:
            # Not via _guard: the job may already have lost what it reports errors to.
            with contextlib.suppress(Exception):
                job.close()
            self._job = None
            with _lock:
                _running.discard(self)

    def _guard(self, command: Command) -> None:
        try:
            command()
        except BaseException as error:
            self._report(error)

    def _guard_slice(self, job: Job) -> float | None:
        try:
            return job.advance()
        except BaseException as error:
            self._report(error)
            return _AFTER_ERROR

    def _sleep(self, seconds: float | None) -> None:
        if seconds == 0:
            return
        with contextlib.suppress(queue.Empty):
            self._guard(self._commands.get(timeout=seconds))

    def _report(self, error: BaseException) -> None:
        # An error in the reporting of an error has nowhere to go; the thread lives on.
        with contextlib.suppress(Exception):
            if self._job is not None:
                self._job.failed(error)


def limit_torch_threads(count: int) -> None:
    """Limit PyTorch on the calling thread without touching any other thread.

    ``torch.set_num_threads`` sets the calling thread's OpenMP team and also the default of threads
    that have not used PyTorch yet. A short-lived thread puts that default back afterwards. Threads
    that have already used it keep their own.
    """
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(count)
    if before != count:
        restorer = threading.Thread(target=torch.set_num_threads, args=(before,))
        with contextlib.suppress(RuntimeError):  # no thread starts while the interpreter ends
            restorer.start()
            restorer.join()


def _step_back(niceness: int) -> None:
    if niceness > 0 and sys.platform == "linux":
        # On Linux a thread has a priority of its own, addressed by its native id.
        with contextlib.suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), niceness)


def _nothing() -> None:
    """Wake a worker without asking anything of it."""


_lock = threading.Lock()
_running: weakref.WeakSet[Worker] = weakref.WeakSet()


@atexit.register
def _stop_all() -> None:
    """End all workers before the interpreter goes: native code must not outlive it."""
    with _lock:
        workers = list(_running)
    for worker in workers:
        worker.stop(timeout=0)
    for worker in workers:
        worker.stop(timeout=5)
