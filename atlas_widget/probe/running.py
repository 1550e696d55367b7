"""Running a model up to one of its layers, or through it with that layer's output exchanged."""

from __future__ import annotations

import contextlib
import inspect
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from atlas_widget.errors import LayerNotFoundError
from atlas_widget.probe.checkpointing import without_checkpointing
from atlas_widget.probe.outputs import Path, replaced, tensor_at

__all__ = ["LayerRunner", "Network", "Passing", "run_model"]

Hook = Callable[[nn.Module, Any, Any], Any]


class _Reached(Exception):  # noqa: N818  (a signal, not an error)
    """The layer has run; nothing after it is needed."""


def run_model(model: nn.Module, inputs: Tensor) -> Any:
    """Call `model` on a batch, under the argument's name where it is not the first one."""
    try:
        names = list(inspect.signature(model.forward).parameters)
    except (TypeError, ValueError):
        names = []
    with without_checkpointing():
        if "pixel_values" in names[1:]:  # transformers: CLIP and others take text first
            return model(pixel_values=inputs)
        return model(inputs)


class IgnoredNoGrad(TorchFunctionMode):
    """Within it, and on this thread only, gradients cannot be switched off or on."""

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        if func is torch._C._set_grad_enabled:
            return None
        return func(*args, **(kwargs or {}))


@dataclass
class Passing:
    """Settings of the passes through some copies of one model.

    Attributes
    ----------
    through_no_grad : bool
        Whether a ``torch.no_grad()`` within the model is passed over.
    """

    through_no_grad: bool = False


class Network:
    """A model that is ours alone, run by one thread at a time.

    Several layers may be read from one network. Hooks live on its modules only for the length of a
    pass, and nobody else's pass runs meanwhile.

    Attributes
    ----------
    module : nn.Module
    passing : Passing
        May be shared by copies of one model.
    lock : threading.RLock
        Held during each pass.
    """

    def __init__(self, module: nn.Module, passing: Passing | None = None) -> None:
        self.module = module
        self.passing = Passing() if passing is None else passing
        self.lock = threading.RLock()

    def __call__(self, inputs: Tensor) -> Any:
        """Run the model on what it takes."""
        with self.lock:
            if not self.passing.through_no_grad:
                return run_model(self.module, inputs)
            with IgnoredNoGrad():
                return run_model(self.module, inputs)

    @contextlib.contextmanager
    def hooked(self, hooks: Iterable[tuple[nn.Module, Hook]]) -> Iterator[None]:
        """Hold the network with forward hooks on some of its modules."""
        handles: list[Any] = []
        with self.lock:
            try:
                for module, hook in hooks:
                    handles.append(module.register_forward_hook(hook))
                yield
            finally:
                for handle in handles:
                    handle.remove()


class LayerRunner:
    """Runs a network of ours up to, or through, the `call`-th run of one of its modules.

    Attributes
    ----------
    network : Network
    module : nn.Module
    call : int
    path : Path
        Which tensor of the module's output is meant.
    """

    def __init__(self, network: Network, module: nn.Module, call: int, path: Path) -> None:
        self.network = network
        self.module = module
        self.call = call
        self.path = path

    @property
    def model(self) -> nn.Module:
        """The model that is run."""
        return self.network.module

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

        with self.network.hooked([(self.module, hook)]):
            return self.network(inputs)

    def _reached(self, found: list[Tensor]) -> Tensor:
        if not found:
            raise LayerNotFoundError("The layer did not run for this input.")
        return found[0]
