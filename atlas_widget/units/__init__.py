"""The units of a network: examples and statistics over images, tuning, matches between networks.

A unit is one channel of a layer's map, one dimension of its tokens, or one number of its vector.
"""

from atlas_widget.units.kernels import expanded_weights, unit_kernel
from atlas_widget.units.matching import UnitMatches, match_units
from atlas_widget.units.scan import scan_units
from atlas_widget.units.tuning_curves import Band, Tuning, scrambled_band, tuning
from atlas_widget.units.unit_scan import UnitScan
from atlas_widget.units.wiring import unit_inputs, unit_outputs

__all__ = [
    "Band",
    "Tuning",
    "UnitMatches",
    "UnitScan",
    "expanded_weights",
    "match_units",
    "scan_units",
    "scrambled_band",
    "tuning",
    "unit_inputs",
    "unit_kernel",
    "unit_outputs",
]
