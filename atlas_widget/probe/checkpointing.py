"""Gradient checkpointing left out while a private copy runs.

Checkpointing computes parts of a model again in the backward pass, without the hooks of the first
time, and in its older form without gradients or forward-mode derivatives in between. Nothing here
is short of the memory that it saves, so the parts are simply run.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from torch.utils import checkpoint

__all__ = ["without_checkpointing"]

_lock = threading.Lock()
_running: dict[int, int] = {}
"""Number of our passes that each thread is within."""

_OriginalFunction: Any = checkpoint.CheckpointFunction
_original_generators: dict[str, Any] = {
    name: value
    for name, value in vars(checkpoint).items()
    if name.startswith("_checkpoint_without_reentrant_generator")  # one or two, by version
}


class _PlainFunction:
    """Replacement of ``CheckpointFunction`` that, on our threads, runs the function."""

    @staticmethod
    def apply(run: Callable[..., Any], preserve_rng_state: Any, *args: Any) -> Any:
        if threading.get_ident() in _running:
            return run(*args)
        return _OriginalFunction.apply(run, preserve_rng_state, *args)

    forward = _OriginalFunction.forward
    backward = _OriginalFunction.backward


def _plain(original: Callable[..., Iterator[None]]) -> Callable[..., Iterator[None]]:
    def generator(*args: Any, **kwargs: Any) -> Iterator[None]:
        if threading.get_ident() in _running:
            yield
            return
        yield from original(*args, **kwargs)

    return generator


_plain_generators = {name: _plain(value) for name, value in _original_generators.items()}


@contextmanager
def without_checkpointing() -> Iterator[None]:
    """Let ``torch.utils.checkpoint.checkpoint`` just run its function, on this thread only.

    The stand-ins are in PyTorch's module only as long as some thread is within this; others reach
    the originals through them.
    """
    thread = threading.get_ident()
    with _lock:
        if not _running:
            checkpoint.CheckpointFunction = _PlainFunction  # type: ignore[assignment,misc]
            vars(checkpoint).update(_plain_generators)
        _running[thread] = _running.get(thread, 0) + 1
    try:
        yield
    finally:
        with _lock:
            _running[thread] -= 1
            if not _running[thread]:
                del _running[thread]
            if not _running:
                checkpoint.CheckpointFunction = _OriginalFunction  # type: ignore[misc]
                vars(checkpoint).update(_original_generators)
