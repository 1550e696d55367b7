"""What is missing is said."""

from __future__ import annotations

import importlib
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from atlas_widget.cluster import connect
from atlas_widget.cluster.connection import send_module
from atlas_widget.errors import ClusterError, MissingExtraError


def test_ray_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(MissingExtraError, match=r"atlas-widget\[ray\]"):
        connect("auto")


class FakeRay:
    """Is told to start or to connect, and remembers from which thread."""

    def __init__(self) -> None:
        self.threads: list[threading.Thread] = []

    def is_initialized(self) -> bool:
        return bool(self.threads)

    def init(self, **_options: object) -> None:
        self.threads.append(threading.current_thread())


def test_nothing_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    fake = FakeRay()
    monkeypatch.setitem(sys.modules, "ray", fake)
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))  # and does not listen
        place = f"127.0.0.1:{closed.getsockname()[1]}"
        monkeypatch.setenv("RAY_ADDRESS", place)
        for address in (place, f"ray://{place}", "auto"):
            with pytest.raises(ClusterError, match="No Ray cluster answers"):
                connect(address)
    assert not fake.threads, "Ray would have tried for minutes"


def test_a_cluster_of_this_machine_outlives_who_asked_for_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Ray's processes end with the thread that started them."""
    fake = FakeRay()
    monkeypatch.setitem(sys.modules, "ray", fake)
    asking = threading.Thread(target=connect, args=("local",))
    asking.start()
    asking.join(30)
    assert not asking.is_alive()
    (starting,) = fake.threads
    assert starting.is_alive()
    assert starting.daemon
    assert connect("local") is fake
    assert len(fake.threads) == 1


@pytest.mark.parametrize("address", ["", None, True])
def test_no_address(address: object) -> None:
    with pytest.raises(ClusterError, match="the address of a Ray cluster"):
        connect(address)  # type: ignore[arg-type]


def test_a_file_of_ones_own_is_sent_along(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A class of a file that the other side has not can be used there all the same."""
    cloudpickle = pytest.importorskip("ray.cloudpickle")
    (tmp_path / "my_nets_to_send.py").write_text("class Net:\n    value = 41\n")
    monkeypatch.syspath_prepend(tmp_path)
    module = importlib.import_module("my_nets_to_send")
    send_module("my_nets_to_send")
    try:
        sent = tmp_path / "sent.pickle"
        sent.write_bytes(cloudpickle.dumps(module.Net))
        code = f"import pickle; print(pickle.load(open({str(sent)!r}, 'rb')).value + 1)"
        found = subprocess.run(
            [sys.executable, "-c", f"import ray.cloudpickle; {code}"],
            capture_output=True,
            text=True,
            check=False,
            cwd="/",
        )
        assert found.stdout.strip() == "42", found.stderr
    finally:
        cloudpickle.unregister_pickle_by_value(module)
    for name in ("numpy", "json", "atlas_widget.atlas", "nothing_like_it"):
        send_module(name)  # has no effect
    assert not cloudpickle.list_registry_pickle_by_value()
