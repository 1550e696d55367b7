"""Image files: a folder with everything below it, or a list of paths."""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from PIL import Image

from atlas_widget.errors import ImagesError
from atlas_widget.images.array_format import LOOKED_AT, ArrayFormat, faint_notice
from atlas_widget.images.decode import UnreadableImageError, depth_of_file, read_file
from atlas_widget.images.items import EXTENSIONS
from atlas_widget.images.source import NamedImages, evenly

__all__ = ["EXTENSIONS", "MAY_BE_DEEP", "FileSource", "FolderSource"]

MAY_BE_DEEP = frozenset([".png", ".tif", ".tiff", ".pgm", ".pnm", ".ppm", ".jp2"])
"""Extensions of files that may have more than 8 bits."""

_HEADERS_READ = 256


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
    value_range : pair of float, optional
        See `as_image_source`; for files of more than 8 bits.
    """

    concurrent = True

    def __init__(
        self,
        paths: Sequence[Path],
        names: Sequence[str] | None = None,
        description: str | None = None,
        *,
        by_contents: bool = False,
        value_range: Any = None,
    ) -> None:
        super().__init__()
        self.paths: Sequence[Path] = paths if isinstance(paths, _Below) else list(paths)
        self._names = list(names) if names is not None else [str(path) for path in self.paths]
        self.description = description or f"{len(self.paths):,} image files"
        self._by_contents = by_contents
        self.hashed = "all contents" if by_contents else "sizes and times of all files"
        self._judge(value_range)
        self.description += self.array_format.meaning

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
        return self._finished(index, read_file(self.paths[index]))

    def fingerprint(self) -> str:
        """Hash names, sizes and times of change: not the contents, unless asked for."""
        digest = hashlib.blake2b(self.array_format.key.encode(), digest_size=16)
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

    def _judge(self, value_range: Any) -> None:
        """Judge what numbers of more than 8 bits mean, from the first files that have them."""
        names = self._names if isinstance(self.paths, _Below) else map(str, self.paths)
        endings = tuple(MAY_BE_DEEP)
        may_be = [at for at, name in enumerate(names) if name.lower().endswith(endings)]
        depths = {
            may_be[at]: depth_of_file(self.paths[may_be[at]])
            for at in evenly(len(may_be), _HEADERS_READ)
        }
        deep = self._some_of([at for at, depth in depths.items() if depth == "grey"])
        colours = self._some_of([at for at, depth in depths.items() if depth == "colour"])
        self.array_format = ArrayFormat.judged(deep, value_range=value_range)
        if faint := faint_notice(colours):
            self.remark(faint)

    def _some_of(self, indices: list[int]) -> list[Image.Image]:
        """Read some of these files, evenly spread; those that cannot be read are passed over."""
        read = []
        for at in evenly(len(indices), LOOKED_AT):
            with contextlib.suppress(UnreadableImageError):
                read.append(read_file(self.paths[indices[at]]))
        return read


class FolderSource(FileSource):
    """Source of the images in a folder and in the folders below it, in the order of their names.

    Parameters
    ----------
    folder : Path
        The folder, or a single image file.
    value_range : pair of float, optional
        See `as_image_source`.

    Raises
    ------
    ImagesError
        There is no image file in it.
    """

    def __init__(self, folder: Path, *, value_range: Any = None) -> None:
        folder = Path(folder).expanduser()
        if folder.is_file():
            about = f"the image {folder}"
            super().__init__([folder], [folder.name], about, value_range=value_range)
            return
        found = _image_files(folder)
        if not found:
            kinds = ", ".join(sorted(EXTENSIONS))
            raise ImagesError(f"No images in {str(folder)!r} or below it (looked for {kinds}).")
        about = f"{len(found):,} images in {folder}"
        super().__init__(_Below(folder, found), found, about, value_range=value_range)


class _Below(Sequence[Path]):
    """Paths below a folder, made when they are asked for: of a million, only names are kept."""

    def __init__(self, folder: Path, names: list[str]) -> None:
        self._folder = folder
        self._names = names

    def __len__(self) -> int:
        return len(self._names)

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return [self._folder / name for name in self._names[index]]
        return self._folder / self._names[index]


def _image_files(folder: Path) -> list[str]:
    """List the image files below a folder, by their names relative to it.

    Hidden files and folders are not the user's photos.
    """
    problems: list[OSError] = []
    found = list(_below(folder, "", problems))
    if problems and not found:
        raise UnreadableImageError(f"Cannot read the folder {str(folder)!r}: {problems[0]}")
    return found


def _below(
    folder: Path, prefix: str, problems: list[OSError], way: tuple[str, ...] = ()
) -> Iterator[str]:
    """Yield files of a folder in the order of their names, then those of the folders in it.

    `way` are the folders that led here, as they are without links.
    """
    way = (*way, os.path.realpath(folder))
    names, folders = [], []
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                if entry.name.startswith("."):
                    continue
                if entry.is_dir():
                    if not entry.is_symlink() or _leads_elsewhere(entry.path, way):
                        folders.append(entry.name)
                # a Path for each would take most of the time
                elif os.path.splitext(entry.name)[1].lower() in EXTENSIONS and (  # noqa: PTH122
                    entry.is_file() or entry.is_symlink()  # reading a pipe would never end
                ):
                    names.append(entry.name)
    except OSError as error:
        problems.append(error)
    yield from (prefix + name for name in sorted(names))
    for name in sorted(folders):
        yield from _below(folder / name, f"{prefix}{name}/", problems, way)


def _leads_elsewhere(link: str, way: tuple[str, ...]) -> bool:
    """Return whether a link does not lead back to where one came from, again and again."""
    return os.path.realpath(link) not in way
