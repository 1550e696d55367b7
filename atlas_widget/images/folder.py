"""Image files: a folder with everything below it, or a list of paths."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from pathlib import Path

from PIL import Image

from atlas_widget.errors import ImagesError
from atlas_widget.images.decode import UnreadableImageError, decode
from atlas_widget.images.sources import NamedImages

__all__ = ["EXTENSIONS", "FileSource", "FolderSource"]

_PHOTOS = (".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".webp", ".avif", ".jp2")
_OTHERS = (".bmp", ".gif", ".tif", ".tiff", ".ppm", ".pgm", ".pnm")
EXTENSIONS = frozenset([*_PHOTOS, *_OTHERS])


class FileSource(NamedImages):
    """Images in files, decoded when they are asked for.

    Parameters
    ----------
    paths : sequence of Path
        The files, in order.
    names : sequence of str, optional
        Their names; by default the paths.
    description : str, optional
        What they are.
    by_contents : bool, optional
        Whether the fingerprint reads the files (right for few, that pip may install anew) rather
        than their sizes and times.
    """

    def __init__(
        self,
        paths: Sequence[Path],
        names: Sequence[str] | None = None,
        description: str | None = None,
        *,
        by_contents: bool = False,
    ) -> None:
        super().__init__()
        self.paths = list(paths)
        self._names = list(names) if names is not None else [str(path) for path in self.paths]
        self.description = description or f"{len(self.paths):,} image files"
        self._by_contents = by_contents

    def __len__(self) -> int:
        return len(self.paths)

    def name(self, index: int) -> str:
        """Name an image."""
        return self._names[index]

    @property
    def labels(self) -> list[str]:
        """The folder that each image lies in, which many data sets name after the class."""
        return [path.parent.name for path in self.paths]

    def open(self, index: int) -> Image.Image:
        """Decode an image as 8-bit RGB, or raise `UnreadableImageError`."""
        return decode(self.paths[index])

    def fingerprint(self) -> str:
        """Hash names, sizes and times of change: not the contents, unless asked for."""
        digest = hashlib.blake2b(digest_size=16)
        for name, path in zip(self._names, self.paths, strict=True):
            try:
                if self._by_contents:
                    digest.update(name.encode("utf-8", "surrogateescape") + path.read_bytes())
                    continue
                status = path.stat()
                line = f"{name}\0{status.st_size}\0{status.st_mtime_ns}\n"
            except OSError:
                line = f"{name}\0gone\n"
            digest.update(line.encode("utf-8", "surrogateescape"))
        return digest.hexdigest()


class FolderSource(FileSource):
    """All images in a folder and in the folders below it, in the order of their names.

    Parameters
    ----------
    folder : Path
        The folder, or a single image file.

    Raises
    ------
    ImagesError
        There is no image file in it.
    """

    def __init__(self, folder: Path) -> None:
        folder = Path(folder).expanduser()
        if folder.is_file():
            super().__init__([folder], [folder.name], f"the image {folder}")
            return
        found = _image_files(folder)
        if not found:
            kinds = ", ".join(sorted(EXTENSIONS))
            raise ImagesError(f"No images in {str(folder)!r} or below it (looked for {kinds}).")
        names = [path.relative_to(folder).as_posix() for path in found]
        super().__init__(found, names, f"{len(found):,} images in {folder}")


def _image_files(folder: Path) -> list[Path]:
    """List the image files below a folder; hidden files and folders are not the person's photos."""
    problems: list[OSError] = []
    found = []
    for root, folders, files in os.walk(folder, onerror=problems.append):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        found += [
            Path(root, name)
            for name in sorted(files)
            if not name.startswith(".") and Path(name).suffix.lower() in EXTENSIONS
        ]
    if problems and not found:
        raise UnreadableImageError(f"Cannot read the folder {str(folder)!r}: {problems[0]}")
    return found
