"""What is published is what the tag says, and whole."""

from __future__ import annotations

import io
import runpy
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.packaging.conftest import ROOT

TOOL = runpy.run_path(str(ROOT / "tools" / "check_release.py"))
CARRIED: tuple[str, ...] = TOOL["CARRIED"]


def write(folder: Path, contents: dict[str, bytes], version: str = "1.2.3") -> Path:
    """Write a wheel and a source distribution of the same files."""
    folder.mkdir()
    with zipfile.ZipFile(folder / f"atlas_widget-{version}-py3-none-any.whl", "w") as wheel:
        for name, data in contents.items():
            wheel.writestr(name, data)
    with tarfile.open(folder / f"atlas_widget-{version}.tar.gz", "w:gz") as sdist:
        for name, data in contents.items():
            member = tarfile.TarInfo(f"atlas_widget-{version}/{name}")
            member.size = len(data)
            sdist.addfile(member, io.BytesIO(data))
    return folder


@pytest.fixture
def faults(tmp_path: Path) -> Callable[[str, Path], list[str]]:
    """The check, for a project of version 1.2.3."""
    root = tmp_path / "root"
    root.mkdir()
    (root / "pyproject.toml").write_text('[project]\nversion = "1.2.3"\n')
    (root / "CHANGELOG.md").write_text("# Changelog\n\n## Unreleased\n\n## 1.2.3\n\n- All.\n")
    return lambda tag, folder: TOOL["faults"](tag, folder, root)


@pytest.fixture
def whole() -> dict[str, bytes]:
    return dict.fromkeys(CARRIED, b"x" * 60000)


def test_a_whole_release_of_the_right_version_passes(faults, whole, tmp_path: Path) -> None:
    assert faults("v1.2.3", write(tmp_path / "dist", whole)) == []


def test_another_tag_or_a_version_without_changes_is_refused(faults, whole, tmp_path: Path) -> None:
    dist = write(tmp_path / "dist", whole)
    assert faults("v1.2.4", dist) == ["The tag is v1.2.4, but pyproject.toml says 1.2.3."]
    (tmp_path / "root" / "CHANGELOG.md").write_text("# Changelog\n\n## 1.2.30\n")
    assert faults("v1.2.3", dist) == ["CHANGELOG.md has no section 1.2.3."]


def test_a_lost_or_stubbed_bundle_is_refused_in_either_distribution(
    faults, whole, tmp_path: Path
) -> None:
    del whole["atlas_widget/static/page.js"]
    whole["atlas_widget/static/widget.js"] = b"// to come"
    found = faults("v1.2.3", write(tmp_path / "dist", whole))
    for file in ("atlas_widget-1.2.3.tar.gz", "atlas_widget-1.2.3-py3-none-any.whl"):
        assert f"{file} lacks atlas_widget/static/page.js." in found
        assert f"{file}: atlas_widget/static/widget.js has 10 bytes only." in found


def test_distributions_of_another_version_do_not_count(faults, whole, tmp_path: Path) -> None:
    found = faults("v1.2.3", write(tmp_path / "dist", whole, "1.2.2"))
    assert len(found) == 2
    assert all("has 0 files like" in sentence for sentence in found)


def test_every_dependency_has_a_floor_that_can_be_installed() -> None:
    tool = runpy.run_path(str(ROOT / "tools" / "oldest.py"))
    assert tool["oldest"](["numpy>=1.26", "ipykernel>=6.29,!=7.0.*"]) == [
        "numpy==1.26",
        "ipykernel==6.29",
    ]
    with pytest.raises(ValueError, match="torch"):
        tool["oldest"](["torch"])
