"""Images in object stores and other places that have URLs, such as ``s3://`` and ``gs://``."""

from __future__ import annotations

import hashlib
import time
from pathlib import PurePosixPath
from typing import Any

from PIL import Image

from atlas_widget.errors import ImagesError, MissingExtraError
from atlas_widget.images.array_format import LOOKED_AT, ArrayFormat
from atlas_widget.images.decode import UnreadableImageError, depth_of_file, read_file
from atlas_widget.images.folder import MAY_BE_DEEP
from atlas_widget.images.items import EXTENSIONS
from atlas_widget.images.source import NamedImages, evenly

__all__ = ["UrlSource"]

_VERSIONS = ("ETag", "etag", "md5Hash", "checksum", "mtime", "LastModified", "updated", "created")
"""Under which of these names a file system tells that a file was changed."""

_PAUSES = (0.2, 1.0)
"""Seconds between attempts: a place that has much to do is no reason to do without an image."""

_PERMANENT_ERRORS = (FileNotFoundError, PermissionError, IsADirectoryError)


class UrlSource(NamedImages):
    """Source of the images below a URL, in the order of their names, read by fsspec on demand.

    It can be pickled: a process that opens images needs access to the URL, and no common folder.

    Parameters
    ----------
    url : str
        Such as ``s3://bucket/photos``.
    value_range : pair of float, optional
        See `as_image_source`.

    Raises
    ------
    ImagesError
        There is no image, or no access.
    MissingExtraError
        The package that reads such URLs is missing.
    """

    concurrent = True
    hashed = "sizes and versions of all files"

    def __init__(self, url: str, *, value_range: Any = None) -> None:
        super().__init__()
        from fsspec.core import url_to_fs

        self._url = url
        try:
            self._files, self._root = url_to_fs(url)
        except ImportError as error:
            raise MissingExtraError(f"Images at {url!r}: {error}") from error
        except Exception as error:  # each file system has errors of its own
            raise ImagesError(f"Cannot list the images at {url!r}: {error}") from error
        listed = self._listed()
        self._paths = [path for path, _, _ in listed]
        self._names = [name for _, name, _ in listed]
        if not self._paths:
            kinds = ", ".join(sorted(EXTENSIONS))
            raise ImagesError(f"No images at {url!r} or below it (looked for {kinds}).")
        self.array_format = ArrayFormat.judged(self._deep(), value_range=value_range)
        self.description = f"{len(self._paths):,} images at {url}{self.array_format.meaning}"

    def __len__(self) -> int:
        return len(self._paths)

    def name(self, index: int) -> str:
        """Name an image: its path below the URL."""
        return self._names[index]

    @property
    def labels(self) -> list[str]:
        """The folder that each image lies in, which many data sets name after the class."""
        return [PurePosixPath(path).parent.name for path in self._paths]

    def open(self, index: int) -> Image.Image:
        """Fetch and decode an image as 8-bit RGB, or raise `UnreadableImageError`."""
        return self._finished(index, read_file(self._contents(index)))

    def _contents(self, index: int) -> bytes:
        for pause in (*_PAUSES, None):
            try:
                return bytes(self._files.cat_file(self._paths[index]))
            except Exception as error:  # each file system has errors of its own
                if pause is None or isinstance(error, _PERMANENT_ERRORS):
                    path = self._paths[index]
                    raise UnreadableImageError(f"Cannot fetch {path}: {error}") from error
            time.sleep(pause)
        raise AssertionError("The last attempt returns or raises.")

    def _deep(self) -> list[Image.Image]:
        """Fetch the first files of more than 8 bits, to judge what their numbers mean."""
        may_be = [
            index
            for index, name in enumerate(self._names)
            if PurePosixPath(name).suffix.lower() in MAY_BE_DEEP
        ]
        deep = []
        for at in evenly(len(may_be), LOOKED_AT):
            try:
                contents = self._contents(may_be[at])
                if depth_of_file(contents) == "grey":
                    deep.append(read_file(contents))
            except UnreadableImageError:
                continue
        return deep

    def fingerprint(self) -> str:
        """Hash names, sizes and versions, listed anew: they may have changed meanwhile."""
        digest = hashlib.blake2b(self.array_format.key.encode(), digest_size=16)
        for _, name, version in self._listed():
            digest.update(f"{name}\0{version}\n".encode("utf-8", "surrogateescape"))
        return digest.hexdigest()

    def _listed(self) -> list[tuple[str, str, str]]:
        """Return path, name and version of each image that is there now."""
        try:
            self._files.invalidate_cache()  # which file systems keep for the whole process
            found: dict[str, dict[str, Any]] = self._files.find(self._root, detail=True)
        except ImportError as error:
            raise MissingExtraError(f"Images at {self._url!r}: {error}") from error
        except Exception as error:  # each file system has errors of its own
            raise ImagesError(f"Cannot list the images at {self._url!r}: {error}") from error
        listed = []
        for path in sorted(found):
            inside = path.removeprefix(self._root).lstrip("/") or PurePosixPath(path).name
            parts = PurePosixPath(inside).parts
            hidden = any(part.startswith(".") for part in parts)
            if hidden or PurePosixPath(path).suffix.lower() not in EXTENSIONS:
                continue
            about = found[path]
            version = next((str(about[key]) for key in _VERSIONS if about.get(key)), "")
            listed.append((path, inside, f"{about.get('size')}\0{version}"))
        return listed
