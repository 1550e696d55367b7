"""``python -m atlas_widget human-check``: a page on which humans tell pictures by real crops."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from atlas_widget.cli.options import MODEL_FORMS, positive
from atlas_widget.cli.outcomes import describe_outcomes
from atlas_widget.cli.pages import add_page_options, load_atlas, open_widget
from atlas_widget.errors import AtlasError

__all__ = ["add_command"]

_DESCRIPTION = """\
Write a page on which humans choose which of two real crops belongs to a cell's picture, and score
the answers that it gives. The page opens by a double click, sends nothing, and saves a CSV.
"""

_EXAMPLES = """\
examples:
  python -m atlas_widget human-check atlases/inception4c --out check.html \\
      --model torchvision:googlenet --images ~/photos --trials 60
  python -m atlas_widget human-check --answers *.csv --page check.html --judge demo
"""


def add_command(commands: Any) -> None:
    """Add the command to a parser's."""
    parser = commands.add_parser(
        "human-check",
        help="write a check of pictures by humans, or score its answers",
        description=_DESCRIPTION,
        epilog=f"{MODEL_FORMS}\n{_EXAMPLES}\n{describe_outcomes()}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--out", type=Path, default=Path("check.html"), metavar="FILE",
        help="where to (default: check.html)",
    )  # fmt: skip
    parser.add_argument("--trials", type=positive, default=40, metavar="N", help="(default: 40)")
    parser.add_argument(
        "--difficulty",
        default="random",
        help="random: the other crop is of any cell (the default); near: of one that is like it",
    )
    parser.add_argument("--overwrite", action="store_true", help="replace a file that is there")
    answers = parser.add_argument_group("to score answers")
    answers.add_argument("--answers", nargs="+", metavar="CSV", help="what the page has given")
    answers.add_argument("--page", metavar="FILE", help="the page, for --judge")
    answers.add_argument("--judge", metavar="MODEL", help="a second network that answers, too")
    add_page_options(parser, required=False)
    parser.set_defaults(run=run)


def run(given: argparse.Namespace) -> None:
    """Write a page, or print the scores."""
    if given.answers is not None:
        _score(given)
        return
    if given.folder is None or given.model is None:
        raise AtlasError(
            "A check needs the FOLDER of an atlas and --model, which makes its pictures; or "
            "--answers, to score those."
        )
    from atlas_widget.page import check_target

    check_target(given.out, overwrite=given.overwrite)  # before minutes of rendering
    widget = open_widget(given, load_atlas(given))
    try:
        print(
            widget.human_check(
                given.out,
                given.trials,
                difficulty=given.difficulty,
                seed=given.seed,
                overwrite=given.overwrite,
            )
        )
    finally:
        widget.close()


def _score(given: argparse.Namespace) -> None:
    from atlas_widget.cli.models import load_model
    from atlas_widget.forced_choice import legibility

    judge = None if given.judge is None else load_model(given.judge).model
    print(legibility(given.answers, given.page, judge=judge, device=given.device))
