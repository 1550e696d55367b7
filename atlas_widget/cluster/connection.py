"""Connect to a Ray cluster, or say what is missing."""

from __future__ import annotations

import importlib
import os
import socket
import sys
import threading
from concurrent.futures import Future
from pathlib import Path
from typing import TYPE_CHECKING, Any

from atlas_widget.errors import ClusterError, MissingExtraError

if TYPE_CHECKING:
    from torch import nn

__all__ = ["check_address", "connect", "send_code", "send_module"]


_ANSWERS_WITHIN = 10.0  # seconds
_connecting = threading.Lock()


def check_address(address: object) -> None:
    """Raise `ClusterError` for what cannot be the address of a cluster."""
    if not isinstance(address, str) or not address:
        raise ClusterError(
            f"cluster={address!r:.60}: 'auto', 'local', or the address of a Ray cluster, such as "
            "'10.0.0.5:6379' or 'ray://10.0.0.5:10001'."
        )


def connect(address: str = "auto") -> Any:
    """Connect this process to a cluster, unless it is connected already.

    Ray ends a connected process if the cluster's head has been gone for a minute; workers and all
    other machines may come and go.

    Parameters
    ----------
    address : str
        "auto" for the cluster that this process is connected to or that runs on this machine or is
        named by ``RAY_ADDRESS``; "host:6379", or "ray://host:10001" from outside the cluster;
        "local" for one of this machine's own cores and GPUs, for as long as this process lives.

    Returns
    -------
    module
        Ray.

    Raises
    ------
    MissingExtraError
        Ray is not installed.
    ClusterError
        There is no cluster at this address.
    """
    check_address(address)
    try:
        ray: Any = importlib.import_module("ray")
    except ImportError as error:
        raise MissingExtraError(
            f"A cluster needs Ray: pip install 'atlas-widget[ray]' ({error})."
        ) from error
    try:
        with _connecting:  # widgets connect on threads of their own
            if ray.is_initialized():
                return ray
            if address == "local":
                _start_here(ray)
            else:
                _check_reachable(address)
                ray.init(address=address, log_to_driver=False)
    except (OSError, ValueError, RuntimeError) as error:
        raise ClusterError(
            f"No Ray cluster answers at {address!r}: {str(error).rstrip('. ')}. "
            "Start one with `ray start --head` and `ray start --address=HOST:6379` on the other "
            "machines, or take cluster='local' for this machine alone."
        ) from error
    return ray


def _start_here(ray: Any) -> None:
    """Start a cluster on this machine, from a thread that lives as long as the process.

    What Ray starts ends together with the thread that started it, and Ray then ends the process.
    """

    def start() -> None:
        ray.init(address="local", include_dashboard=False, log_to_driver=False)

    def start_and_stay() -> None:
        try:
            start()
        except BaseException as error:
            started.set_exception(error)
        else:
            started.set_result(None)
            threading.Event().wait()

    if threading.current_thread() is threading.main_thread():
        start()
        return
    started: Future[None] = Future()
    threading.Thread(target=start_and_stay, name="ray-on-this-machine", daemon=True).start()
    started.result()


def _check_reachable(address: str) -> None:
    """Raise an `OSError` if nothing answers at all: Ray itself would go on trying for minutes."""
    place = os.environ.get("RAY_ADDRESS", "") if address == "auto" else address
    host, _, port = place.removeprefix("ray://").rpartition(":")
    if host and port.isdigit():
        socket.create_connection((host.strip("[]"), int(port)), timeout=_ANSWERS_WITHIN).close()


def send_code(model: nn.Module, transform: Any) -> None:
    """Have the code of a model and its transform sent to workers; see `send_module`."""
    for name in {type(part).__module__ for part in (*model.modules(), transform)}:
        send_module(name)


def send_module(name: str) -> None:
    """Have a module's code sent to workers, if it is a file of the user's and of no package.

    Such a file is on this machine alone, as a rule; packages have to be installed on all of them.
    """
    module = sys.modules.get(name)
    file = getattr(module, "__file__", None)
    if not file or "." in name or name == "__main__" or name in sys.stdlib_module_names:
        return
    if Path(file).name != "__init__.py" and not {"site-packages", "dist-packages"} & {
        *Path(file).parts
    }:
        cloudpickle: Any = importlib.import_module("ray.cloudpickle")
        cloudpickle.register_pickle_by_value(module)
