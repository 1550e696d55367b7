"""A copy of a model that has learned nothing: a control for what is seen in the model."""

from __future__ import annotations

import copy

import torch
from torch import nn

__all__ = ["untrained_copy"]


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
    # of the CPU alone: torch.manual_seed would begin those of the person's GPUs anew, too
    generator = torch.default_generator
    with torch.random.fork_rng(devices=[]), torch.no_grad():
        generator.manual_seed(seed)
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
