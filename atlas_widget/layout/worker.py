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
import types
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Send = Callable[..., None]

_WARM_SAMPLES = 64
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
    heads: NDArray[np.int32],
    tails: NDArray[np.int32],
    weights: NDArray[np.float32],
    start: NDArray[np.float32],
    *,
    epochs: int,
    min_dist: float,
    seed: int,
    send: Send | None = None,
) -> NDArray[np.float32]:
    """Lay samples out by umap-learn from the graph of their neighbours and where they begin.

    umap-learn could make the graph, too, but to compile what that takes costs three times as long
    as to compile the layout.
    """
    from scipy.sparse import coo_matrix
    from umap.umap_ import find_ab_params, simplicial_set_embedding

    count = len(start)
    told: dict[str, Any] = {"disable": True}
    if send is not None:
        told = {
            "file": EpochReader(send),
            "bar_format": "{n_fmt}/{total_fmt}",
            "disable": False,
            "mininterval": 0.1,
        }
    a, b = find_ab_params(1.0, min_dist)
    places, _ = simplicial_set_embedding(
        data=np.arange(count, dtype=np.float32)[:, None],  # not looked at
        graph=coo_matrix((weights, (heads, tails)), shape=(count, count)),
        n_components=2,
        initial_alpha=1.0,
        a=a,
        b=b,
        gamma=1.0,
        negative_sample_rate=5,
        n_epochs=epochs,
        init=np.asarray(start, np.float32),
        random_state=np.random.RandomState(seed),
        metric="cosine",
        metric_kwds={},
        densmap=False,
        densmap_kwds={},
        output_dens=False,
        parallel=False,  # else each run differs
        tqdm_kwds=told,
    )
    return np.asarray(places, np.float32)


def library_places(
    module: str, rows: NDArray[np.float32], parameters: dict[str, Any]
) -> NDArray[np.float32]:
    """Lay samples out by the class ``UMAP`` of a module."""
    found = importlib.import_module(module).UMAP(**parameters).fit_transform(rows)
    if hasattr(found, "detach"):
        found = found.detach().cpu()
    return np.asarray(found, np.float32)


def leave_out_unused() -> None:
    """Keep umap-learn from importing what a layout of a given graph never calls.

    TensorFlow, where there is one, takes seconds; pynndescent, which finds neighbours, is compiled
    by numba the first time that it is imported, for about 15 seconds.
    """
    sys.modules["tensorflow"] = None  # type: ignore[assignment]
    for name, attribute in {
        "pynndescent": "NNDescent",
        "pynndescent.distances": "named_distances",
        "pynndescent.sparse": "sparse_named_distances",
    }.items():
        module = types.ModuleType(name)
        setattr(module, attribute, {})
        sys.modules[name] = module


def warm_up() -> None:
    """Import umap-learn, and have numba compile what a layout needs."""
    if sys.platform == "linux":  # where a thread has a priority of its own
        with contextlib.suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICENESS)
    heads = np.repeat(np.arange(_WARM_SAMPLES, dtype=np.int32), 2)
    tails = (heads + np.tile(np.array([1, -1], np.int32), _WARM_SAMPLES)) % _WARM_SAMPLES
    start = np.random.default_rng(0).random((_WARM_SAMPLES, 2), np.float32)
    weights = np.ones(len(heads), np.float32)
    umap_places(heads, tails, weights, start, epochs=11, min_dist=0.05, seed=0)


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
        leave_out_unused()
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
