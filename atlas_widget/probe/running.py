"""Running a model up to one of its layers, or through it with that layer's output exchanged."""

from __future__ import annotations

import inspect
import threading
from collections.abc import Callable
from typing import Any

from torch import Tensor, nn

from atlas_widget.errors import LayerNotFoundError
from atlas_widget.probe.outputs import Path, replaced, tensor_at

__all__ = ["LayerRunner", "run_model"]


class _Reached(Exception):  # noqa: N818  (a signal, not an error)
    """The layer has run; nothing after it is needed."""


def run_model(model: nn.Module, inputs: Tensor) -> Any:
    """Call `model` on a batch, under the argument's name where it is not the first one."""
    try:
        names = list(inspect.signature(model.forward).parameters)
    except (TypeError, ValueError):
        names = []
    if "pixel_values" in names[1:]:  # transformers: CLIP and others take text first
        return model(pixel_values=inputs)
    return model(inputs)


class LayerRunner:
    """Runs a model of ours up to, or through, the `call`-th run of one of its modules.

    One pass at a time: hooks live on the module only for the length of a pass, under a lock.
    """

    def __init__(self, model: nn.Module, module: nn.Module, call: int, path: Path) -> None:
        self.model = model
        self.module = module
        self.call = call
        self.path = path
        self._lock = threading.RLock()

    def up_to(self, inputs: Tensor) -> Tensor:
        """Return the layer's tensor; nothing that comes after the layer is computed."""
        found: list[Tensor] = []

        def stop(output: Any) -> Any:
            found.append(tensor_at(output, self.path))
            raise _Reached

        try:
            self._run(inputs, stop)
        except Exception:
            # Whatever the model made of our signal, the layer has already answered.
            if not found:
                raise
        return self._reached(found)

    def through(self, inputs: Tensor, change: Callable[[Tensor], Tensor]) -> tuple[Any, Tensor]:
        """Run the whole model with the layer's tensor exchanged for ``change(tensor)``.

        Returns the model's output and the tensor that was put in place.
        """
        found: list[Tensor] = []

        def exchange(output: Any) -> Any:
            found.append(change(tensor_at(output, self.path)))
            return replaced(output, self.path, found[0])

        output = self._run(inputs, exchange)
        return output, self._reached(found)

    def _run(self, inputs: Tensor, act: Callable[[Any], Any]) -> Any:
        seen = 0

        def hook(module: nn.Module, args: Any, output: Any) -> Any:  # noqa: ARG001
            nonlocal seen
            seen += 1
            return act(output) if seen == self.call + 1 else None

        with self._lock:
            handle = self.module.register_forward_hook(hook)
            try:
                return run_model(self.model, inputs)
            finally:
                handle.remove()

    def _reached(self, found: list[Tensor]) -> Tensor:
        if not found:
            raise LayerNotFoundError("The layer did not run for this input.")
        return found[0]
