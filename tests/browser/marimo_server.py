"""A marimo server that shares nothing with the user's own."""

from __future__ import annotations

import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.browser.lab_server import checkout_environment, free_port

NOTEBOOK = """
import marimo

app = marimo.App()


@app.cell
def _():
{cell}
    return
"""


@contextmanager
def serve_marimo(folder: Path, cache: Path, cell: str, timeout: float = 60.0) -> Iterator[str]:
    """Serve a notebook of one cell, which runs by itself; yields its address."""
    notebook = folder / "atlas.py"
    indented = "\n".join(f"    {line}" for line in cell.splitlines())
    notebook.write_text(NOTEBOOK.format(cell=indented), encoding="utf-8")
    log = folder / "marimo.log"
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    environment = checkout_environment(cache)
    for name in ("CONFIG", "STATE", "CACHE"):
        environment[f"XDG_{name}_HOME"] = str(folder / name.lower())
    with log.open("wb") as output:
        process = subprocess.Popen(
            [
                *(sys.executable, "-m", "marimo", "run", str(notebook), "--headless"),
                *("--host=127.0.0.1", f"--port={port}", "--no-token"),
            ],
            env=environment,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        deadline = time.monotonic() + timeout
        while not _answers(address):
            if process.poll() is not None or time.monotonic() > deadline:
                log_text = log.read_text(encoding="utf-8", errors="replace")
                raise RuntimeError(f"marimo did not start. Its log:\n{log_text}")
            time.sleep(0.2)
        yield address
    finally:
        process.terminate()
        try:
            process.wait(timeout=15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _answers(address: str) -> bool:
    # no proxy: the address is this machine's
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        opener.open(f"{address}/health", timeout=30).close()
    except (urllib.error.URLError, OSError):
        return False
    return True
