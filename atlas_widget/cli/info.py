"""``python -m atlas_widget info``: the versions that a report of a fault needs."""

from __future__ import annotations

import argparse
import os
import platform
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

__all__ = ["add_command", "hosts", "versions"]

_PACKAGES = (
    "atlas-widget", "torch", "torchvision", "umap-learn", "numpy", "scipy", "scikit-learn",
    "pandas", "matplotlib", "pillow", "ipywidgets", "anywidget", "traitlets", "ipykernel",
    "jupyterlab", "notebook", "marimo", "timm", "transformers", "ray",
)  # fmt: skip

# Variables that hosts set in what they start; a terminal within JupyterLab has them too
_HOSTS = {
    "COLAB_RELEASE_TAG": "Google Colab",
    "KAGGLE_KERNEL_RUN_TYPE": "Kaggle",
    "DATABRICKS_RUNTIME_VERSION": "Databricks",
    "SM_CURRENT_HOST": "SageMaker",
    "BINDER_SERVICE_HOST": "Binder",
    "JUPYTERHUB_API_URL": "JupyterHub",
    "CODESPACES": "GitHub Codespaces",
    "VSCODE_PID": "VS Code",
    "JPY_SESSION_NAME": "Jupyter Server",
}


def add_command(commands: Any) -> None:
    """Add the command to a parser's."""
    parser = commands.add_parser(
        "info",
        help="print the versions of all that matters, for a report",
        description="Print the versions of this package, of what it stands on and of the machine, "
        "the host as far as the environment tells it, and where pictures are kept.",
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
    """Return the versions of what matters, the device, the host and the cache's folder."""
    found = {"Python": platform.python_version(), "system": platform.platform()}
    for package in _PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = "not installed"
    found["device"], found["GPU"] = _devices()
    found["host"] = ", ".join(hosts()) or "none recognised"
    found["cache"] = _cache()
    return found


def hosts() -> list[str]:
    """Return the hosts of notebooks that the environment shows signs of."""
    found = [name for variable, name in _HOSTS.items() if os.environ.get(variable)]
    if "marimo" in sys.modules:
        found.append("marimo")
    return found


def _devices() -> tuple[str, str]:
    try:
        import torch
    except Exception as error:  # a broken installation is what this command is to show
        failed = f"unknown: torch cannot be imported ({type(error).__name__}: {error})"
        return failed, failed
    if not torch.cuda.is_available():
        threads = torch.get_num_threads()
        return f"cpu, {os.cpu_count()} cores, {threads} threads", "none that torch can use"
    return "cuda", f"{torch.cuda.get_device_name()}, CUDA {torch.version.cuda}"


def _cache() -> str:
    """Return the cache's folder, without the user's name, and what cannot be done in it."""
    try:
        from atlas_widget.session.pictures.cache import cache_folder

        folder = cache_folder()
    except Exception as error:  # as above
        return f"unknown ({type(error).__name__}: {error})"
    home = Path.home()
    shown = Path("~", folder.relative_to(home)) if folder.is_relative_to(home) else folder
    there = next(place for place in (folder, *folder.parents) if place.exists())
    if not os.access(there, os.W_OK):
        return f"{shown} (cannot be written to)"
    return str(shown) if folder.exists() else f"{shown} (not there yet)"
