"""``python -m atlas_widget export``: a saved atlas as one HTML file."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from atlas_widget.cli.options import MODEL_FORMS
from atlas_widget.cli.outcomes import describe_outcomes
from atlas_widget.cli.pages import add_page_options, load_atlas, write

__all__ = ["add_command"]

_DESCRIPTION = """\
Write a saved atlas as one HTML file that opens by a double click and needs no kernel, no server and
no network. Without --model it has the pictures that a widget has made of this atlas before; with
--model, those that are missing are made, which takes about a second each on a CPU.
"""

_EXAMPLES = """\
examples:
  python -m atlas_widget export atlases/inception4c --html
  python -m atlas_widget export atlases/inception4c --html --crops --out page.html
  python -m atlas_widget export atlases/inception4c --html --model torchvision:googlenet \\
      --images ~/photos --grids 20 40 80 --max-mb 60
"""


def add_command(commands: Any) -> None:
    """Add the command to a parser's."""
    from atlas_widget.atlas.defaults import MAX_PAGE_MB

    parser = commands.add_parser(
        "export",
        help="write a saved atlas as one HTML file",
        description=_DESCRIPTION,
        epilog=f"{MODEL_FORMS}\n{_EXAMPLES}\n{describe_outcomes()}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--html", action="store_true", required=True, help="the format; there is no other so far"
    )
    parser.add_argument(
        "--out",
        type=Path,
        metavar="FILE",
        help="where to (default: the layer's name with .html, in the working folder)",
    )
    parser.add_argument(
        "--crops",
        action=argparse.BooleanOptionalAction,
        help="put parts of the images into the page, without metadata (default: only of the "
        "photos that this package ships)",
    )
    parser.add_argument(
        "--max-mb",
        type=float,
        default=MAX_PAGE_MB,
        metavar="N",
        help=f"megabytes that the file may have (default: {MAX_PAGE_MB:g})",
    )
    parser.add_argument("--overwrite", action="store_true", help="replace a file that is there")
    add_page_options(parser)
    parser.set_defaults(run=run)


def run(given: argparse.Namespace) -> None:
    """Write the page, and print what is in it."""
    from atlas_widget.atlas.storage import layer_folder
    from atlas_widget.page import check_target

    atlas = load_atlas(given)
    path = given.out if given.out is not None else Path(f"{layer_folder(atlas.layer)}.html")
    check_target(path, overwrite=given.overwrite)  # before minutes of rendering
    written = write(
        given,
        atlas,
        path,
        crops=given.crops,
        max_mb=given.max_mb,
        overwrite=given.overwrite,
    )
    print(written)
