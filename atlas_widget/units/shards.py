"""Shards of a scan: the images from one point to the next at which an interrupted scan goes on."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import torch
from torch import Tensor

from atlas_widget.errors import SavedAtlasError
from atlas_widget.images.unreadable import UnreadableImageError
from atlas_widget.probe.pictures import as_rgb
from atlas_widget.probe.several import LayersReader
from atlas_widget.units.layer_scan import LayerScan

if TYPE_CHECKING:
    from atlas_widget.images.source import ImageSource
    from atlas_widget.probe import LayerProbe

__all__ = ["BATCH", "ScanMissing", "ScannedShard", "ShardScanner"]

BATCH = {"cpu": 16, "cuda": 64}
"""Number of images at a time, by kind of device."""

Shard = range
"""The numbers of a shard's images."""

ScanMissing = Callable[[Sequence[Shard], Callable[[int], None]], Iterator[tuple[Shard, Any]]]
"""Scans shards, and yields each with its `ScannedShard` in any order.

Its second argument is told, now and then, how many more images were read.
"""


@dataclass(frozen=True)
class ScannedShard:
    """Statistics and examples of all layers over the images of a shard.

    Attributes
    ----------
    layers
        The scan of each layer; empty if none of the images could be read.
    unreadable
        Names of the images that could not be read.
    """

    layers: Mapping[str, LayerScan]
    unreadable: tuple[str, ...] = ()

    def merge(self, other: Self) -> Self:
        """Return the scan of the images of both, the other's after the own."""
        unreadable = (*self.unreadable, *other.unreadable)
        if not self.layers or not other.layers:
            return type(self)(self.layers or other.layers, unreadable)
        layers = {name: scan.merge(other.layers[name]) for name, scan in self.layers.items()}
        return type(self)(layers, unreadable)

    def save(self, file: Path) -> None:
        """Write it into a file; nothing is pickled, and no other process sees half of it."""
        from safetensors.numpy import save_file

        arrays = {
            f"{number}.{name}": np.ascontiguousarray(array)
            for number, scan in enumerate(self.layers.values())
            for name, array in scan.arrays().items()
        }
        told = {"layers": list(self.layers), "unreadable": list(self.unreadable)}
        new = file.with_suffix(".new")
        save_file(arrays, new, {"shard": json.dumps(told)})
        new.replace(file)

    @classmethod
    def load(cls, file: Path) -> Self:
        """Read it from a file.

        Raises
        ------
        SavedAtlasError
            It is damaged.
        """
        from safetensors import SafetensorError, safe_open

        try:
            with safe_open(file, "numpy") as opened:
                told = json.loads(opened.metadata()["shard"])
                arrays = {key: opened.get_tensor(key) for key in opened.keys()}  # noqa: SIM118
            layers = {
                name: LayerScan.from_arrays(
                    {
                        key.partition(".")[2]: array
                        for key, array in arrays.items()
                        if key.startswith(f"{number}.")
                    }
                )
                for number, name in enumerate(told["layers"])
            }
            return cls(layers, tuple(told["unreadable"]))
        except (OSError, ValueError, KeyError, TypeError, SafetensorError) as error:
            raise SavedAtlasError(
                f"There is no readable part of a scan in {file}: {type(error).__name__}: {error}. "
                "Remove it, and it is made again."
            ) from error


class ShardScanner:
    """Scans all units of some layers over shards of images.

    Parameters
    ----------
    probes
        Layers of one model.
    source
        The images.
    batch
        Number of images at a time.
    """

    def __init__(self, probes: Sequence[LayerProbe], source: ImageSource, batch: int) -> None:
        self._probes = probes
        self._source = source
        self._batch = batch
        self._reader = LayersReader(probes)
        self._size = probes[0].input_size

    def scan_missing(
        self, shards: Sequence[Shard], each: Callable[[int], None]
    ) -> Iterator[tuple[Shard, ScannedShard]]:
        """Scan one shard after the other; see `ScanMissing`."""
        with ThreadPoolExecutor(2, "atlas-widget-scan") as pool:
            for shard in shards:
                yield shard, self._scan(pool, shard, each)

    def __call__(self, shard: Shard) -> ScannedShard:
        """Scan one shard."""
        ((_, found),) = self.scan_missing([shard], lambda _count: None)
        return found

    def _scan(
        self, pool: ThreadPoolExecutor, shard: Shard, each: Callable[[int], None]
    ) -> ScannedShard:
        scans: list[LayerScan | None] = [None] * len(self._probes)
        unreadable: list[str] = []
        for count, some, rgb in self._batches(pool, shard, unreadable):
            if rgb is not None:
                for at, maps in enumerate(self._reader(rgb)):
                    found = LayerScan.of(maps, some)
                    known = scans[at]
                    scans[at] = found if known is None else known.merge(found)
            each(count)
        layers = {
            probe.layer: scan
            for probe, scan in zip(self._probes, scans, strict=True)
            if scan is not None
        }
        return ScannedShard(layers, tuple(unreadable))

    def _batches(
        self, pool: ThreadPoolExecutor, numbers: Sequence[int], unreadable: list[str]
    ) -> Iterator[tuple[int, list[int], Tensor | None]]:
        """Yield how many images were opened, the numbers of those that could be, and these.

        The next ones are being read meanwhile.
        """
        threads = pool if getattr(self._source, "concurrent", False) else None
        todo = iter(numbers)

        def ask() -> list[Any]:
            some = list(islice(todo, self._batch))
            if threads is None:
                return [(number, None) for number in some]
            return [(number, threads.submit(self._open, number)) for number in some]

        ahead = ask()
        while ahead:
            now, ahead = ahead, ask()
            read: list[tuple[int, Tensor]] = []
            for number, future in now:
                rgb = self._open(number) if future is None else future.result()
                if rgb is None:
                    unreadable.append(self._source.name(number))
                else:
                    read.append((number, rgb))
            whole = torch.cat([rgb for _, rgb in read]) if read else None
            yield len(now), [number for number, _ in read], whole

    def _open(self, number: int) -> Tensor | None:
        try:
            return as_rgb([self._source.open(number)], self._size)
        except UnreadableImageError:
            return None
