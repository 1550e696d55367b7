"""Proof that it is the private copy that runs, and nothing of the user's own model."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode

from atlas_widget.errors import AtlasError

__all__ = ["Isolation"]


class Isolation(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Within it, and on this thread only, no operation may touch what a model holds.

    Parameters
    ----------
    model : nn.Module
        The user's model. Only the addresses of its tensors are noted.

    Attributes
    ----------
    touched : str or None
        The first of its tensors that an operation was to touch; that operation did not run.
    """

    def __init__(self, model: nn.Module) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.touched: str | None = None
        self._names: dict[tuple[torch.device, int], str] = {}
        for prefix, module in model.named_modules():
            own = {**module._parameters, **module._buffers, **module.__dict__}
            for name, value in own.items():
                place = _storage(value)
                if place is not None:
                    self._names.setdefault(place, f"{prefix}.{name}" if prefix else name)

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        kwargs = kwargs or {}
        for value in _flat((args, kwargs)):
            name = self._names.get(_storage(value) or _NOWHERE)
            if name is not None:
                self.touched = self.touched or name
                raise RuntimeError(f"The private copy was to use {name!r} of the user's own model.")
        return func(*args, **kwargs)

    def check(self) -> None:
        """Raise an error if the copy reached the user's model, whatever became of the attempt."""
        if self.touched is not None:
            raise AtlasError(
                f"The private copy of the model still leads to your own: running it was to use "
                f"{self.touched!r} of the model that you passed, so nothing was run any further. "
                "A function or object that the model holds (a wrapped forward, a callback, a "
                "cache) refers to the original in a way that cannot be followed. Undo the "
                "wrapping first, or pass a model that is made anew and given the weights by "
                "load_state_dict()."
            )


_NOWHERE = (torch.device("cpu"), 0)


def _storage(value: Any) -> tuple[torch.device, int] | None:
    if not isinstance(value, Tensor):
        return None
    try:
        address = value.untyped_storage().data_ptr()
    except (NotImplementedError, RuntimeError):  # tensors of unusual types have none
        return None
    return (value.device, address) if address else None


def _flat(value: Any) -> list[Any]:
    if isinstance(value, list | tuple):
        return [item for inner in value for item in _flat(inner)]
    if isinstance(value, dict):
        return [item for inner in value.values() for item in _flat(inner)]
    return [value]
