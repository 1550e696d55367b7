"""``python -m atlas_widget view``: a saved atlas in the browser, without a notebook."""

from __future__ import annotations

import argparse
import tempfile
import webbrowser
from pathlib import Path
from typing import Any

from atlas_widget.cli.options import MODEL_FORMS
from atlas_widget.cli.outcomes import describe_outcomes
from atlas_widget.cli.pages import add_page_options, load_atlas, write

__all__ = ["add_command"]

_DESCRIPTION = """\
Open a saved atlas in the default browser. Its page is a temporary file of yours alone, with the
real crops that the atlas keeps; to give an atlas to somebody, use `export`.
"""
_MAX_MB = 400.0  # it goes nowhere


def add_command(commands: Any) -> None:
    """Add the command to a parser's."""
    parser = commands.add_parser(
        "view",
        help="open a saved atlas in the browser",
        description=_DESCRIPTION,
        epilog=f"{MODEL_FORMS}\n{describe_outcomes()}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--no-browser", action="store_true", help="only write the page, and print where it is"
    )
    add_page_options(parser)
    parser.set_defaults(run=run)


def run(given: argparse.Namespace) -> None:
    """Write the page into a temporary folder, open it, and print where it is."""
    atlas = load_atlas(given)
    # mkdtemp's folders are for their owner alone
    path = Path(tempfile.mkdtemp(prefix="atlas_widget-")) / "atlas.html"
    try:
        written = write(given, atlas, path, crops=True, max_mb=_MAX_MB, overwrite=False)
    except BaseException:
        path.parent.rmdir()
        raise
    print(written)
    address = written.path.as_uri()
    if not given.no_browser and not webbrowser.open(address):
        print(f"No browser could be opened; open {address}")
