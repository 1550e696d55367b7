"""Damage image files in thousands of ways: each is read, or is said to be unreadable, soon.

    python benchmarks/damaged_images.py --count 2000

Prints for each format how many of the damaged files are read and how many are not, which errors
decoders raise, and the longest time and the largest growth of memory for one file. "metadata" is
damage outside of the picture: such a file should still be read, and its picture be upright.
"""

from __future__ import annotations

import argparse
import io
import os
import resource
import time
import warnings
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from PIL import Image, PngImagePlugin

from atlas_widget.images.decode import UnreadableImageError, decode

UPRIGHT = (48, 64)
"""Size of the picture as EXIF's orientation turns it; without, it is 64 × 48."""

_LENGTHS = (0, 1, 0x7F, 0xFF, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0xFFFFFFFF)
_IN_METADATA = b"EXIFTEXT"


@dataclass(frozen=True)
class Damaged:
    """A damaged file: its format, what was done to it, whether only to its metadata, its bytes."""

    format: str
    how: str
    metadata: bool
    content: bytes


def sound_files() -> dict[str, bytes]:
    """Return one small file of each format, turned by EXIF where the format has it."""
    rng = np.random.default_rng(0)
    blocks = np.kron(rng.integers(0, 255, (6, 8, 3)), np.ones((8, 8, 1)))
    picture = Image.fromarray(blocks.astype(np.uint8))
    exif = Image.Exif()
    exif[0x0112] = 6  # orientation
    exif[0x010E] = "description" + _IN_METADATA.decode()
    exif[0x0132] = "2020:01:01 00:00:00"
    exif[0x011A] = 72.0  # resolution
    turned = exif.tobytes()  # saving AVIF takes the orientation out of the object
    text = PngImagePlugin.PngInfo()
    text.add_text("comment", _IN_METADATA.decode())
    text.add_itxt("title", "words", zip=True)
    deep = Image.fromarray((blocks[:, :, 0] * 200).astype(np.uint16))
    options: dict[str, dict[str, object]] = {
        "JPEG": {"exif": turned, "dpi": (72, 72), "comment": b"comment"},
        "JPEG progressive": {"exif": turned, "progressive": True},
        "PNG": {"pnginfo": text, "exif": turned, "dpi": (72, 72)},
        "WebP": {"exif": turned},
        "WebP animated": {"save_all": True, "append_images": [picture.rotate(180)]},
        "AVIF": {"exif": turned},
        "TIFF": {"exif": turned},
        "TIFF LZW": {"compression": "tiff_lzw"},
        "TIFF deflate": {"compression": "tiff_adobe_deflate"},
        "GIF": {"save_all": True, "append_images": [picture.rotate(90)], "comment": b"words"},
        "BMP": {},
        "PPM": {},
    }
    Image.init()
    if "AVIF" not in Image.SAVE:  # Pillow before 11.3
        del options["AVIF"]
    files = {
        name: _saved(picture, name.split()[0].upper(), **with_) for name, with_ in options.items()
    }
    files["PNG 16 bits"] = _saved(deep, "PNG")
    files["JPEG CMYK"] = _saved(picture.convert("CMYK"), "JPEG")
    files["JPEG 2000"] = _saved(picture, "JPEG2000")
    return files


def damaged_files(count: int, seed: int = 0) -> Iterator[Damaged]:
    """Yield damaged files: truncated, bits and bytes changed, cut out, doubled, wrong lengths."""
    rng = np.random.default_rng(seed)
    files = sound_files()
    names = list(files)
    for number in range(count):
        name = names[number % len(names)]
        content = bytearray(files[name])
        at = int(rng.integers(len(content)))
        how = str(
            rng.choice(["truncated", "bits", "bytes", "cut", "doubled", "length", "metadata"])
        )
        found = content.find(_IN_METADATA)
        if how == "metadata" and found < 0:
            how = "bytes"
        if how == "truncated":
            del content[at:]
        elif how == "bits":
            for place in rng.integers(len(content), size=rng.integers(1, 10)):
                content[place] ^= 1 << int(rng.integers(8))
        elif how == "bytes":
            head = min(len(content), 400 if rng.integers(2) else len(content))
            for place in rng.integers(head, size=rng.integers(1, 10)):
                content[place] = int(rng.integers(256))
        elif how == "cut":
            del content[at : at + int(rng.integers(1, 60))]
        elif how == "doubled":
            content[at:at] = content[at : at + int(rng.integers(1, 60))]
        elif how == "length":
            size = int(rng.choice([1, 2, 4]))
            value = int(rng.choice(_LENGTHS)) & ((1 << 8 * size) - 1)
            order = "big" if rng.integers(2) else "little"
            content[at : at + size] = value.to_bytes(size, order)  # type: ignore[arg-type]
        else:
            for place in rng.integers(len(_IN_METADATA), size=3):
                content[found + place] = int(rng.integers(256))
        yield Damaged(name, how, how == "metadata", bytes(content))


def _saved(picture: Image.Image, kind: str, **options: object) -> bytes:
    file = io.BytesIO()
    picture.save(file, kind, **options)
    return file.getvalue()


def _peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def main() -> None:
    """Read the damaged files and print what came out."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--count", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)  # where libtiff complains
    for content in sound_files().values():
        decode(content)
    outcomes: Counter[tuple[str, str]] = Counter()
    causes: Counter[str] = Counter()
    turned: Counter[str] = Counter()
    slowest, largest, before = (0.0, ""), (0, ""), _peak()
    for file in damaged_files(options.count, options.seed):
        started = time.perf_counter()
        label = f"{file.format}, {file.how}"
        try:
            picture = decode(file.content)
        except UnreadableImageError as error:
            outcome = "unreadable"
            causes[type(error.__cause__).__name__] += 1
        except BaseException as error:
            outcome = f"FAILED with {type(error).__name__}"
        else:
            outcome = "read" if picture.mode == "RGB" and min(picture.size) else "FAILED"
            if file.metadata:
                turned["upright" if picture.size == UPRIGHT else "not upright"] += 1
        if file.metadata and outcome == "unreadable":
            turned["unreadable"] += 1
        outcomes[file.format, outcome] += 1
        slowest = max(slowest, (time.perf_counter() - started, label))
        largest, before = max(largest, (_peak() - before, label)), _peak()
    kinds = sorted({outcome for _, outcome in outcomes})
    print(f"{'':18}" + "".join(f"{kind:>24}" for kind in kinds))
    for name in sound_files():
        print(f"{name:18}" + "".join(f"{outcomes[name, kind]:>24}" for kind in kinds))
    print("damage to metadata alone:", dict(turned))
    print("raised by decoders:", dict(causes))
    print(
        f"longest: {slowest[0]:.3f} s ({slowest[1]}); most memory: {largest[0] / 1024:.0f} MB "
        f"({largest[1]})"
    )


if __name__ == "__main__":
    main()
