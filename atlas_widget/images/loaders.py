"""The images of a DataLoader: those of its dataset that its sampler draws, or else its batches."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

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
        indices, endless = _drawn(loader)
    except _OtherKeysError:
        return of_stream(loader)
    try:
        source = of_dataset(loader.dataset, indices)
    except ImagesError:
        if plain:
            raise
        return of_stream(loader)
    if endless:
        source.remark(
            f"The loader's sampler has no end: {len(source):,} of the {len(loader.dataset):,} "
            "images came up while it was followed, and those are taken."
        )
    return source


class _OtherKeysError(Exception):
    """A sampler draws something else than the numbers of items."""


def _drawn(loader: Any) -> tuple[list[int] | None, bool]:
    """List which items a loader draws, None for all; and say if it never comes to an end."""
    import torch.utils.data as data

    sampler = loader.sampler
    own = type(loader.batch_sampler) not in (data.BatchSampler, type(None))
    if own:
        sampler = loader.batch_sampler
    elif loader.batch_sampler is not None:
        sampler = loader.batch_sampler.sampler
    whole = isinstance(sampler, data.SequentialSampler) or (
        isinstance(sampler, data.RandomSampler) and not sampler.replacement
    )
    total = len(loader.dataset)
    if whole and len(sampler) >= total:
        return None, False
    seen: set[int] = set()
    for count, index in enumerate(_flat(sampler)):
        if len(seen) == total:
            break
        if count >= _DRAWN_TIMES * total + 1000:
            return sorted(seen), True
        seen.add(index)
    return sorted(seen), False


def _flat(sampler: Iterable[Any]) -> Iterator[int]:
    """Yield numbers of items, also of samplers that draw lists of them."""
    for drawn in sampler:
        try:
            if hasattr(drawn, "tolist"):
                drawn = drawn.tolist()
            yield from map(int, drawn) if isinstance(drawn, list | tuple) else (int(drawn),)
        except (TypeError, ValueError) as error:
            raise _OtherKeysError(f"{drawn!r:.80}") from error
