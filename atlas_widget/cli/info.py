"""``python -m atlas_widget info``: the versions that a report of a fault needs."""

from __future__ import annotations

import argparse
import platform
from importlib.metadata import PackageNotFoundError, version
from typing import Any

__all__ = ["add_command", "versions"]

_PACKAGES = (
    "atlas-widget", "torch", "torchvision", "numpy", "pillow", "ipywidgets", "anywidget",
    "traitlets", "ipykernel", "jupyterlab", "notebook", "marimo", "timm", "transformers", "ray",
)  # fmt: skip


def add_command(commands: Any) -> None:
    """Add the command to a parser's."""
    parser = commands.add_parser(
        "info",
        help="print the versions of all that matters, for a report",
        description="Print the versions of this package, of what it stands on and of the machine.",
    )
    parser.set_defaults(run=run)


def run(given: argparse.Namespace) -> None:
    """Print a line for each."""
    del given
    listed = versions()
    width = max(map(len, listed))
    for name, value in listed.items():
        print(f"{name:<{width}}  {value}")


def versions() -> dict[str, str]:
    """Return the versions of the packages that matter, of Python, the system and the GPU."""
    found = {"Python": platform.python_version(), "system": platform.platform()}
    for package in _PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = "not installed"
    found["GPU"] = _gpu()
    return found


def _gpu() -> str:
    try:
        import torch
    except Exception as error:  # a broken installation is what this command is to show
        return f"unknown: torch cannot be imported ({type(error).__name__}: {error})"
    if not torch.cuda.is_available():
        return "none that torch can use"
    return f"{torch.cuda.get_device_name()}, CUDA {torch.version.cuda}"
