"""Choice of the layers of a model that are worth listing first: its blocks."""

from __future__ import annotations

from torch import nn

from atlas_widget.probe.private_copy import unwrapped

__all__ = ["block_names"]

_MAX_SHARE = 0.12  # of all modules without children: larger parts are taken apart
_MAX_SIZE = 8  # modules without children: smaller parts are blocks, whatever their share
_PLUMBING = (nn.Identity, nn.Dropout, nn.Dropout2d, nn.Flatten)


def block_names(model: nn.Module) -> list[str]:
    """Return the names of a model's blocks, in the order in which they are defined.

    From the model down, whatever holds more than an eighth of all its elementary modules is taken
    apart: a ResNet's stages into residual blocks, a transformer's encoder into its layers, VGG's
    features into convolutions. Of single modules those without weights (activations, dropout) and
    normalisations are left out.

    Parameters
    ----------
    model
        Any vision model; nothing is run.
    """
    model = unwrapped(model)
    total = max(_size(model), 1)
    found: list[str] = []

    def add(module: nn.Module, name: str) -> None:
        size = _size(module)
        children = [(part, child) for part, child in module.named_children()]
        if not children:
            if _matters(module):
                found.append(name)
        elif not name or (size > _MAX_SIZE and size > _MAX_SHARE * total) or _only_holds(module):
            for part, child in children:
                add(child, f"{name}.{part}" if name else part)
        else:
            found.append(name)

    add(model, "")
    return found


def _size(module: nn.Module) -> int:
    """Return the number of modules without children."""
    return sum(1 for part in module.modules() if next(part.children(), None) is None)


def _only_holds(module: nn.Module) -> bool:
    """Return True for lists of modules, which do not run themselves."""
    return isinstance(module, nn.ModuleList | nn.ModuleDict)


def _matters(module: nn.Module) -> bool:
    """Return True for single modules with weights, other than normalisations."""
    if isinstance(module, _PLUMBING) or "Norm" in type(module).__name__:
        return False
    return next(module.parameters(recurse=False), None) is not None
