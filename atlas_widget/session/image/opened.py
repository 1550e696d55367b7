"""The image that is open in a widget, the layers it is read in, and the reading itself."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from atlas_widget.errors import AtlasError

if TYPE_CHECKING:
    from torch import Tensor

    from atlas_widget.probe import LayerProbe
    from atlas_widget.reading import ImageReading

__all__ = ["MAX_LAYERS", "OpenImage", "OpenedImage", "default_layers"]

MAX_LAYERS = 5
"""The most layers that an image is read in at a time."""

_USUAL_LAYERS = 4
_MAX_MAP_SIDE = 28  # positions on a side of layers that are chosen unasked
_KEPT_PROBES = 8


@dataclass(frozen=True)
class OpenedImage:
    """An image as the model is given it.

    Attributes
    ----------
    rgb
        RGB in [0, 1], (1, 3, h, w).
    name
        The name that it is shown under; may be empty.
    notices
        Remarks about it.
    place
        A place in it to look at first, (x, y) in fractions; None: there is none.
    """

    rgb: Tensor
    name: str
    notices: tuple[str, ...] = ()
    place: tuple[float, float] | None = None


class OpenImage:
    """Keeps the open image and its reading while layers of the atlas are switched.

    All methods are called on the worker's thread.

    Parameters
    ----------
    first
        Returns the layer that the atlas is of.
    labels
        Returns the names of the classes; empty if there are none.

    Attributes
    ----------
    image
        The image; None if none is open.
    beside
        A second image, whose positions are compared with those of the first; None if there is none.
    arrived
        Whether an image was opened from Python that no front end has heard of.
    """

    def __init__(self, first: Callable[[], LayerProbe], labels: Callable[[], list[str]]) -> None:
        self._first = first
        self._labels = labels
        self._probes: dict[str, LayerProbe] = {}
        self._chosen: tuple[str, ...] = ()
        self._reading: ImageReading | None = None
        self._other: ImageReading | None = None
        self.image: OpenedImage | None = None
        self.beside: OpenedImage | None = None
        self.arrived = False
        self._serial = 0

    def next_serial(self) -> int:
        """Return a number under which an image is shown that no other was shown under."""
        self._serial += 1
        return self._serial

    def open(self, image: OpenedImage | None, *, beside: bool = False) -> None:
        """Open another image, or none."""
        if beside:
            self.beside, self._other = image, None
        else:
            self.image, self._reading = image, None

    def choose(self, layers: Sequence[str]) -> None:
        """Read in these layers from now on.

        Raises
        ------
        AtlasError
            There are none, or too many of them.
        """
        names = tuple(dict.fromkeys(layers))
        if not 1 <= len(names) <= MAX_LAYERS:
            raise AtlasError(f"{len(names)} layers: an image is read in 1 to {MAX_LAYERS} layers.")
        if set(names) != set(self._chosen):
            self._reading = self._other = None
        self._chosen = names

    def prepare(self) -> bool:
        """Open one of the layers that are not open yet; return False if all are."""
        for layer in self._layers():
            if layer not in self._probes:
                self._open(layer)
                return True
        return False

    @property
    def reading(self) -> ImageReading:
        """The image in the chosen layers; raises if no image is open."""
        if self._reading is None:
            self._reading = self._read(self.image)
        return self._reading

    @property
    def other_reading(self) -> ImageReading | None:
        """The second image in the same layers; None if there is none."""
        if self._other is None and self.beside is not None:
            self._other = self._read(self.beside)
        return self._other

    def close(self) -> None:
        """Close the layers."""
        self._reading = self._other = None
        for probe in self._probes.values():
            probe.close()
        self._probes = {}

    def _read(self, image: OpenedImage | None) -> ImageReading:
        from atlas_widget.reading import read_with_probes

        if image is None:
            raise AtlasError("No image is open: w.open_image(photo) opens one.")
        while self.prepare():
            pass
        probes = [self._probes[layer] for layer in self._layers()]
        return read_with_probes(probes, image.rgb, labels=self._labels() or None)

    def _layers(self) -> tuple[str, ...]:
        if not self._chosen:
            self._chosen = default_layers(self._first())
        return self._chosen

    def _open(self, layer: str) -> None:
        from atlas_widget.probe import LayerProbe

        for unused in [name for name in self._probes if name not in self._chosen]:
            if len(self._probes) < _KEPT_PROBES:
                break
            self._probes.pop(unused).close()
        self._probes[layer] = LayerProbe(self._first().private_model, layer)


def default_layers(probe: LayerProbe) -> tuple[str, ...]:
    """Return the layers that an image is read in if none are chosen: the probe's, and some others.

    The others lie evenly between the first and the last block with a map of at most 28 positions a
    side, or of any size if there are none; layers without positions do not tell where in an image
    something is.
    """
    from atlas_widget.probe.blocks import block_names
    from atlas_widget.probe.graph import graph_of

    private, layer = probe.private_model, probe.layer
    own = layer.partition(":")[0]
    names = list(dict.fromkeys([*block_names(private.network.module), own]))
    try:
        nodes = graph_of(private, names).nodes
    except AtlasError:
        return (layer,)
    shapes = {node.name: node.shape for node in nodes}
    placed = [name for name, shape in shapes.items() if _side(shape) > 1 or name == own]
    small = [name for name in placed if _side(shapes[name]) <= _MAX_MAP_SIDE or name == own]
    usable = small if len(small) > 1 else placed
    if own not in usable:
        usable.append(own)
    at = np.linspace(0, len(usable) - 1, min(_USUAL_LAYERS, len(usable))).round().astype(int)
    chosen = [usable[number] for number in at]
    if own not in chosen:
        chosen[int(np.abs(at - usable.index(own)).argmin())] = own
    return tuple(layer if name == own else name for name in chosen)


def _side(shape: tuple[int, ...]) -> int:
    """Return the positions on the longer side of a map, or of one side of square tokens."""
    if len(shape) == 3:
        return max(shape[1:])
    return round(shape[0] ** 0.5) if len(shape) == 2 else 1
