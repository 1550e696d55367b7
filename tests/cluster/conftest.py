"""A Ray cluster of several nodes on this machine, once for all the tests here."""

from __future__ import annotations

import contextlib
import os
import socket
from collections.abc import Iterator
from typing import Any

import pytest

_ATTEMPTS = 2
_PORTS = (
    "metrics_agent_port",
    "metrics_export_port",
    "dashboard_agent_listen_port",
    "runtime_env_agent_port",
)


@pytest.fixture(scope="package")
def nodes() -> Iterator[Any]:
    """Two nodes of one core."""
    ray = pytest.importorskip("ray", reason="needs Ray, of the extra `ray`")
    before = {name: os.environ.get(name) for name in ("RAY_USAGE_STATS_ENABLED", "OMP_NUM_THREADS")}
    os.environ.update(RAY_USAGE_STATS_ENABLED="0", OMP_NUM_THREADS="1")
    try:
        cluster = _started(ray)
        yield cluster
        _stop(ray, cluster)
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def _started(ray: Any) -> Any:
    """Start the cluster.

    Ray aborts its own process where another one of it takes more than 15 s to come up, as happens
    on a machine with far too much to do. That says nothing about us, so it is no failure of ours.
    """
    from ray.cluster_utils import Cluster

    for attempt in range(1, _ATTEMPTS + 1):
        cluster = Cluster()
        try:
            cluster.add_node(num_cpus=1, **_node())
            ray.init(address=cluster.address, log_to_driver=False)
            cluster.add_node(num_cpus=1, **_node())
            cluster.wait_for_nodes()
            return cluster
        except Exception as error:
            _stop(ray, cluster)
            if attempt == _ATTEMPTS:
                pytest.skip(f"Ray itself does not start here: {error}")
    raise AssertionError


def _stop(ray: Any, cluster: Any) -> None:
    with contextlib.suppress(Exception):
        ray.shutdown()
    with contextlib.suppress(Exception):
        cluster.shutdown()


def _node() -> dict[str, Any]:
    """A node of little memory, at ports that are free: Ray need not wait until it is told them."""
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in _PORTS]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        ports = {name: s.getsockname()[1] for name, s in zip(_PORTS, sockets, strict=True)}
    return {"object_store_memory": 100 * 2**20, "include_dashboard": False, **ports}
