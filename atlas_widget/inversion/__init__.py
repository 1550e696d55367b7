"""Directions of a layer → pictures: objectives, parametrizations, transforms, one engine."""

from atlas_widget.inversion import objectives
from atlas_widget.inversion.dream import Dream, caricature, deepdream
from atlas_widget.inversion.engine import InversionEngine
from atlas_widget.inversion.invert import Icons, contact_sheet, invert
from atlas_widget.inversion.likeness import ranks
from atlas_widget.inversion.objectives import Objective, direction
from atlas_widget.inversion.opacity import WithOpacity
from atlas_widget.inversion.parametrizations import Fourier, Maco, Parametrization, Pixels
from atlas_widget.inversion.render import render
from atlas_widget.inversion.sanity import SanityCheck, sanity_check
from atlas_widget.inversion.settings import InversionSettings
from atlas_widget.inversion.state import InversionState
from atlas_widget.inversion.transforms import Transforms
from atlas_widget.inversion.whitening import Whitening

__all__ = [
    "Dream",
    "Fourier",
    "Icons",
    "InversionEngine",
    "InversionSettings",
    "InversionState",
    "Maco",
    "Objective",
    "Parametrization",
    "Pixels",
    "SanityCheck",
    "Transforms",
    "Whitening",
    "WithOpacity",
    "caricature",
    "contact_sheet",
    "deepdream",
    "direction",
    "invert",
    "objectives",
    "ranks",
    "render",
    "sanity_check",
]
