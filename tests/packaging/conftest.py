"""Build the distributions once, as a machine without Node.js would."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
STALE = "// a bundle that was left over from last week\n"


def run(*command: str | Path, cwd: Path, **environment: str) -> str:
    """Run a command; return what it said, or fail with it."""
    result = subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env={**os.environ, **environment},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if result.returncode:
        line = " ".join(map(str, command))
        pytest.fail(f"`{line}` ended with status {result.returncode}:\n{result.stdout}")
    return result.stdout


@dataclass(frozen=True)
class Distributions:
    """What was built, and out of what."""

    checkout: Path
    path_without_node: str
    sdist: Path
    sdist_log: str
    wheel: Path
    wheel_log: str


@pytest.fixture(scope="session")
def distributions(tmp_path_factory: pytest.TempPathFactory) -> Distributions:
    """A source distribution out of a clean checkout, and a wheel out of that."""
    folder = tmp_path_factory.mktemp("packaging")
    path = _path_without_node(folder / "bin")
    checkout = folder / "checkout"
    _copy_checkout(checkout)
    # git-ignored, as in any developer's checkout
    (checkout / "atlas_widget" / "static" / "widget.js").write_text(STALE)

    sdist_log = run(
        *(sys.executable, "-m", "build", "--sdist", "--outdir", folder / "dist", checkout),
        cwd=folder,
        PATH=path,
    )
    (sdist,) = (folder / "dist").glob("*.tar.gz")
    wheel_log = run(
        *(sys.executable, "-m", "pip", "wheel", "--no-deps", "--verbose"),
        *("--wheel-dir", folder / "dist", sdist),
        cwd=folder,
        PATH=path,
        npm_config_registry="http://127.0.0.1:9",  # nobody answers there
    )
    (wheel,) = (folder / "dist").glob("*.whl")
    return Distributions(checkout, path, sdist, sdist_log, wheel, wheel_log)


def _path_without_node(folder: Path) -> str:
    """Return a search path with git and a shell on it, and nothing else."""
    folder.mkdir()
    for name in ("git", "sh"):
        program = shutil.which(name)
        assert program, f"{name} is needed"
        (folder / name).symlink_to(program)
    assert shutil.which("npm", path=str(folder)) is None
    return str(folder)


def _copy_checkout(target: Path) -> None:
    """Make a repository of what git would commit here: nothing built, nothing ignored."""
    listing = run(
        *("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"), cwd=ROOT
    )
    for name in filter(None, listing.split("\0")):
        if (ROOT / name).is_file():  # it may be deleted and not yet committed
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, target / name)
    git = ("git", "-c", "user.name=test", "-c", "user.email=test@localhost")
    run(*git, "init", "--quiet", cwd=target)
    run(*git, "add", "--all", cwd=target)
    run(*git, "commit", "--quiet", "--message=checkout", cwd=target)
