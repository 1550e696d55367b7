"""Make the demo's photos again from the Debian packages that they come from.

    python tools/make_demo_photos.py --download         # fetches the packages with apt-get
    python tools/make_demo_photos.py folder/with/debs   # or takes those that are there

``atlas_widget/demo/photos/CREDITS.csv`` is the list, chosen by hand: each row names a package and a
file in it. GCompris keeps its pictures, and the READMEs with their authors and licences, in Qt
resource files (``.rcc``): there the path goes on inside. The same versions of the packages and of
Pillow give the same bytes; ``--check`` compares instead of writing. Needs ``dpkg-deb``.
"""

from __future__ import annotations

import argparse
import csv
import io
import struct
import subprocess
import sys
import tempfile
import zlib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from PIL import Image

FOLDER = Path(__file__).parents[1] / "atlas_widget" / "demo" / "photos"
SHORTER_SIDE = 256
QUALITY = 75


def main() -> int:
    """Write the photos, or compare them; the return value is the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("debs", type=Path, nargs="?", help="folder with the .deb files")
    parser.add_argument("--download", action="store_true", help="fetch them: apt-get download")
    parser.add_argument("--check", action="store_true", help="compare with the photos, write none")
    options = parser.parse_args()
    if (options.debs is None) != options.download:
        parser.error("name the folder with the packages, or --download")
    with (FOLDER / "CREDITS.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    with tempfile.TemporaryDirectory() as scratch:
        debs = options.debs or Path(scratch)
        packages = sorted({row["package"] for row in rows})
        if options.download:
            subprocess.run(["apt-get", "download", *packages], cwd=debs, check=True)
        roots = {name: unpacked(debs, name, Path(scratch, name)) for name in packages}
        different = []
        for row in rows:
            made = webp(contents(roots[row["package"]], row["path"]))
            target = FOLDER / row["file"]
            if options.check and not (target.is_file() and target.read_bytes() == made):
                different.append(row["file"])
            elif not options.check:
                target.write_bytes(made)
    print(f"{len(rows)} photos from {', '.join(packages)}")
    if different:
        print(f"{len(different)} differ: {', '.join(different)}", file=sys.stderr)
    return 1 if different else 0


def unpacked(debs: Path, package: str, target: Path) -> Path:
    """Unpack a package below `target`."""
    found = sorted(debs.glob(f"{package}_*.deb"))
    if not found:
        raise SystemExit(f"{debs} has no {package}_*.deb: apt-get download {package}")
    subprocess.run(["dpkg-deb", "-x", found[-1], target], check=True)
    return target


def contents(root: Path, path: str) -> bytes:
    """Read a file of an unpacked package, also from inside a Qt resource file."""
    outer, inside, inner = path.partition(".rcc/")
    if not inside:
        return (root / path).read_bytes()
    return resources(root / f"{outer}.rcc")[inner]


@cache
def resources(path: Path) -> dict[str, bytes]:
    """Read a Qt resource file (``rcc --binary``): the bytes of each file by its path inside."""
    return dict(_entries(path.read_bytes()))


def _entries(data: bytes) -> Iterator[tuple[str, bytes]]:
    """Walk the tree of a Qt resource file.

    The layout is that of Qt's ``qresource.cpp``: a header of big-endian numbers, then tree, files
    and names at the offsets that it gives. Flag 2 marks a folder, flag 1 a file packed with zlib.
    """
    magic, version, tree, files, names = struct.unpack(">4s4I", data[:20])
    if magic != b"qres":
        raise ValueError("not a Qt resource file")
    entry_size = 22 if version >= 2 else 14  # since 2 with the time of change

    def walk(number: int, folder: str) -> Iterator[tuple[str, bytes]]:
        start = tree + number * entry_size
        name_offset, flags = struct.unpack(">IH", data[start : start + 6])
        path = folder
        if number:  # the root has no name
            at = names + name_offset
            length = struct.unpack(">H", data[at : at + 2])[0]
            name = data[at + 6 : at + 6 + 2 * length].decode("utf-16-be")
            path = f"{folder}/{name}" if folder else name
        if flags & 2:
            count, first = struct.unpack(">II", data[start + 6 : start + 14])
            for child in range(first, first + count):
                yield from walk(child, path)
            return
        at = files + struct.unpack(">I", data[start + 10 : start + 14])[0]
        length = struct.unpack(">I", data[at : at + 4])[0]
        content = data[at + 4 : at + 4 + length]
        if flags & 1:
            content = zlib.decompress(content[4:])  # after the unpacked size
        elif flags & 4:
            raise ValueError(f"{path} is packed with Zstandard, which is not read here")
        yield path, content

    yield from walk(0, "")


def webp(original: bytes) -> bytes:
    """Scale a photo to 256 pixels on its shorter side, never up, and encode it as WebP.

    Planets come cut out: what is transparent becomes black.
    """
    image = Image.open(io.BytesIO(original))
    if image.mode in ("RGBA", "LA", "P"):
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, "black"), image)
    image = image.convert("RGB")
    factor = SHORTER_SIDE / min(image.size)
    if factor < 1:
        size = (round(image.width * factor), round(image.height * factor))
        image = image.resize(size, Image.Resampling.LANCZOS)
    encoded = io.BytesIO()
    image.save(encoded, "WEBP", quality=QUALITY, method=6)
    return encoded.getvalue()


if __name__ == "__main__":
    sys.exit(main())
