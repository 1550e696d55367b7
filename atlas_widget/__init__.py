"""Activation atlases of your own PyTorch vision model, in a notebook.

``AtlasWidget(model, layer)`` shows what a layer has learned; the engine behind it works without
Jupyter. Names are imported when they are first used, so that ``import atlas_widget`` stays light.
"""

from __future__ import annotations

from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from atlas_widget import demo as demo
    from atlas_widget.atlas import Atlas as Atlas
    from atlas_widget.attribution import attribute as attribute
    from atlas_widget.attribution import attribution_map as attribution_map
    from atlas_widget.attribution import channel_attribution as channel_attribution
    from atlas_widget.attribution import similarity_to as similarity_to
    from atlas_widget.causes import ablate as ablate
    from atlas_widget.causes import find_cues as find_cues
    from atlas_widget.causes import paste as paste
    from atlas_widget.causes import patch_test as patch_test
    from atlas_widget.causes import predict as predict
    from atlas_widget.causes import steer as steer
    from atlas_widget.classes import class_atlas as class_atlas
    from atlas_widget.classes import compare_classes as compare_classes
    from atlas_widget.classes import sample_attributions as sample_attributions
    from atlas_widget.comparison import AtlasComparison as AtlasComparison
    from atlas_widget.comparison import AtlasSeries as AtlasSeries
    from atlas_widget.comparison import compare_atlases as compare_atlases
    from atlas_widget.comparison import compare_series as compare_series
    from atlas_widget.errors import AtlasError as AtlasError
    from atlas_widget.forced_choice import legibility as legibility
    from atlas_widget.inversion import caricature as caricature
    from atlas_widget.inversion import deepdream as deepdream
    from atlas_widget.inversion import invert as invert
    from atlas_widget.probe import LayerProbe as LayerProbe
    from atlas_widget.probe import layer_graph as layer_graph
    from atlas_widget.probe import list_layers as list_layers
    from atlas_widget.reading import activation_groups as activation_groups
    from atlas_widget.reading import find_shared_groups as find_shared_groups
    from atlas_widget.reading import read_image as read_image
    from atlas_widget.units import UnitScan as UnitScan
    from atlas_widget.units import expanded_weights as expanded_weights
    from atlas_widget.units import match_units as match_units
    from atlas_widget.units import scan_units as scan_units
    from atlas_widget.units import tuning as tuning
    from atlas_widget.units import unit_directions as unit_directions
    from atlas_widget.units import unit_inputs as unit_inputs
    from atlas_widget.units import unit_kernel as unit_kernel
    from atlas_widget.units import unit_outputs as unit_outputs
    from atlas_widget.units import with_directions as with_directions
    from atlas_widget.verification import verify_figure as verify_figure
    from atlas_widget.widget import AtlasWidget as AtlasWidget

try:
    __version__ = version("atlas-widget")
except PackageNotFoundError:  # used from a checkout that was never installed
    __version__ = "0.0.0"

_HOMES = {
    "Atlas": "atlas_widget.atlas",
    "AtlasComparison": "atlas_widget.comparison",
    "AtlasError": "atlas_widget.errors",
    "AtlasSeries": "atlas_widget.comparison",
    "AtlasWidget": "atlas_widget.widget",
    "LayerProbe": "atlas_widget.probe",
    "UnitScan": "atlas_widget.units",
    "ablate": "atlas_widget.causes",
    "activation_groups": "atlas_widget.reading",
    "attribute": "atlas_widget.attribution",
    "attribution_map": "atlas_widget.attribution",
    "caricature": "atlas_widget.inversion",
    "channel_attribution": "atlas_widget.attribution",
    "class_atlas": "atlas_widget.classes",
    "compare_atlases": "atlas_widget.comparison",
    "compare_classes": "atlas_widget.classes",
    "compare_series": "atlas_widget.comparison",
    "deepdream": "atlas_widget.inversion",
    "expanded_weights": "atlas_widget.units",
    "find_cues": "atlas_widget.causes",
    "find_shared_groups": "atlas_widget.reading",
    "invert": "atlas_widget.inversion",
    "layer_graph": "atlas_widget.probe",
    "legibility": "atlas_widget.forced_choice",
    "list_layers": "atlas_widget.probe",
    "match_units": "atlas_widget.units",
    "paste": "atlas_widget.causes",
    "patch_test": "atlas_widget.causes",
    "predict": "atlas_widget.causes",
    "read_image": "atlas_widget.reading",
    "sample_attributions": "atlas_widget.classes",
    "scan_units": "atlas_widget.units",
    "similarity_to": "atlas_widget.attribution",
    "steer": "atlas_widget.causes",
    "tuning": "atlas_widget.units",
    "unit_directions": "atlas_widget.units",
    "unit_inputs": "atlas_widget.units",
    "unit_kernel": "atlas_widget.units",
    "unit_outputs": "atlas_widget.units",
    "verify_figure": "atlas_widget.verification",
    "with_directions": "atlas_widget.units",
}

__all__ = [*sorted(_HOMES), "__version__", "demo"]


def __getattr__(name: str) -> Any:
    if name == "demo":
        return import_module("atlas_widget.demo")
    if name not in _HOMES:
        raise AttributeError(f"module 'atlas_widget' has no attribute {name!r}")
    if name != "AtlasError":
        import_module("atlas_widget.terminal").announce_imports()
    value = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
