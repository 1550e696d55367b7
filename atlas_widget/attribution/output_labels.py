"""Labels of a model's outputs: as given, as the model itself names them, or ImageNet's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from atlas_widget.errors import AtlasError
from atlas_widget.probe.model_name import model_name

if TYPE_CHECKING:
    from torch import nn

__all__ = ["resolve_labels"]


def resolve_labels(
    labels: Sequence[str] | Mapping[int, str] | None, classes: int | None, model: nn.Module
) -> tuple[list[str] | None, str | None]:
    """Check the labels of a model's outputs, or find them for a model of ImageNet's.

    Returns
    -------
    labels : list of str or None
        One for each output; None if they are not known, or there are no outputs.
    notice : str or None
        What was assumed, to be shown once.
    """
    if classes is None:
        return None, None
    if labels is None:
        labels = _own_labels(model, classes)
    if labels is None:
        if classes != 1000 or not _from_a_zoo(model):
            return None, None
        from atlas_widget import demo

        return demo.labels(), (
            f"ImageNet's labels are assumed for the 1,000 outputs of {model_name(model)}; "
            "pass labels= to change that."
        )
    if isinstance(labels, (str, bytes)):
        raise AtlasError(f"labels is a list of {classes:,} strings, not one string.")
    if isinstance(labels, Mapping):
        missing = [number for number in range(classes) if number not in labels]
        if missing:
            raise AtlasError(
                f"labels names {len(labels):,} of the model's {classes:,} outputs; "
                f"output {missing[0]} has none."
            )
        labels = [labels[number] for number in range(classes)]
    if len(labels) != classes:
        raise AtlasError(
            f"{len(labels):,} labels were given, but the model has {classes:,} outputs: "
            "labels needs one string for each, in their order."
        )
    return [str(label) for label in labels], None


def _own_labels(model: nn.Module, classes: int) -> list[str] | None:
    """Return what a timm model itself calls its outputs, where it says so."""
    config = getattr(model, "pretrained_cfg", None)
    names = config.get("label_names") if isinstance(config, Mapping) else None
    return list(names) if names is not None and len(names) == classes else None


def _from_a_zoo(model: nn.Module) -> bool:
    return type(model).__module__.startswith(("timm.", "torchvision.models"))
