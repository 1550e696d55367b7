"""Connect to a Ray cluster, or say what is missing."""

from __future__ import annotations

import importlib
from typing import Any

from atlas_widget.errors import ClusterError, MissingExtraError

__all__ = ["connect"]


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
