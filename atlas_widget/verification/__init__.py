"""Figures proved: made again from the record that they carry, and compared picture by picture."""

from atlas_widget.verification.result import Verification
from atlas_widget.verification.verify import verify_figure

__all__ = ["Verification", "verify_figure"]
