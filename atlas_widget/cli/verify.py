"""``python -m atlas_widget verify``: a figure made again from its record, and compared."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from atlas_widget.cli.build import as_images, as_labels, as_transform
from atlas_widget.cli.models import load_model
from atlas_widget.cli.options import MODEL_FORMS, add_model_options
from atlas_widget.cli.outcomes import describe_outcomes
from atlas_widget.errors import FigureDiffersError

__all__ = ["add_command"]

_DESCRIPTION = """\
Make a figure again from the record that it carries: activations, layout and pictures, none of it
from a cache. On the same kind of machine and with the same versions it comes out the same, to the
byte; else this says what differs, and by how much.
"""

_EXAMPLES = """\
examples:
  python -m atlas_widget verify figure.svg --model torchvision:googlenet --images ~/photos
  python -m atlas_widget verify figure.png --model demo
  python -m atlas_widget verify figure.pdf --model nets.py:make_net --images ~/photos \\
      --atlas atlases/layer3
"""


def add_command(commands: Any) -> None:
    """Add the command to a parser's."""
    parser = commands.add_parser(
        "verify",
        help="make a figure again from its record, and compare",
        description=_DESCRIPTION,
        epilog=f"{MODEL_FORMS}\n{_EXAMPLES}\n{describe_outcomes()}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("figure", metavar="FIGURE", help="an exported SVG, PNG or PDF")
    add_model_options(parser)
    inputs = parser.add_argument_group("what the figure was made of")
    inputs.add_argument(
        "--images", metavar="IMAGES", help="as for `build` (default: the photos that this ships)"
    )
    inputs.add_argument("--transform", metavar="nets.py:NAME", help="as for `build`")
    inputs.add_argument("--labels", type=Path, metavar="FILE", help="as for `build`")
    inputs.add_argument(
        "--atlas",
        metavar="FOLDER",
        help="the saved atlas: its layout is taken as it is, only the pictures are made again",
    )
    inputs.add_argument(
        "--judge", metavar="MODEL", help="the second network that looked at the pictures"
    )
    inputs.add_argument("--device", metavar="DEVICE", help="by default the figure's")
    parser.add_argument(
        "--anyway",
        action="store_true",
        help="compare even with other weights or images (copies of files count as others)",
    )
    parser.add_argument("--quiet", action="store_true", help="no progress")
    parser.set_defaults(run=run)


def run(given: argparse.Namespace) -> None:
    """Verify a figure, and print what came of it."""
    from atlas_widget.figures.reading import read_figure
    from atlas_widget.verification import verify_figure

    read_figure(Path(given.figure).expanduser())  # before a model is loaded
    loaded = load_model(given.model, given.weights, given.seed)
    found = verify_figure(
        given.figure,
        loaded.model,
        None if given.images is None else as_images(given.images),
        transform=as_transform(given.transform, loaded),
        labels=loaded.labels if given.labels is None else as_labels(given.labels),
        atlas=given.atlas,
        judge=None if given.judge is None else load_model(given.judge, seed=given.seed).model,
        device=given.device,
        anyway=given.anyway,
        progress=not given.quiet,
    )
    if not found.passed:
        raise FigureDiffersError(str(found))
    print(found)
