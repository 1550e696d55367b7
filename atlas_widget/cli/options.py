"""Options that several commands take, and how they are read."""

from __future__ import annotations

import argparse

__all__ = ["MODEL_FORMS", "add_model_options", "fraction", "positive", "whole"]

MODEL_FORMS = """\
models:
  torchvision:googlenet       with its default weights, transform and labels
  timm:resnet50.a1_in1k       the same of timm
  mypackage.nets:make_net     a function without arguments that returns the model
  nets.py:make_net            the same in a file
  demo                        EfficientNet-Lite0, as in the quickstart

weights:
  by default the library's own, which may have to be downloaded;
  --weights IMAGENET1K_V1     one of several that torchvision has
  --weights random            none, drawn with --seed
  --weights net.pt            a state_dict from a file; nothing but tensors is read
"""


def add_model_options(parser: argparse.ArgumentParser, *, required: bool = True) -> None:
    """Add what names a model."""
    model = parser.add_argument_group("model")
    model.add_argument("--model", required=required, metavar="MODEL", help="see below")
    model.add_argument("--weights", metavar="WEIGHTS", help="see below")
    model.add_argument(
        "--seed",
        type=whole,
        default=0,
        metavar="N",
        help="of crops, positions, layout and random weights (default: 0)",
    )


def whole(text: str) -> int:
    """Read a whole number of at least 0."""
    return _number(text, 0)


def positive(text: str) -> int:
    """Read a whole number of at least 1, which may have underscores or commas: 1,000,000."""
    return _number(text, 1)


def fraction(text: str) -> float:
    """Read a number from 0 to 1."""
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0.0 <= value <= 1.0:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 0 to 1")
    return value


def _number(text: str, least: int) -> int:
    try:
        value = int(text.replace(",", ""))
    except ValueError:
        value = least - 1
    if value < least:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number of at least {least}")
    return value
