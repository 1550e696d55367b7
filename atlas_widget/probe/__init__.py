"""Access to the user's model: its layers, its activations, its derivatives."""

from atlas_widget.probe.graph import GraphNode, LayerGraph, layer_graph
from atlas_widget.probe.layer_probe import LayerProbe
from atlas_widget.probe.layers import LayerInfo, LayerList, list_layers
from atlas_widget.probe.preprocessing import Preprocessing, resolve_transform
from atlas_widget.probe.private_model import PrivateModel

__all__ = [
    "GraphNode",
    "LayerGraph",
    "LayerInfo",
    "LayerList",
    "LayerProbe",
    "Preprocessing",
    "PrivateModel",
    "layer_graph",
    "list_layers",
    "resolve_transform",
]
