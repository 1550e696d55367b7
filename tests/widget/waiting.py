"""What there is to wait for."""

import threading
import time


def ours():
    """Return the names of the widgets' own threads; that of all tests' umap-learn is not one."""
    names = [thread.name for thread in threading.enumerate()]
    return [name for name in names if "atlas" in name and name != "atlas-layout-reader"]


def until(condition, seconds=30):
    """Wait until a condition is true."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it took too long"
        time.sleep(0.01)
