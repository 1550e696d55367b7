"""Causes, not only correlations: change something, and see what the network says then."""

from atlas_widget.causes.ablation import ablate, steer
from atlas_widget.causes.causal_test import CausalTest
from atlas_widget.causes.cue_report import Cue, CueReport
from atlas_widget.causes.cues import find_cues
from atlas_widget.causes.examples import Examples, examples_of
from atlas_widget.causes.pasting import paste
from atlas_widget.causes.patch_outcome import Outcome, PatchTest
from atlas_widget.causes.patches import patch_test, random_patches
from atlas_widget.causes.prediction import Prediction, predict

__all__ = [
    "CausalTest",
    "Cue",
    "CueReport",
    "Examples",
    "Outcome",
    "PatchTest",
    "Prediction",
    "ablate",
    "examples_of",
    "find_cues",
    "paste",
    "patch_test",
    "predict",
    "random_patches",
    "steer",
]
