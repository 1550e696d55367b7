"""The images of a DataLoader: those of its dataset that its sampler draws, or else its batches."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

from atlas_widget.errors import ImagesError
from atlas_widget.images.source import NamedImages

__all__ = ["loader_source"]

_DRAWN_TIMES = 20  # as often as there are items: a sampler that draws more has no end


def loader_source(
    loader: Any,
    of_dataset: Callable[[Any, Sequence[int] | None], NamedImages],
    of_stream: Callable[[Iterable[Any]], NamedImages],
) -> NamedImages:
    """Take the images of a DataLoader.

    Crops are drawn image by image, not in batches, so items come one by one from its dataset where
    those are images. What `collate_fn` alone makes images of comes in its batches.

    Parameters
    ----------
    loader : torch.utils.data.DataLoader
    of_dataset : callable
        Makes a source of a dataset and the numbers of some of its items, None for all.
    of_stream : callable
        Makes a source of batches.
    """
    import torch.utils.data as data

    plain = loader.collate_fn in (data.default_collate, data.default_convert)
    if isinstance(loader.dataset, data.IterableDataset):
        try:
            return of_stream(loader.dataset)
        except ImagesError:
            if plain:
                raise
            return of_stream(loader)
    try:
        drawn = _drawn(loader)
    except _OtherKeysError:
        return of_stream(loader)
    try:
        source = of_dataset(loader.dataset, drawn.numbers)
    except ImagesError:
        if plain:
            raise
        return of_stream(loader)
    if drawn.endless:
        source.remark(
            f"The loader's sampler has no end: {len(source):,} of the {len(loader.dataset):,} "
            "images came up while it was followed, and those are taken."
        )
    return source


class _OtherKeysError(Exception):
    """A sampler draws something else than the numbers of items."""


@dataclass(frozen=True)
class _Drawn:
    """Numbers of the items that a loader draws, None for all; and whether it comes to no end."""

    numbers: list[int] | None
    endless: bool = False


def _drawn(loader: Any) -> _Drawn:
    import torch.utils.data as data

    sampler = loader.sampler
    if type(loader.batch_sampler) not in (data.BatchSampler, type(None)):
        sampler = loader.batch_sampler
    elif loader.batch_sampler is not None:
        sampler = loader.batch_sampler.sampler
    if type(sampler) in (data.SequentialSampler, data.RandomSampler):
        return _Drawn(None)
    if type(sampler) is data.SubsetRandomSampler:
        return _Drawn(sorted({int(number) for number in sampler.indices}))
    if type(sampler) is data.WeightedRandomSampler:
        return _Drawn([at for at, weight in enumerate(sampler.weights.tolist()) if weight > 0])
    try:
        total = len(loader.dataset)
    except TypeError as error:  # a dataset may do without a length if its sampler knows it
        raise _OtherKeysError("The dataset has no length.") from error
    return _followed(sampler, total)


def _followed(sampler: Iterable[Any], total: int) -> _Drawn:
    """Follow a sampler until it has drawn all items, comes to its end, or shows to have none."""
    numbers: set[int] = set()
    most = _DRAWN_TIMES * total + 1000
    with _same_random_numbers():
        for count, drawn in enumerate(sampler):
            if len(numbers) == total:
                return _Drawn(sorted(numbers))
            if count >= most:
                return _Drawn(sorted(numbers), endless=True)
            numbers.update(_numbers(drawn))
    return _Drawn(sorted(numbers))


def _numbers(drawn: Any) -> list[int]:
    """Return the numbers of items in what a sampler drew: one, or a batch of them."""
    if hasattr(drawn, "tolist"):
        drawn = drawn.tolist()
    try:
        return [int(each) for each in (drawn if isinstance(drawn, list | tuple) else (drawn,))]
    except (TypeError, ValueError) as error:
        raise _OtherKeysError(f"{drawn!r:.80}") from error


@contextmanager
def _same_random_numbers() -> Iterator[None]:
    """Leave the user's random numbers as they were: a sampler draws its own from them."""
    import torch

    python, numpy = random.getstate(), np.random.get_state()
    try:
        with torch.random.fork_rng(devices=[]):
            yield
    finally:
        random.setstate(python)
        np.random.set_state(numpy)
