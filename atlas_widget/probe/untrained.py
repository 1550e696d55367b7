"""A copy of a model that has learned nothing: a control for what is seen in the model."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import nn
from torch.overrides import TorchFunctionMode

__all__ = ["untrained_copy"]

_RANDOM = frozenset(
    [
        "bernoulli_",
        "cauchy_",
        "exponential_",
        "geometric_",
        "log_normal_",
        "normal_",
        "random_",
        "uniform_",
        "bernoulli",
        "multinomial",
        "normal",
        "rand",
        "randint",
        "randn",
        "randperm",
        "kaiming_normal_",
        "kaiming_uniform_",
        "orthogonal_",
        "sparse_",
        "trunc_normal_",
        "xavier_normal_",
        "xavier_uniform_",
    ]
)


class _OwnGenerator(TorchFunctionMode):
    """Draw from a generator of our own on this thread.

    The generator of the process goes on as if nothing had been, also for threads that draw from it
    at the same time; to save and restore its state would rewind what they have drawn.
    """

    def __init__(self, generator: torch.Generator) -> None:
        super().__init__()
        self._generator = generator

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Sequence[type],
        args: Sequence[Any] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        given = dict(kwargs or {})
        if getattr(func, "__name__", "") in _RANDOM and given.get("generator") is None:
            given["generator"] = self._generator
        return func(*args, **given)


def untrained_copy(model: nn.Module, seed: int = 0) -> nn.Module:
    """Return a copy of `model` on the CPU with fresh random weights.

    Each module initialises itself as it does when it is made. Parameters of modules that cannot,
    such as class tokens, position embeddings and the scales of residual branches, keep their
    values, but in random order.

    Parameters
    ----------
    model : nn.Module
        Left as it is.
    seed : int
        The same seed gives the same weights; random numbers elsewhere go on as if nothing had been.
    """
    stranger = copy.deepcopy(model).cpu()
    generator = torch.Generator().manual_seed(seed)
    with _OwnGenerator(generator), torch.no_grad():
        for module in stranger.modules():
            name = (
                "_reset_parameters"
                if isinstance(module, nn.MultiheadAttention)
                else ("reset_parameters")
            )
            reset = getattr(module, name, None)
            if callable(reset):
                reset()
                continue
            for parameter in module._parameters.values():
                if parameter is not None:
                    order = torch.randperm(parameter.numel(), generator=generator, device="cpu")
                    parameter.copy_(parameter.flatten()[order].view_as(parameter))
    return stranger
