"""Another network beside the one shown, given the same pictures."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from atlas_widget.errors import AtlasError

if TYPE_CHECKING:
    from atlas_widget.probe import LayerProbe

__all__ = ["open_other"]


def open_other(own: LayerProbe, model: Any, layer: str | None, transform: Any) -> LayerProbe:
    """Return a layer of another network; the caller closes it.

    Parameters
    ----------
    own
        The layer shown.
    model
        The other network; it is copied, never changed.
    layer
        Its layer; None: the one of the same name.
    transform
        See :class:`~atlas_widget.probe.LayerProbe`; None: the one that the other network names,
        else that of the layer shown.

    Raises
    ------
    AtlasError
        It is no network.
    LayerNotFoundError
        It has no such layer.
    """
    from torch import nn

    from atlas_widget.probe import LayerProbe
    from atlas_widget.probe.transforms import model_recipe

    if not isinstance(model, nn.Module):
        raise AtlasError(f"model must be a torch.nn.Module, not {type(model).__name__}.")
    size = None
    if transform is None and model_recipe(model).notice:  # it names none
        transform, size = own.preprocessing, own.input_size
    return LayerProbe(
        model, layer or own.layer, transform=transform, device=own.device, input_size=size
    )
