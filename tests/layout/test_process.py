"""umap-learn lays out in a process of its own, which can be stopped and leaves nothing behind."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from atlas_widget.layout import lay_out, other_layout, umap_layout, umap_ready
from atlas_widget.layout.neighbor_index import unit_directions
from atlas_widget.layout.process import LayoutProcess, LayoutProcessError
from atlas_widget.layout.umap_torch import nearest_neighbors
from atlas_widget.progress import Cancelled
from tests.layout.activations import clusters


def running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def until(condition: Callable[[], bool], seconds: float = 30) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it took too long"
        time.sleep(0.02)


def reader_threads() -> int:
    return sum(thread.name == "atlas-layout-reader" for thread in threading.enumerate())


@pytest.fixture
def slow_library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A module whose layout never ends."""
    tmp_path.joinpath("endless.py").write_text(
        "import time\n"
        "class UMAP:\n"
        "    def fit_transform(self, rows):\n"
        "        print('what is printed stays out of the protocol', flush=True)\n"
        "        time.sleep(600)\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    return "endless"


@pytest.fixture
def broken_numba(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tmp_path.joinpath("numba.py").write_text("raise ImportError('numba needs another NumPy')\n")
    monkeypatch.syspath_prepend(tmp_path)


def test_the_same_seed_gives_the_same_places_and_leaves_the_generators() -> None:
    vectors = clusters(300)
    umap = other_layout("umap")
    before = random.getstate(), np.random.get_state()[1].tolist(), torch.get_rng_state().tolist()
    told: list[tuple[int, int]] = []
    first = umap_layout(vectors, other=umap, progress=lambda *now: told.append(now))
    again = umap_layout(vectors, other=umap)
    another = umap_layout(vectors, other=umap, seed=1)
    after = random.getstate(), np.random.get_state()[1].tolist(), torch.get_rng_state().tolist()
    assert after == before
    assert np.array_equal(first, again)
    assert not np.array_equal(first, another)
    assert told[-1] == (200, 200)
    assert "umap" not in sys.modules
    assert "numba" not in sys.modules


def test_neighbours_in_the_layer_are_neighbours_on_the_map() -> None:
    vectors = clusters(400)
    units = unit_directions(vectors)
    places = torch.as_tensor(umap_layout(vectors, other=other_layout("umap")))
    near, _ = nearest_neighbors(units, 10)
    apart = torch.cdist(places, places)
    assert apart.gather(1, near).median() < 0.3 * apart.median()


@pytest.mark.parametrize("count", [3, 4, 12])
def test_the_fewest_samples_are_laid_out(count: int) -> None:
    xy = umap_layout(clusters(400)[:count], other=other_layout("umap"))
    assert xy.shape == (count, 2)
    assert np.isfinite(xy).all()


def test_cancelling_kills_the_process_and_cleans_up(slow_library: str) -> None:
    process = LayoutProcess()
    folders = set(Path(tempfile.gettempdir()).glob("atlas-layout-*"))
    threads = reader_threads()
    asked = iter([False] * 5)
    with pytest.raises(Cancelled):
        process.run(
            slow_library, {}, {"rows": np.zeros((3, 2))}, cancelled=lambda: next(asked, True)
        )
    assert not process.alive
    assert not running(process.pid)
    assert reader_threads() == threads - 1
    assert set(Path(tempfile.gettempdir()).glob("atlas-layout-*")) == folders


def test_a_process_that_dies_is_an_error(slow_library: str) -> None:
    process = LayoutProcess()
    killer = threading.Timer(0.5, os.kill, (process.pid, signal.SIGKILL))
    killer.start()
    with pytest.raises(LayoutProcessError, match="its process died"):
        process.run(slow_library, {}, {"rows": np.zeros((3, 2))})
    killer.join()
    process.close()


def test_an_interrupted_kernel_does_not_end_it(slow_library: str) -> None:
    process = LayoutProcess()
    asked = 0

    def cancelled() -> bool:
        nonlocal asked
        asked += 1
        if asked == 60:
            os.kill(process.pid, signal.SIGINT)
        return asked > 75

    with pytest.raises(Cancelled):
        process.run(slow_library, {}, {"rows": np.zeros((3, 2))}, cancelled=cancelled)


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
@pytest.mark.usefixtures("slow_library")
def test_it_dies_with_its_parent() -> None:
    code = (
        "import sys, threading, time, numpy\n"
        "from atlas_widget.layout.process import LayoutProcess\n"
        "process = LayoutProcess()\n"
        "run = lambda: process.run('endless', {}, {'rows': numpy.zeros((3, 2))})\n"
        "threading.Thread(target=run, daemon=True).start()\n"
        "time.sleep(0.5); print(process.pid, flush=True); time.sleep(600)\n"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    with subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, env=environment
    ) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        assert running(pid)
        parent.kill()
        until(lambda: not running(pid))


def test_nothing_is_left_when_the_last_one_leaves() -> None:
    code = (
        "import threading\n"
        "from atlas_widget.layout import umap_ready\n"
        "from atlas_widget.layout import process\n"
        "with umap_ready():\n"
        "    with umap_ready(): pid = process._shared.process().pid\n"
        "    assert process._shared.process().pid == pid\n"
        "    assert process._shared.process().alive\n"
        "print(pid, [thread.name for thread in threading.enumerate()])\n"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment
    )
    pid, _, threads = done.stdout.strip().partition(" ")
    assert threads == "['MainThread']"
    assert not running(int(pid))


@pytest.mark.usefixtures("broken_numba")
def test_a_broken_numba_is_said_and_our_own_umap_lays_out() -> None:
    code = (
        "import numpy\n"
        "from atlas_widget.layout import lay_out, other_layout, umap_layout\n"
        "from tests.layout.activations import clusters\n"
        "found = lay_out(clusters(100), other_layout('umap'))\n"
        "assert numpy.array_equal(found.xy, umap_layout(clusters(100)))\n"
        "print(found.method, *found.notices)\n"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment
    )
    assert done.stdout.startswith("None umap-learn cannot be used (ImportError: numba needs")
    assert "umap-torch" in done.stdout


def test_what_else_fails_has_no_substitute(tmp_path: Path, monkeypatch) -> None:
    tmp_path.joinpath("torchdr.py").write_text("raise ImportError('no')\n")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ValueError, match="'torchdr' fails on 60 samples: ImportError: no"):
        lay_out(clusters(60), other_layout("torchdr"))


def test_two_at_once_take_turns() -> None:
    vectors, found = clusters(200), []
    with umap_ready():
        threads = [
            threading.Thread(
                target=lambda: found.append(umap_layout(vectors, other=other_layout("umap")))
            )
            for _ in range(2)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert np.array_equal(*found)


def test_nothing_is_compiled_that_a_layout_never_calls() -> None:
    """The first layout on a machine would wait 15 seconds for pynndescent to be compiled."""
    script = (
        "import sys\n"
        "from atlas_widget.layout import worker\n"
        "worker.leave_out_unused()\n"
        "worker.warm_up()\n"
        "print([name for name in sys.modules if name.partition('.')[0] == 'pynndescent'\n"
        "       and hasattr(sys.modules[name], '__file__')])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.stdout.strip() == "[]", done.stderr
