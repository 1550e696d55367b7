"""``python -m atlas_widget layers``: which names can be given to ``--layers``."""

from __future__ import annotations

import argparse
from typing import Any

from atlas_widget.cli.models import load_model
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

    listed = list_layers(load_model(given.model, given.weights, given.seed).model)
    width = max((len(info.name) for info in listed), default=0)
    for info in listed:
        print(f"{info.name:<{width}}  {info.type}")
