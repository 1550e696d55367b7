"""Script that lays samples out with a library, in a process of its own, one job after another.

Run by `LayoutProcess`; it imports nothing of this package. One line of JSON comes in for each job,
and lines of JSON go out: how far it is, and at last that it is done or why not. Arrays are files
in the job's folder. The process ends with its standard input, that is, with its parent.
"""

from __future__ import annotations

import contextlib
import importlib
import io
import json
import os
import queue
import signal
import sys
import threading
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Send = Callable[..., None]

_WARM_SAMPLES, _WARM_NEIGHBORS = 64, 10
_NICENESS = 5  # while compiling, which nobody may be waiting for yet


class EpochReader(io.StringIO):
    """File for tqdm that passes on "done/total", once for each new number."""

    def __init__(self, send: Send) -> None:
        super().__init__()
        self._send = send
        self._last = ""

    def write(self, text: str) -> int:
        """Pass on what tqdm writes."""
        now = text.strip()
        done, _, total = now.partition("/")
        if now != self._last and done.isdigit() and total.isdigit():
            self._last = now
            self._send(done=int(done), total=int(total))
        return len(text)


def umap_places(
    indices: NDArray[np.int32],
    distances: NDArray[np.float32],
    start: NDArray[np.float32],
    send: Send | None = None,
    **parameters: Any,
) -> NDArray[np.float32]:
    """Lay samples out by umap-learn from their neighbours and where they begin."""
    import umap

    count = len(indices)
    own = np.arange(count, dtype=np.int32)[:, None]
    neighbors = np.ascontiguousarray(np.concatenate([own, indices], axis=1), np.int32)
    apart = np.concatenate([np.zeros((count, 1), np.float32), distances], axis=1)
    told = None
    if send is not None:
        told = {
            "file": EpochReader(send),
            "bar_format": "{n_fmt}/{total_fmt}",
            "disable": False,
            "mininterval": 0.1,
        }
    estimator = umap.UMAP(
        n_neighbors=neighbors.shape[1],  # the sample itself is one
        init=np.asarray(start, np.float32),
        precomputed_knn=(neighbors, np.asarray(apart, np.float32)),
        force_approximation_algorithm=True,  # else few samples are compared once more
        disconnection_distance=np.inf,
        n_jobs=1,  # as a seed has it
        tqdm_kwds=told,
        **parameters,
    )
    # the samples themselves are not looked at, since their neighbours are known
    places: NDArray[np.float32] = estimator.fit_transform(own.astype(np.float32))
    return places


def library_places(
    module: str, rows: NDArray[np.float32], parameters: dict[str, Any]
) -> NDArray[np.float32]:
    """Lay samples out by the class ``UMAP`` of a module."""
    found = importlib.import_module(module).UMAP(**parameters).fit_transform(rows)
    if hasattr(found, "detach"):
        found = found.detach().cpu()
    return np.asarray(found, np.float32)


def warm_up() -> None:
    """Import umap-learn, and have numba compile what a layout needs."""
    if sys.platform == "linux":  # where a thread has a priority of its own
        with contextlib.suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICENESS)
    rng = np.random.default_rng(0)
    indices = (np.arange(_WARM_SAMPLES)[:, None] + 1 + np.arange(_WARM_NEIGHBORS)) % _WARM_SAMPLES
    distances = np.sort(rng.random(indices.shape, np.float32), axis=1)
    start = rng.random((_WARM_SAMPLES, 2), np.float32)
    parameters: dict[str, Any] = {"min_dist": 0.05, "n_epochs": 11, "random_state": 0}
    umap_places(indices.astype(np.int32), distances, start, **parameters)


def do(job: dict[str, Any], send: Send) -> None:
    """Do a job, and write the places into its folder."""
    folder = Path(job["folder"])
    given = {path.stem: np.load(path, allow_pickle=False) for path in folder.glob("*.npy")}
    if job["module"] == "umap":
        places = umap_places(**given, send=send, **job["parameters"])
    else:
        places = library_places(job["module"], given["rows"], job["parameters"])
    np.save(folder / "places.npy", places, allow_pickle=False)


def main() -> None:
    """Do what comes in, until nothing more can come."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # an interrupted kernel ends the job itself
    warnings.simplefilter("ignore")
    protocol = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # whatever a library prints stays out of the protocol

    def send(**fields: Any) -> None:
        protocol.write(json.dumps(fields) + "\n")
        protocol.flush()

    jobs: queue.SimpleQueue[str] = queue.SimpleQueue()

    def listen() -> None:
        for line in sys.stdin:
            jobs.put(line)
        os._exit(0)  # also from within a layout, which nobody waits for any more

    threading.Thread(target=listen, daemon=True).start()
    if sys.argv[1:] == ["umap"]:
        # TensorFlow, where there is one, is imported for a part of umap-learn that is not used
        sys.modules["tensorflow"] = None  # type: ignore[assignment]
        failed: list[BaseException] = []

        def warm() -> None:
            try:
                warm_up()
            except BaseException as error:  # a broken library may raise anything
                failed.append(error)

        warming = threading.Thread(target=warm)
        warming.start()
        warming.join()
        if failed:
            send(error=f"{type(failed[0]).__name__}: {failed[0]}")
            return
    send(ready=True)
    while True:
        job = json.loads(jobs.get())
        try:
            do(job, send)
        except Exception as error:
            send(error=f"{type(error).__name__}: {error}")
        else:
            send(finished=True)


if __name__ == "__main__":
    main()
