"""The layer before the ReLU of a layer, where its units have a negative side."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from atlas_widget.errors import AtlasError
from atlas_widget.session.pictures.engines import Engines

if TYPE_CHECKING:
    from atlas_widget.probe import LayerProbe

__all__ = ["BeforeRelu"]

log = logging.getLogger("atlas_widget")

_NONE = (
    "No negative picture: this layer has no negative activations, and what it rectifies is the "
    "output of no layer"
)


class BeforeRelu:
    """Opens the layer whose output a layer rectifies.

    It takes passes of the network, so make it on the worker, when it is needed.

    Parameters
    ----------
    probe
        The layer, which has no negative activations.

    Attributes
    ----------
    probe
        The layer before its ReLU; None if there is none.
    reason
        Why there is none, else empty.
    """

    def __init__(self, probe: LayerProbe) -> None:
        self.probe: LayerProbe | None = None
        self.reason = ""
        try:
            self.probe = _open(probe)
        except Exception as error:
            log.debug("The layer before the ReLU cannot be opened.", exc_info=error)
            expected = isinstance(error, AtlasError)
            self.reason = str(error) if expected else f"{type(error).__name__}: {error}"
        if self.probe is None:
            self.reason = self.reason or _NONE
        else:
            self.engines = Engines(self.probe)

    @property
    def layer(self) -> str:
        """Its name; empty if there is none."""
        return "" if self.probe is None else self.probe.layer

    def close(self) -> None:
        """Close the layer."""
        if self.probe is not None:
            self.probe.close()


def _open(probe: LayerProbe) -> LayerProbe | None:
    from atlas_widget.probe import LayerProbe
    from atlas_widget.probe.graph import rectified_by

    name = rectified_by(probe.private_model, probe.layer)
    if name is None:
        return None
    found = LayerProbe(probe.private_model, name)
    if (found.kind, found.channels) == (probe.kind, probe.channels):
        return found
    found.close()
    return None
