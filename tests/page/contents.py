"""Contents of pages, small and made by hand."""

from __future__ import annotations

import base64
import gzip
import io
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from atlas_widget import Atlas
from atlas_widget.atlas.samples import Samples
from atlas_widget.images.thumbnails import Thumbnails
from atlas_widget.page import CellRecord, Icon, PageContents, PageGrid
from tests.conftest import tiny_picture

NASTY = '</script><script>alert(1)</script><img src=x onerror="alert(2)"><!--'
"""A label that would do harm in a page which takes it for HTML."""

SECRET = "Ada's camera, 52.5 N 13.4 E"
"""Metadata of every photo."""

NAMES = ["tabby", NASTY, "Grüße 🐈"]


def _photo(number: int) -> bytes:
    picture = tiny_picture(number, (64, 64))
    exif = Image.Exif()
    exif[0x010E] = SECRET
    file = io.BytesIO()
    picture.save(file, "JPEG", exif=exif)
    return file.getvalue()


def small_atlas(count: int = 60, grids: tuple[int, ...] = (4, 8), **provenance: Any) -> Atlas:
    """An atlas of random activations of six photos, in a square."""
    rng = np.random.default_rng(3)
    images = np.arange(count, dtype=np.int32) % 6
    photos = [_photo(number) for number in range(6)]
    samples = Samples(
        activations=rng.random((count, 5), np.float32),
        positions=np.zeros((count, 2), np.int16),
        crops=np.tile(np.array([0, 0, 1, 1], np.float32), (count, 1)),
        flipped=np.zeros(count, np.bool_),
        image_ids=images,
        image_names=[f"{NASTY} {number}.jpg" for number in range(6)],
        image_indices=np.arange(6, dtype=np.int32),
        thumbnails=Thumbnails.from_jpegs([photos[image] for image in images]),
    )
    record = {
        "model": NASTY,
        "weights_hash": "a1b2",
        "layer": "layer<3>",
        "images": {"description": f"photos {NASTY}", "count": 6, "fingerprint": "f"},
        "created": "2026-01-01T00:00:00+00:00",
        **provenance,
    }
    places = rng.random((count, 2))
    return Atlas(samples, places, layer="layer<3>", grids=grids, min_count=1, provenance=record)


def page_of(atlas: Atlas, *, icons: bool = True, crops: bool = False) -> PageContents:
    """All grids of an atlas, with a picture and classes of every cell."""
    grids = []
    for size in atlas.grids:
        cells = [int(cell) for cell in atlas.grid(size).ids]
        made = {
            cell: Icon(
                np.array(tiny_picture(cell, (64, 64))),
                "final" if cell % 3 else "rough",
                0.123456,
                1 + cell % 2,
                "direction",
            )
            for cell in cells
        }
        known = {
            cell: CellRecord(
                NAMES[cell % 3],
                (cell % 3,),
                cell % 3,
                [(cell % 3, 0.51239, 0.2, 0.7), (2, 0.1, np.nan, np.nan)],
                [(0, -0.25, -0.5, -0.1)],
                [(cell % 3, 0.51239, 0.2, 0.7)],
            )
            for cell in cells[1:]
        }
        grids.append(PageGrid(atlas.grid(size), made if icons else {}, known))
    return PageContents(atlas, grids, model=NASTY, class_names=NAMES, crops=crops)


def elements(path: Path) -> dict[str, bytes]:
    """Return the contents of all elements of a page that have an id."""
    found = re.findall(rb'<script type="[^"]+" id="([\w-]+)">([^<]*)</script>', path.read_bytes())
    return {name.decode(): text for name, text in found}


def tables_of(path: Path) -> dict[str, Any]:
    """Return the tables of a page, as its program reads them."""
    packed = base64.b64decode(elements(path)["aw-tables"])
    read: dict[str, Any] = json.loads(gzip.decompress(packed))
    return read


def block_of(path: Path, number: int) -> bytes:
    """Return a block of a page."""
    return base64.b64decode(elements(path)[f"aw-block-{number}"])


def names_in(folder: Path) -> list[str]:
    """Return the names of a folder's files, hidden ones too."""
    return sorted(entry.name for entry in folder.iterdir())
