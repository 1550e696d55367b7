"""Causes, not only correlations: change something, and see what the network says then."""

from atlas_widget.causes.ablation import ablate, steer
from atlas_widget.causes.causal_test import CausalTest
from atlas_widget.causes.examples import Examples, examples_of

__all__ = ["CausalTest", "Examples", "ablate", "examples_of", "steer"]
