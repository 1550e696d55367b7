"""A JupyterLab server that shares nothing with the user's own.

Its settings, runtime files, workspaces, notebooks and picture cache live in a temporary folder.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import nbformat

CHECKOUT = Path(__file__).parents[2]
# JupyterLab shows news and looks for updates on first start; tests talk to nobody
SETTINGS = {
    "@jupyterlab/apputils-extension:notification": {
        "fetchNews": "false",
        "checkForUpdates": False,
    },
    "@jupyterlab/docmanager-extension:plugin": {"autosave": False},
}


class LabServer:
    """A JupyterLab of its own, below `folder`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.notebooks = folder / "notebooks"
        self.cache = folder / "cache"
        self.log = folder / "jupyter.log"
        self.url = ""
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, timeout: float = 60.0) -> None:
        """Start the server and wait until it answers."""
        config = self.folder / "config"
        overrides = config / "labconfig" / "default_setting_overrides.json"
        overrides.parent.mkdir(parents=True)
        overrides.write_text(json.dumps(SETTINGS), encoding="utf-8")
        self.notebooks.mkdir()
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        command = [
            *(sys.executable, "-m", "jupyter", "lab"),
            *("--no-browser", "--allow-root", "--ip=127.0.0.1", f"--port={port}"),
            f"--ServerApp.root_dir={self.notebooks}",
            "--ServerApp.port_retries=0",
            "--IdentityProvider.token=",
            "--ServerApp.password=",
            "--ServerApp.disable_check_xsrf=True",
            "--LabApp.expose_app_in_browser=True",
            "--JupyterNotebookApp.expose_app_in_browser=True",
            f"--LabApp.workspaces_dir={self.folder / 'workspaces'}",
            f"--LabApp.user_settings_dir={self.folder / 'settings'}",
        ]
        with self.log.open("wb") as log:
            self._process = subprocess.Popen(
                command,
                env=self._environment(config),
                cwd=self.notebooks,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        deadline = time.monotonic() + timeout
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                log_text = self.log.read_text(encoding="utf-8", errors="replace")
                raise RuntimeError(f"JupyterLab did not start. Its log:\n{log_text}")
            time.sleep(0.2)

    def stop(self) -> None:
        """End the kernels and the server."""
        if self._process is None:
            return
        self.shutdown_kernels()
        self._process.terminate()
        try:
            self._process.wait(timeout=15)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None

    def shutdown_kernels(self, name: str | None = None) -> None:
        """End a notebook's kernel, or all: one test's work shall not slow the next one down."""
        try:
            for session in self.request("GET", "/api/sessions"):
                if name is None or session["path"] == name:
                    self.request("DELETE", f"/api/sessions/{session['id']}")
        except (urllib.error.URLError, OSError):
            pass  # the server is going down, and takes its kernels along

    def request(self, method: str, path: str) -> Any:
        """Call the server's REST interface."""
        request = urllib.request.Request(self.url + path, method=method)
        # no proxy: the address is this machine's
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(request, timeout=30) as response:
            body = response.read()
        return json.loads(body) if body else None

    def write(self, name: str, cells: Sequence[str]) -> str:
        """Write a notebook of code cells; return its name."""
        notebook = nbformat.v4.new_notebook(
            cells=[nbformat.v4.new_code_cell(source) for source in cells],
            metadata={"kernelspec": {"name": "python3", "display_name": "Python 3"}},
        )
        nbformat.write(notebook, self.notebooks / name)
        return name

    def _answers(self) -> bool:
        try:
            self.request("GET", "/api/status")
        except (urllib.error.URLError, OSError):
            return False
        return True

    def _environment(self, config: Path) -> dict[str, str]:
        return {
            **checkout_environment(self.cache),
            "JUPYTER_CONFIG_DIR": str(config),
            "JUPYTER_DATA_DIR": str(self.folder / "data"),
            "JUPYTER_RUNTIME_DIR": str(self.folder / "runtime"),
            "IPYTHONDIR": str(self.folder / "ipython"),
            # compiled once for all kernels of all tests
            "NUMBA_CACHE_DIR": str(self.folder / "numba"),
        }


def checkout_environment(cache: Path) -> dict[str, str]:
    """Return an environment whose kernels run this checkout and keep pictures in `cache`."""
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("JUPYTER", "IPYTHON", "ATLAS_WIDGET", "ANYWIDGET", "MARIMO"))
    }
    path = [str(CHECKOUT), environment.get("PYTHONPATH", "")]  # whatever else is installed
    return {
        **environment,
        "PYTHONPATH": os.pathsep.join(filter(None, path)),
        "ATLAS_WIDGET_CACHE": str(cache),
    }


def free_port() -> int:
    """Return a port of this machine that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
