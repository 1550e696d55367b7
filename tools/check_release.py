"""Check what is about to be published: ``python tools/check_release.py v1.2.3 dist``.

The tag is the version of pyproject.toml, CHANGELOG.md has a section for it, and both the source
distribution and the wheel carry the browser's half.
"""

from __future__ import annotations

import re
import sys
import tarfile
import tomllib
import zipfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
CARRIED = (
    "atlas_widget/static/widget.js",
    "atlas_widget/static/page.js",
    "atlas_widget/static/check.js",
    "atlas_widget/protocol/messages.json",
    "atlas_widget/py.typed",
)
MIN_BUNDLE_BYTES = 50_000  # a stub would be smaller


def faults(tag: str, folder: Path, root: Path = ROOT) -> list[str]:
    """Return what is wrong with a release, as sentences; nothing if it can be published."""
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    version = str(project["version"])
    found = []
    if tag != f"v{version}":
        found.append(f"The tag is {tag}, but pyproject.toml says {version}.")
    changelog = (root / "CHANGELOG.md").read_text(encoding="utf-8")
    if not re.search(rf"^## \[?{re.escape(version)}\b", changelog, re.MULTILINE):
        found.append(f"CHANGELOG.md has no section {version}.")
    for pattern in (f"*-{version}.tar.gz", f"*-{version}-*.whl"):
        files = sorted(folder.glob(pattern))
        if len(files) != 1:
            found.append(f"{folder} has {len(files)} files like {pattern}, not one.")
        for file in files:
            found.extend(missing_in(file))
    return found


def missing_in(file: Path) -> list[str]:
    """Return which files a distribution lacks, or has too small, as sentences."""
    sizes = contents(file)
    found = [f"{file.name} lacks {name}." for name in CARRIED if name not in sizes]
    return found + [
        f"{file.name}: {name} has {sizes[name]:,} bytes only."
        for name in CARRIED
        if name.endswith(".js") and sizes.get(name, MIN_BUNDLE_BYTES) < MIN_BUNDLE_BYTES
    ]


def contents(file: Path) -> dict[str, int]:
    """Return the names in a distribution, without the folder of a source one, and their sizes."""
    if file.suffix == ".whl":
        with zipfile.ZipFile(file) as archive:
            return {info.filename: info.file_size for info in archive.infolist()}
    with tarfile.open(file) as archive:
        return {member.name.partition("/")[2]: member.size for member in archive.getmembers()}


def main(tag: str, folder: str) -> int:
    """Print what is wrong; the return value is the exit status."""
    found = faults(tag, Path(folder))
    print("\n".join(found) or f"{tag} can be published.")
    return bool(found)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
