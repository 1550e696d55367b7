"""Datasets in torchvision's or Hugging Face's style, DataLoaders, and Imagenette."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from atlas_widget.errors import ImagesError
from atlas_widget.images.arrays import ListSource, Values, to_image, unpack, values_of
from atlas_widget.images.decode import UnreadableImageError
from atlas_widget.images.source import NamedImages
from atlas_widget.images.targets import targets_of

__all__ = ["KEPT_IN_MEMORY", "DatasetSource", "imagenette", "make_source"]

KEPT_IN_MEMORY = 4096
"""So many images are taken of what can only be iterated."""

_LOOKED_AT = 16


class DatasetSource(NamedImages):
    """A dataset with a length, whose items are asked for by number.

    Parameters
    ----------
    dataset : object
        Items are images, (image, label) pairs or dicts with "image", "img" or "pixel_values".
    indices : sequence of int, optional
        Which of its items; by default all.
    preprocessing : optional
        What normalised the images, if they are normalised.
    """

    def __init__(
        self, dataset: Any, indices: Sequence[int] | None = None, preprocessing: Any = None
    ) -> None:
        super().__init__()
        self._dataset = dataset
        self._indices = range(len(dataset)) if indices is None else indices
        if not len(self._indices):
            raise ImagesError(f"The dataset has no images: {_describe(dataset)}.")
        self._files = _files(dataset)
        self._looked_at = self._look()
        self._values = values_of(self._looked_at, preprocessing)
        note = f" ({self._values.note})" if self._values.note else ""
        self.description = f"{len(self._indices):,} images of {_describe(dataset)}{note}"

    def __len__(self) -> int:
        return len(self._indices)

    def name(self, index: int) -> str:
        """Name an image: its file, as torchvision's folder datasets have it, or its number."""
        number = int(self._indices[index])
        if self._files is not None:
            return self._files[number]
        return f"image {number:0{len(str(max(len(self._dataset) - 1, 1)))}d}"

    @property
    def labels(self) -> list[Any] | None:
        """The dataset's targets: names and number where it names its classes, else the numbers."""
        targets = targets_of(self._dataset)
        return None if targets is None else [targets[int(index)] for index in self._indices]

    def open(self, index: int) -> Image.Image:
        """Return the image as 8-bit RGB; whatever the dataset raises makes it unreadable."""
        return to_image(self._item(index), self._values)

    def _item(self, index: int) -> Any:
        try:
            item = self._dataset[int(self._indices[index])]
        except Exception as error:
            raise UnreadableImageError(
                f"The dataset gave no item {index}: {type(error).__name__}: {error}"
            ) from error
        return unpack(item)

    def _look(self) -> list[Any]:
        """Take a few items, so that a dataset of something else than images says so at once."""
        items = []
        reason: UnreadableImageError | None = None
        for index in _evenly(len(self), _LOOKED_AT):
            try:
                item = self._item(index)
                to_image(item, Values())
                items.append(item)
            except UnreadableImageError as error:
                reason = reason or error
        if reason is not None and not items:
            raise ImagesError(f"No images in the dataset {_describe(self._dataset)}: {reason}")
        return items

    def fingerprint(self) -> str:
        """Hash what the dataset says of itself and a few of its images."""
        known = getattr(self._dataset, "_fingerprint", None)  # Hugging Face keeps one
        text = repr((known, _describe(self._dataset), self._values, len(self)))
        digest = hashlib.blake2b(text.encode(), digest_size=16)
        digest.update(np.asarray(self._indices, np.int64).tobytes())
        if self._files is not None:
            digest.update("\n".join(self._files).encode("utf-8", "surrogateescape"))
        if known is None:
            for item in self._looked_at:
                picture = to_image(item, self._values)
                digest.update(f"{picture.size}".encode() + picture.tobytes())
        return digest.hexdigest()


def make_source(images: Any, preprocessing: Any = None) -> NamedImages | None:
    """Make a source of a dataset, a DataLoader or another iterable; None of anything else."""
    import torch.utils.data as data

    if isinstance(images, data.DataLoader):
        plain = images.collate_fn is data.default_collate
        if plain and not isinstance(images.dataset, data.IterableDataset):
            # One by one from its dataset, since crops are drawn image by image, not in batches
            return DatasetSource(images.dataset, _sampled(images), preprocessing)
        return _from_batches(images, preprocessing)
    if isinstance(images, (str, bytes, dict, set, type)):
        return None
    iterable_only = isinstance(images, data.IterableDataset)
    if not iterable_only and hasattr(images, "__getitem__") and hasattr(images, "__len__"):
        return DatasetSource(images, preprocessing=preprocessing)
    if hasattr(images, "__iter__"):
        return _from_batches(images, preprocessing)
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


def _from_batches(batches: Any, preprocessing: Any) -> ListSource:
    """Keep the first images of what comes in batches, or one by one, as 8-bit images."""
    kept: list[Image.Image] = []
    values: Values | None = None
    for batch in batches:
        images = unpack(batch)
        single = isinstance(images, Image.Image) or getattr(images, "ndim", 4) < 4
        items = [images] if single else list(images)
        if values is None:
            values = values_of(items[:_LOOKED_AT], preprocessing)
        kept += [to_image(item, values) for item in items]
        if len(kept) >= KEPT_IN_MEMORY:
            break
    if not kept or values is None:
        raise ImagesError(f"No images came from {_describe(batches)}.")
    del kept[KEPT_IN_MEMORY:]
    note = f" ({values.note})" if values.note else ""
    return ListSource(kept, Values(), description=f"the first {len(kept):,} images{note}")


def _sampled(loader: Any) -> list[int] | None:
    """List which items a DataLoader's sampler draws; None for all of them."""
    import torch.utils.data as data

    if isinstance(loader.sampler, (data.SequentialSampler, data.RandomSampler)):
        return None
    return sorted({int(index) for index in loader.sampler})


def _files(dataset: Any) -> list[str] | None:
    """Names of the files of a torchvision folder dataset, relative to its root."""
    samples = getattr(dataset, "samples", None) or getattr(dataset, "_samples", None)
    if not isinstance(samples, list) or len(samples) != len(dataset):
        return None
    paths = [entry[0] if isinstance(entry, tuple) and entry else None for entry in samples]
    root = Path(str(getattr(dataset, "root", "")))
    names = []
    for path in paths:
        if not isinstance(path, (str, Path)):
            return None
        file = Path(path)
        names.append((file.relative_to(root) if file.is_relative_to(root) else file).as_posix())
    return names if len(set(names)) == len(names) else None


def _describe(dataset: Any) -> str:
    kind = type(dataset).__name__
    root = getattr(dataset, "root", None)
    return f"{kind} in {root}" if isinstance(root, (str, Path)) else kind


def _evenly(total: int, count: int) -> list[int]:
    return sorted({int(i) for i in np.linspace(0, total - 1, min(count, total))})
