"""Connect to a Ray cluster, or say what is missing."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from typing import Any

from atlas_widget.errors import ClusterError, MissingExtraError

__all__ = ["connect", "send_module"]


def connect(address: str = "auto") -> Any:
    """Connect this process to a cluster, unless it is connected already.

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
    if not isinstance(address, str) or not address:
        raise ClusterError(
            f"cluster={address!r}: 'auto', 'local', or the address of a Ray cluster, such as "
            "'10.0.0.5:6379' or 'ray://10.0.0.5:10001'."
        )
    try:
        ray: Any = importlib.import_module("ray")
    except ImportError as error:
        raise MissingExtraError(
            f"A cluster needs Ray: pip install 'atlas-widget[ray]' ({error})."
        ) from error
    if ray.is_initialized():
        return ray
    try:
        if address == "local":
            ray.init(address="local", include_dashboard=False, log_to_driver=False)
        else:
            ray.init(address=address, log_to_driver=False)
    except (ConnectionError, ValueError, RuntimeError) as error:
        raise ClusterError(
            f"No Ray cluster answers at {address!r}: {error} Start one with `ray start --head` and "
            "`ray start --address=HOST:6379` on the other machines, or take cluster='local' for "
            "this machine alone."
        ) from error
    return ray


def send_module(name: str) -> None:
    """Have a module's code sent to workers, if it is a file of the person's and of no package.

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
