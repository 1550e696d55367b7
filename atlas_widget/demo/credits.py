"""Authors, licences and origins of the photos that this package ships."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache
from pathlib import Path

__all__ = ["FOLDER", "Credit", "credits"]

FOLDER = Path(__file__).parent / "photos"
"""The photos, and CREDITS.csv beside them."""

_PUBLIC_DOMAIN = "LicenseRef-Public-Domain"


@dataclass(frozen=True)
class Credit:
    """One photo's author, licence and origin: a row of CREDITS.csv.

    Attributes
    ----------
    file
        Of the photo, in the same folder.
    kind
        What it shows: animals, plants, food, tools, buildings, …
    title, author
        As the origin names them.
    licence, licence_url
        Its SPDX identifier (``LicenseRef-Public-Domain`` for what has no licence because it needs
        none) and where its text is.
    origin
        Where the photo was published.
    package, version, path
        The Debian package that it was taken from, and the file in it.
    changes
        What was done to it.
    """

    file: str
    kind: str
    title: str
    author: str
    licence: str
    licence_url: str
    origin: str
    package: str
    version: str
    path: str
    changes: str

    @property
    def name(self) -> str:
        """Name of the photo in the demo: its file without the suffix."""
        return self.file.removesuffix(".webp")

    def __str__(self) -> str:
        """Name all that a licence asks for, in one line."""
        licence = "public domain" if self.licence == _PUBLIC_DOMAIN else self.licence
        return (
            f"“{self.title}” by {self.author}, {licence} ({self.licence_url}), "
            f"from {self.origin}; {self.changes}"
        )


@cache
def credits() -> tuple[Credit, ...]:
    """Return the credits of all the demo's photos, in the order of their names."""
    with (FOLDER / "CREDITS.csv").open(encoding="utf-8", newline="") as file:
        return tuple(Credit(**row) for row in csv.DictReader(file))
