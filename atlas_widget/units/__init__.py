"""The units of a network: exact examples and statistics over images, and matches between networks.

A unit is one channel of a layer's map, one dimension of its tokens, or one number of its vector.
"""

from atlas_widget.units.matching import UnitMatches, match_units
from atlas_widget.units.scan import scan_units
from atlas_widget.units.unit_scan import UnitScan

__all__ = ["UnitMatches", "UnitScan", "match_units", "scan_units"]
