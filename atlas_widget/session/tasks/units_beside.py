"""Comparison of the units of the layer with those of another network, as a task."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from atlas_widget.progress import CancelledCallback, ProgressCallback, progress_of_part
from atlas_widget.session.tasks.other_network import open_other
from atlas_widget.session.tasks.task import Material

if TYPE_CHECKING:
    from torch import nn

    from atlas_widget.probe import LayerProbe
    from atlas_widget.units import UnitMatches, UnitScan

__all__ = ["UnitsBeside", "UnitsComparison"]


@dataclass(frozen=True)
class UnitsBeside:
    """The units of another network beside those of the layer.

    Attributes
    ----------
    name
        The other network's name.
    layer
        The layer that it was compared with: the one of this network.
    scan
        The scan of the other network's layer.
    matches
        The best match of each unit, and those that have none.
    probe
        The other network's layer; whoever shows this closes it.
    """

    name: str
    layer: str
    scan: UnitScan
    matches: UnitMatches
    probe: LayerProbe


@dataclass(frozen=True)
class UnitsComparison:
    """Scan the same images with both networks, and match their units.

    Attributes
    ----------
    model
        The other network.
    layer
        Its layer; None: the one of the same name.
    transform
        See :class:`~atlas_widget.probe.LayerProbe`; None: the one that the other network names,
        else that of the layer.
    name
        What the other network is called.
    """

    model: nn.Module
    layer: str | None
    transform: Any
    name: str

    def __call__(
        self, material: Material, progress: ProgressCallback, cancelled: CancelledCallback
    ) -> UnitsBeside:
        """Scan and match."""
        from atlas_widget.units import match_units
        from atlas_widget.units.scan import scan_probes

        own, source = material.probe, material.images
        other = open_other(own, self.model, self.layer, self.transform)
        try:
            scans = [
                scan_probes(
                    [probe],
                    source,
                    progress=progress_of_part(progress, number, 2),
                    cancelled=cancelled,
                )
                for number, probe in enumerate((own, other))
            ]
            matches = match_units(scans[0], own.layer, scans[1], other.layer)
        except BaseException:
            other.close()
            raise
        return UnitsBeside(self.name, own.layer, scans[1], matches, other)
