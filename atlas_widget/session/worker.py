"""The worker: the one thread on which all heavy work runs.

A worker runs the short commands that other threads post, in order; between them it runs its job,
one slice of work at a time. A slice is short, so that a command never waits long. Errors in either
do not end the thread.
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

from atlas_widget.session.worker_warnings import worker_warnings_logged

__all__ = ["Job", "Worker"]

Command = Callable[[], None]

_AFTER_ERROR = 0.05  # seconds; a job that fails at every slice must not spin


class Job(Protocol):
    """The job of a worker."""

    def advance(self) -> float | None:
        """Do one slice of work.

        Returns
        -------
        float or None
            Seconds until the next call if no command comes first: 0 if there is more to do,
            None to sleep until a command comes.
        """
        ...

    def failed(self, error: BaseException) -> None:
        """Handle an error that a slice or a command raised."""
        ...

    def close(self) -> None:
        """Release all resources; called last on the worker's thread."""
        ...


class Worker:
    """A daemon thread that runs posted commands and, between them, slices of a job.

    Parameters
    ----------
    name
        The thread's name; if it starts with "atlas-", warnings are kept out of cells.
    torch_threads
        Number of PyTorch's threads for work on this thread. Other threads keep their setting.
    niceness
        Niceness of the thread relative to the process, on systems with priorities for threads
        (Linux).
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
        """True if the thread is running."""
        return self._thread.is_alive()

    @property
    def stopping(self) -> bool:
        """True if the thread should end; long calls check this to stop early."""
        return self._stopping.is_set()

    @property
    def is_current(self) -> bool:
        """True if the caller is on the worker's thread."""
        return threading.current_thread() is self._thread

    def start(self, job: Job) -> None:
        """Start to work on `job`."""
        import torch

        # This call fixes the caller's own setting before the worker changes the default.
        torch.get_num_threads()
        self._job = job
        with _lock:
            _running.add(self)
        self._thread.start()

    def post(self, command: Command) -> None:
        """Run `command` on the thread soon, before the next slice of the job."""
        self._commands.put(command)

    def run_commands(self) -> None:
        """Run pending commands; called from within long slices."""
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
            True if the thread has ended.
        """
        self._stopping.set()
        self._commands.put(_no_op)  # wakes a sleeping thread
        if self.is_current or self._thread.ident is None:
            return not self.alive
        self._thread.join(timeout)
        return not self.alive

    def _run(self) -> None:
        job = self._job
        if job is None:
            raise RuntimeError("A worker's thread starts by Worker.start.")
        try:
            with worker_warnings_logged():
                limit_torch_threads(self._torch_threads)
                _step_back(self._niceness)
                while not self._stopping.is_set():
                    self.run_commands()
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
        # An error while reporting an error cannot be reported; the thread continues.
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


def _no_op() -> None:
    """Do nothing; posted to wake a worker."""


_lock = threading.Lock()
_running: weakref.WeakSet[Worker] = weakref.WeakSet()


@atexit.register
def _stop_all() -> None:
    """End all workers before the interpreter ends: native code must not outlive it."""
    with _lock:
        workers = list(_running)
    for worker in workers:
        worker.stop(timeout=0)
    for worker in workers:
        worker.stop(timeout=5)
