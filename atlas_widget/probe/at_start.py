"""Recognition of models that are as they were made: weights that training would have changed."""

from __future__ import annotations

from torch import Tensor, nn

__all__ = ["normalization_at_start"]


def normalization_at_start(model: nn.Module) -> bool:
    """Tell whether all normalisation layers are as they are made: training changes them at once.

    A layer is as it is made if its scales are all alike (1, or 0 where residual branches start
    without effect), its offsets 0, and its running mean and variance, if it has them, 0 and 1.

    Parameters
    ----------
    model : nn.Module

    Returns
    -------
    bool
        False also for a model without normalisation layers that could be trained: whether it was
        does not show there.
    """
    found = False
    for module in model.modules():
        if not _is_normalization(module):
            continue
        scale, offset = (module._parameters.get(name) for name in ("weight", "bias"))
        mean, variance = (module._buffers.get(name) for name in ("running_mean", "running_var"))
        if scale is None and mean is None:
            continue  # it has nothing that training changes
        found = True
        at_start = (
            (scale is None or _all_alike(scale, (0.0, 1.0)))
            and (offset is None or _all_alike(offset, (0.0,)))
            and (mean is None or _all_alike(mean, (0.0,)))
            and (variance is None or _all_alike(variance, (1.0,)))
        )
        if not at_start:
            return False
    return found


def _is_normalization(module: nn.Module) -> bool:
    # by name: timm, transformers and many others have normalisation layers of their own
    return "norm" in type(module).__name__.lower() and not module._modules


def _all_alike(values: Tensor, accepted: tuple[float, ...]) -> bool:
    return any(bool((values.detach() == value).all()) for value in accepted)
