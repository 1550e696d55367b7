"""The command line: ``python -m atlas_widget build …``, ``view …``, ``export …`` and so on."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from atlas_widget import __version__
from atlas_widget.cli import build, export, human_check, info, layers, verify, view
from atlas_widget.cli.outcomes import INTERRUPTED, USAGE, describe_outcomes, outcome_of
from atlas_widget.errors import AtlasError

__all__ = ["main"]

EXAMPLES = """\
examples:
  python -m atlas_widget layers --model torchvision:resnet50
  python -m atlas_widget build --model torchvision:resnet50 --layers layer3 layer4 \\
      --images ~/photos --out ~/atlases
  python -m atlas_widget build --help
  python -m atlas_widget view ~/atlases/layer3
  python -m atlas_widget export ~/atlases/layer3 --html
  python -m atlas_widget verify figure.svg --model torchvision:resnet50 --images ~/photos

Then, in a notebook: AtlasWidget(model, "layer3", atlas="~/atlases/layer3", images="~/photos")
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return its exit code.

    Parameters
    ----------
    arguments : sequence of str, optional
        By default those of the process.
    """
    parser = _parser()
    try:
        given = parser.parse_args(arguments)
    except SystemExit as ended:  # --help, or arguments that are none
        return int(ended.code or 0) and USAGE
    try:
        given.run(given)
    except AtlasError as error:
        print(f"\n{error}", file=sys.stderr)
        return outcome_of(error)
    except KeyboardInterrupt:
        print("\nInterrupted. Run the same again: it goes on where it was.", file=sys.stderr)
        return INTERRUPTED
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m atlas_widget",
        description="Activation atlases of vision models, without a notebook.",
        epilog=f"{EXAMPLES}\n{describe_outcomes()}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"atlas_widget {__version__}")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    build.add_command(commands)
    layers.add_command(commands)
    view.add_command(commands)
    export.add_command(commands)
    verify.add_command(commands)
    human_check.add_command(commands)
    info.add_command(commands)
    return parser
