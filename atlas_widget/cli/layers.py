"""``python -m atlas_widget layers``: which names can be given to ``--layers``."""

from __future__ import annotations

import argparse
from typing import Any

from atlas_widget.cli.models import RANDOM, load_model
from atlas_widget.cli.options import MODEL_FORMS, add_model_options

__all__ = ["add_command"]


def add_command(commands: Any) -> None:
    """Add the command to a parser's."""
    parser = commands.add_parser(
        "layers",
        help="list the layers of a model",
        description="List every layer of a model that an atlas can be made of, by name and type.",
        epilog=MODEL_FORMS,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_model_options(parser)
    parser.set_defaults(run=run)


def run(given: argparse.Namespace) -> None:
    """Print the layers."""
    from atlas_widget.probe import list_layers

    library = given.model.partition(":")[0]
    # The names of layers do not depend on the weights, which would have to be downloaded.
    bare = given.weights is None and library in ("torchvision", "timm")
    weights = RANDOM if bare else given.weights
    listed = list_layers(load_model(given.model, weights, given.seed).model)
    width = max((len(info.name) for info in listed), default=0)
    for info in listed:
        print(f"{info.name:<{width}}  {info.type}")
