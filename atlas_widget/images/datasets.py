"""Datasets in torchvision's or Hugging Face's style, and Imagenette."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from atlas_widget.errors import ImagesError
from atlas_widget.images.fingerprints import hash_dataset, hash_files
from atlas_widget.images.items import image_of
from atlas_widget.images.loaders import loader_source
from atlas_widget.images.numbered import NumberedItems
from atlas_widget.images.source import NamedImages
from atlas_widget.images.streams import stream_source
from atlas_widget.images.targets import targets_of

__all__ = ["DatasetSource", "imagenette", "make_source"]

_MAX_ITEMS = 100_000_000  # of which no data set has more that is not made up as it is asked for
_TAKEN_OF_MORE = 1_000_000


class DatasetSource(NumberedItems):
    """A dataset with a length, whose items are asked for by number.

    Parameters
    ----------
    dataset : object
        Items are images, (image, label) pairs or dicts with "image", "img" or "pixel_values".
    indices : sequence of int, optional
        Which of its items; by default all.
    preprocessing, value_range : optional
        See `as_image_source`.
    """

    def __init__(
        self,
        dataset: Any,
        indices: Sequence[int] | None = None,
        preprocessing: Any = None,
        value_range: Any = None,
    ) -> None:
        super().__init__()
        self._dataset = dataset
        total = _length(dataset)
        if indices is None and total > _MAX_ITEMS:
            indices = range(_TAKEN_OF_MORE)
            self.remark(
                f"The dataset says that it has {total:,} images; the first {_TAKEN_OF_MORE:,} are "
                "taken."
            )
        self._indices = range(total) if indices is None else indices
        self._digits = len(str(max(total - 1, 1)))
        if not len(self._indices):
            raise ImagesError(f"The dataset has no images: {describe(dataset)}.")
        self._paths, self._files = _files(dataset)
        about = describe(dataset)
        self._looked_at = self._look(f"the dataset {about}", preprocessing, value_range)
        self._check_repeatable()
        # after the look, since many data sets read their images into memory only then
        self.hashed = self._add_to(hashlib.blake2b())
        self.description = f"{len(self._indices):,} images of {about}{self.array_format.meaning}"

    def __len__(self) -> int:
        return len(self._indices)

    def name(self, index: int) -> str:
        """Name an image: its file, as torchvision's folder datasets have it, or its number."""
        number = int(self._indices[index])
        if self._files is not None:
            return self._files[number]
        return f"image {number:0{self._digits}d}"

    @property
    def labels(self) -> list[Any] | None:
        """The dataset's targets: names and number where it names its classes, else the numbers."""
        targets = targets_of(self._dataset)
        return None if targets is None else [targets[int(index)] for index in self._indices]

    def _item(self, index: int) -> Any:
        return self._dataset[int(self._indices[index])]

    def _check_repeatable(self) -> None:
        """Say if an item is another image each time: crops are then cut out of different ones."""
        index, before = next(iter(self._looked_at.items()))
        try:
            after = self._read(index)
        except ImagesError:
            return
        first, second = (image_of(read, self.array_format)[0] for read in (before, after))
        if first.size != second.size or first.tobytes() != second.tobytes():
            self.remark(
                f"The dataset gives another image each time it is asked for {self.name(index)}, as "
                "with random augmentations: crops that are shown are not those that were measured, "
                "and atlases of it are never kept for the next time. Leave its random transforms "
                "out."
            )

    def fingerprint(self) -> str:
        """Hash what the dataset says of itself, and of its images as `hashed` says."""
        text = repr((describe(self._dataset), self.array_format.key, len(self)))
        digest = hashlib.blake2b(text.encode("utf-8", "surrogateescape"), digest_size=16)
        digest.update(np.asarray(self._indices, np.int64).tobytes())
        if self._files is not None:
            digest.update("\n".join(self._files).encode("utf-8", "surrogateescape"))
        self._add_to(digest)
        return digest.hexdigest()

    def _add_to(self, digest: hashlib.blake2b) -> str:
        """Add as much to a hash as can be had of the images, and say how much that is."""
        known = getattr(self._dataset, "_fingerprint", None)  # Hugging Face keeps one
        if known is not None:
            digest.update(str(known).encode())
            return "the dataset's own fingerprint"
        # in any case, since they show what the dataset's transform does
        for index, read in self._looked_at.items():
            image, _ = image_of(read, self.array_format)
            digest.update(f"{index}{image.size}".encode() + image.tobytes())
        if hash_dataset(digest, self._dataset):
            return "all images"
        few = f"{len(self._looked_at)} of {len(self):,} images"
        if self._paths is not None:
            hash_files(digest, self._paths)
            return f"{few}, and sizes and times of all files"
        return "all images" if len(self._looked_at) == len(self) else few


def make_source(
    images: Any, preprocessing: Any = None, value_range: Any = None
) -> NamedImages | None:
    """Make a source of a dataset, a DataLoader or another iterable; None of anything else."""
    import torch.utils.data as data

    def of_dataset(dataset: Any, indices: Sequence[int] | None = None) -> NamedImages:
        return DatasetSource(dataset, indices, preprocessing, value_range)

    def of_stream(stream: Iterable[Any]) -> NamedImages:
        return stream_source(stream, f"the {describe(stream)}", preprocessing, value_range)

    if isinstance(images, data.DataLoader):
        return loader_source(images, of_dataset, of_stream)
    if isinstance(images, (str, bytes, dict, set, type)):
        return None
    iterable_only = isinstance(images, data.IterableDataset)
    if not iterable_only and hasattr(images, "__getitem__") and hasattr(images, "__len__"):
        return of_dataset(images)
    if hasattr(images, "__iter__"):
        return of_stream(images)
    return None


def imagenette(root: Path | None = None) -> DatasetSource:
    """Return Imagenette's 9,469 training photos, downloaded once into the user's cache folder.

    Parameters
    ----------
    root : Path, optional
        Another folder to keep them in.

    Raises
    ------
    ImagesError
        It is not there yet and cannot be downloaded.
    """
    from platformdirs import user_cache_path
    from torchvision.datasets import Imagenette

    folder = root or user_cache_path("atlas-widget") / "imagenette"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        there = (folder / "imagenette2-160" / "train").is_dir()
        # torchvision shows the download's progress itself
        dataset = Imagenette(str(folder), split="train", size="160px", download=not there)
    except (OSError, RuntimeError) as error:
        raise ImagesError(
            f"Imagenette cannot be downloaded into {str(folder)!r}: {error}. Check the network, or "
            "unpack imagenette2-160.tgz there, or use images=None for the demo photos."
        ) from error
    source = DatasetSource(dataset)
    source.description = f"Imagenette, {len(source):,} training photos at 160 px"
    return source


def describe(dataset: Any) -> str:
    """Say what a dataset is: its class, and its folder if it has one."""
    kind = type(dataset).__name__
    root = getattr(dataset, "root", None)
    return f"{kind} in {root}" if isinstance(root, (str, Path)) else kind


def _length(dataset: Any) -> int:
    try:
        return len(dataset)
    except Exception as error:  # OverflowError, and what a data set of a user's own raises
        raise ImagesError(
            f"The dataset {describe(dataset)} does not say how many images it has: "
            f"{type(error).__name__}: {error}"
        ) from error


def _files(dataset: Any) -> tuple[list[str] | None, list[str] | None]:
    """Return paths and names of the files of a torchvision folder dataset."""
    samples = getattr(dataset, "samples", None) or getattr(dataset, "_samples", None)
    if not isinstance(samples, list) or len(samples) != len(dataset):
        return None, None
    paths = [entry[0] if isinstance(entry, tuple) and entry else None for entry in samples]
    root = Path(str(getattr(dataset, "root", "")))
    names = []
    for path in paths:
        if not isinstance(path, (str, Path)):
            return None, None
        file = Path(path)
        names.append((file.relative_to(root) if file.is_relative_to(root) else file).as_posix())
    if len(set(names)) < len(names):
        return None, None
    return [str(path) for path in paths], names
