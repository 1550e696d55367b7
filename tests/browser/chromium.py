"""Find a Chrome or Chromium for the browser tests, or install one.

``python -m tests.browser.chromium`` prints the one that the tests would use;
``python -m tests.browser.chromium --install`` installs one first if there is none.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

# What a container without a GPU needs, and nothing that talks to the world outside
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)

ENVIRONMENT_VARIABLES = ("CHROMIUM", "CHROME_PATH", "CHROME_BIN")
COMMANDS = (
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "chrome",
    "msedge",
)
PLACES = (
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "/Applications/Microsoft Edge.app/Contents/MacOS/Microsoft Edge",
)


class ChromiumNotFoundError(RuntimeError):
    """No Chrome or Chromium, and none could be installed."""


def find_chromium() -> str | None:
    """Return the path of a browser that runs, or None."""
    for candidate in _candidates():
        if _runs(candidate):
            return candidate
    return None


def _candidates() -> Iterator[str]:
    for name in ENVIRONMENT_VARIABLES:
        path = os.environ.get(name)
        if path and not shutil.which(path):
            raise ChromiumNotFoundError(f"{name}={path!r} is not a program.")
        if path:
            yield path
    yield from filter(None, map(shutil.which, COMMANDS))
    yield from (path for path in PLACES if Path(path).is_file())
    yield from _of_playwright()


def _of_playwright() -> list[str]:
    """Return the browser that `playwright install` put somewhere, if it did."""
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        return []
    try:
        with sync_playwright() as playwright:
            path = playwright.chromium.executable_path
    except Exception:
        # inside a running event loop (a test already drives Playwright) the search is over anyway
        return []
    return [path] if Path(path).is_file() else []


def _runs(program: str) -> bool:
    """Tell whether it starts (Ubuntu's `chromium-browser` may be a stub that asks for a snap)."""
    try:
        result = subprocess.run(
            [program, "--version"], capture_output=True, timeout=60, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return result.returncode == 0


def require_chromium() -> str:
    """Return the path of a browser; raise where there is none: the tests are never skipped."""
    program = find_chromium()
    if program is None:
        raise ChromiumNotFoundError(
            "The browser tests need Chrome or Chromium, and there is none. `make test` installs "
            "one; by hand: `apt-get install chromium` (Debian), `playwright install chromium` "
            f"(elsewhere), or set {ENVIRONMENT_VARIABLES[0]} to the path of one."
        )
    return program


def install_chromium() -> str:
    """Return a browser's path, having installed one if there was none."""
    program = find_chromium()
    attempts = [*_debian_commands(), _playwright_commands()] if program is None else []
    failures = []
    for commands in attempts:
        for command in commands:
            print("+", " ".join(command), file=sys.stderr, flush=True)
            try:
                status = subprocess.run(command, stdin=subprocess.DEVNULL, check=False).returncode
            except OSError as error:
                status = error.errno or 1
            if status:
                failures.append(f"`{' '.join(command)}` ended with status {status}")
                break
        program = find_chromium()
        if program:
            break
    if program is None:
        raise ChromiumNotFoundError(
            "No Chrome or Chromium could be found or installed: "
            + "; ".join(failures or ["nothing was tried"])
            + f". Install one, or set {ENVIRONMENT_VARIABLES[0]} to the path of one."
        )
    return program


def _debian_commands() -> list[list[list[str]]]:
    """Return the commands for Debian's package. (Ubuntu's only leads to a snap.)"""
    release = Path("/etc/os-release")
    if not shutil.which("apt-get") or not release.is_file():
        return []
    lines = release.read_text(encoding="utf-8").splitlines()
    if not any(line in ("ID=debian", 'ID="debian"') for line in lines):
        return []
    if os.geteuid() == 0:
        become_root: list[str] = []
    elif shutil.which("sudo"):
        become_root = ["sudo", *([] if sys.stdin.isatty() else ["--non-interactive"])]
    else:
        return []
    apt_get = [*become_root, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get"]
    install = [*apt_get, "install", "--yes", "--no-install-recommends", "chromium"]
    return [[[*apt_get, "update"], install]]


def _playwright_commands() -> list[list[str]]:
    return [[sys.executable, "-m", "playwright", "install", "chromium"]]


def main() -> int:
    """Run as a command; the return value is the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--install", action="store_true", help="install one if there is none")
    arguments = parser.parse_args()
    try:
        program = install_chromium() if arguments.install else require_chromium()
    except ChromiumNotFoundError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    print(f"The browser tests use {program}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
