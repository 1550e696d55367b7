"""What there is to wait for."""

import threading
import time


def ours():
    """Return the names of the widgets' own threads."""
    return [thread.name for thread in threading.enumerate() if "atlas" in thread.name]


def until(condition, seconds=30):
    """Wait until a condition is true."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it took too long"
        time.sleep(0.01)
