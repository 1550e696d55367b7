"""The command line: ``python -m atlas_widget build …`` and ``layers …``."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from atlas_widget.cli import build, layers
from atlas_widget.cli.outcomes import INTERRUPTED, USAGE, describe_outcomes, outcome_of
from atlas_widget.errors import AtlasError

__all__ = ["main"]


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
        epilog=describe_outcomes(),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    build.add_command(commands)
    layers.add_command(commands)
    return parser
