"""Opening of an image in a model, for reading."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import torch
from torch import nn

from atlas_widget.errors import AtlasError
from atlas_widget.probe import LayerProbe
from atlas_widget.probe.derivatives import MaxPool
from atlas_widget.probe.opening import opened
from atlas_widget.probe.several import open_layers
from atlas_widget.reading.groups import Groups, Order, find_groups
from atlas_widget.reading.image_reading import ImageReading
from atlas_widget.reading.one_image import as_one_image

__all__ = ["activation_groups", "read_image", "read_with_probes"]


def read_image(
    model: nn.Module,
    layers: str | Sequence[str],
    image: Any,
    *,
    labels: Sequence[str] | None = None,
    target: Any = None,
    max_pool: MaxPool = "plain",
    transform: Any = None,
    device: str | torch.device | None = None,
    input_size: int | None = None,
) -> ImageReading:
    """Read one image in some layers of a model, in one pass for all of them.

    What each position holds, what argues for a class, how layers feed each other, and which
    channels work together: the building blocks of "The Building Blocks of Interpretability" (Olah
    et al., Distill 2018), for any model.

    Parameters
    ----------
    model
        Any vision model; it is copied, never changed.
    layers
        Names from ``list_layers(model)``.
    image
        The path or the contents of a file, a PIL image or an array (h, w, 3): scaled and cropped in
        the middle to what the model takes. A tensor (3, h, w) with values in [0, 1] keeps its size.
    labels
        Names of the classes by number, so that they can be given by name.
    target
        What of the model's output is meant, where that is not scores of classes; see
        :func:`~atlas_widget.attribute`. Its parts are the classes then.
    max_pool
        How max pooling is differentiated; see :func:`~atlas_widget.attribution_map`.
    transform, device, input_size
        See :class:`~atlas_widget.probe.LayerProbe`.

    Returns
    -------
    ImageReading
        To be closed when it is no longer needed, or used in a ``with`` statement: it keeps a copy
        of the model and the pass.

    Raises
    ------
    LayerNotFoundError
        Naming the closest layers.
    ImagesError
        It is no single image that can be read.

    Examples
    --------
    >>> seen = read_image(model, ["layer2", "layer3"], "photo.jpg", labels=labels)
    >>> seen.dictionary("layer3", (4, 7))
    >>> seen.channels("layer3", "tabby", "tiger cat").table(4)
    >>> seen.groups("layer3", 6).attribution("tabby").table()
    """
    names = [layers] if isinstance(layers, str) else list(layers)
    if not names:
        raise AtlasError("layers=[]: one or more names of layers.")
    probes = open_layers(
        model,
        list(dict.fromkeys(names)),
        transform=transform,
        device=device,
        input_size=input_size,
        target=target,
    )
    try:
        reading = read_with_probes(probes, image, labels=labels, max_pool=max_pool, owned=True)
    except BaseException:
        for probe in probes:
            probe.close()
        raise
    for notice in reading.notices:
        warnings.warn(notice, stacklevel=2)
    return reading


def read_with_probes(
    probes: Sequence[LayerProbe],
    image: Any,
    *,
    labels: Sequence[str] | None = None,
    max_pool: MaxPool = "plain",
    owned: bool = False,
) -> ImageReading:
    """Do what :func:`read_image` does with probes of one model that are open already.

    Parameters
    ----------
    probes
        One for each layer.
    image, labels, max_pool
        As for :func:`read_image`.
    owned
        Whether closing the reading closes the probes.
    """
    one = as_one_image(image, probes[0].input_size)
    said = [notice for probe in probes for notice in probe.notices]
    return ImageReading(
        probes,
        one,
        labels=labels,
        max_pool=max_pool,
        notices=list(dict.fromkeys([*one.notices, *said])),
        owned=owned,
    )


def activation_groups(
    model: nn.Module | LayerProbe,
    layer: str | None,
    image: Any,
    n: int,
    *,
    order: Order = "strength",
    seed: int = 0,
    transform: Any = None,
    device: str | torch.device | None = None,
) -> Groups:
    """Find groups of channels that are active together in one image.

    Non-negative factorisation of the layer's map (positions × channels), as in "The Building Blocks
    of Interpretability" (Olah et al., Distill 2018); see `Groups`.

    Parameters
    ----------
    model, layer
        A model and the name of a layer; or a probe, and None.
    image
        As for :func:`read_image`.
    n
        Number of groups.
    order
        ``"strength"`` or ``"left to right"``.
    seed
        Of what is random in the factorisation's start.
    transform, device
        See :class:`~atlas_widget.probe.LayerProbe`.

    Returns
    -------
    Groups
    """
    with opened(model, layer, transform, device) as probe:
        rgb = as_one_image(image, probe.input_size).rgb
        with torch.no_grad():
            own = probe.plain(rgb)[0].cpu().double().numpy()
        return find_groups(own, n, layer=probe.layer, order=order, seed=seed)
