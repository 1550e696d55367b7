"""One pass over images for all units of all layers, in shards that can be resumed."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from atlas_widget.collect.lock import FolderLock
from atlas_widget.errors import AtlasError, ImagesError, OtherCollectionError
from atlas_widget.images.labels import UNKNOWN, Given
from atlas_widget.images.opening import as_image_source
from atlas_widget.images.unreadable import UnreadableImageError
from atlas_widget.probe.pictures import as_rgb
from atlas_widget.probe.several import LayersReader, open_layers
from atlas_widget.progress import (
    CancelledCallback,
    ProgressCallback,
    TextProgress,
    check_cancelled,
)
from atlas_widget.units.layer_scan import LayerScan
from atlas_widget.units.unit_scan import VERSION, UnitScan

if TYPE_CHECKING:
    from torch import nn

    from atlas_widget.images.source import ImageSource
    from atlas_widget.probe import LayerProbe

__all__ = ["scan_probes", "scan_units"]

_BATCH = {"cpu": 16, "cuda": 64}
_SHARD = 512  # images between two points from which an interrupted scan goes on
_PLAN = "plan.json"


def scan_units(
    model: nn.Module,
    layers: str | Sequence[str],
    images: Any = None,
    *,
    labels: Given | None = None,
    transform: Any = None,
    device: str | torch.device | None = None,
    input_size: int | None = None,
    folder: str | os.PathLike[str] | None = None,
    part: slice | None = None,
    batch_size: int | None = None,
    progress: bool | ProgressCallback = True,
    cancelled: CancelledCallback | None = None,
) -> UnitScan:
    """Find where each unit of some layers is most active, over all positions of whole images.

    Each image is given to the model as in evaluation: scaled and cropped to a square in the middle.
    All layers are read in one pass. Nothing is left on the model.

    Parameters
    ----------
    model
        Any vision model; it is copied, never changed.
    layers
        Names from ``list_layers(model)``.
    images
        See :func:`atlas_widget.images.as_image_source`; None: the demo's photos.
    labels
        The class of each image: one for each in their order, a mapping of names to classes, or a
        function of an image's name. None: as the images say, by their dataset's targets or folders.
    transform, device, input_size
        See :class:`~atlas_widget.probe.LayerProbe`.
    folder
        Where finished shards of 512 images are kept, so that a scan that was interrupted goes on
        where it was. The finished scan is there, too (`UnitScan.load`). Nothing of it is pickled.
    part
        Only these images of the source, ``slice(0, 50_000)``: parts scanned in several processes
        or machines are put together by `UnitScan.merge`.
    batch_size
        Number of images at a time.
    progress
        Whether to write progress to stderr, or a callback (done, total).
    cancelled
        Asked now and then; once it returns True, `Cancelled` is raised. Finished shards stay.

    Returns
    -------
    UnitScan

    Raises
    ------
    LayerNotFoundError
        Naming the closest layers.
    ImagesError
        None of the images can be read.
    OtherCollectionError
        The folder holds a scan of another model, other images or other settings.
    FolderHeldError
        Another process scans into the folder.

    Examples
    --------
    >>> scan = scan_units(model, ["layer3", "layer4"], "photos")
    >>> scan.stats("layer3").sort_values("sparseness").tail()
    >>> scan.examples("layer3", 17)
    """
    names = [layers] if isinstance(layers, str) else list(layers)
    if not names:
        raise AtlasError("layers=[]: one or more names of layers.")
    probes = open_layers(model, names, transform=transform, device=device, input_size=input_size)
    try:
        source = as_image_source(images, preprocessing=probes[0].preprocessing)
        numbers = range(len(source))[part or slice(None)]
        if not numbers:
            raise ImagesError(f"part={part!r} holds none of the {len(source)} images.")
        report = progress if callable(progress) else TextProgress(progress).stage("scanning")
        scanner = _Scanner(probes, source, labels, batch_size)
        return scanner.run(numbers, folder, report, cancelled)
    finally:
        for probe in probes:
            probe.close()


def scan_probes(
    probes: Sequence[LayerProbe],
    source: ImageSource,
    *,
    labels: Given | None = None,
    progress: ProgressCallback,
    cancelled: CancelledCallback | None = None,
) -> UnitScan:
    """Scan layers that are open already, over all images of a source; see :func:`scan_units`.

    Parameters
    ----------
    probes
        Layers of one model.
    source
        The images.
    labels, progress, cancelled
        See :func:`scan_units`.
    """
    return _Scanner(probes, source, labels, None).run(range(len(source)), None, progress, cancelled)


class _Scanner:
    """Reads images and gathers the scans of all layers."""

    def __init__(
        self,
        probes: Sequence[LayerProbe],
        source: ImageSource,
        labels: Given | None,
        batch_size: int | None,
    ) -> None:
        self._probes = probes
        self._source = source
        self._reader = LayersReader(probes)
        self._size = probes[0].input_size
        self._batch = batch_size or _BATCH.get(probes[0].device.type, 16)
        self._classes, self._class_of = _labels(source, labels)
        self._unreadable: dict[str, None] = {}
        self._record: dict[str, Any] = {
            "weights": probes[0].weights_hash,
            "images": source.fingerprint(),
            "preprocessing": probes[0].preprocessing.description,
            "input_size": self._size,
            "layers": {probe.layer: _place(probe) for probe in probes},
        }

    def run(
        self,
        numbers: range,
        folder: str | os.PathLike[str] | None,
        report: ProgressCallback,
        cancelled: CancelledCallback | None,
    ) -> UnitScan:
        """Scan these images, a shard after the other."""
        if folder is None:
            return self._run(numbers, None, report, cancelled)
        root = Path(folder).expanduser()
        with FolderLock(root):
            return self._run(numbers, self._root(root), report, cancelled)

    def _run(
        self,
        numbers: range,
        root: Path | None,
        report: ProgressCallback,
        cancelled: CancelledCallback | None,
    ) -> UnitScan:
        whole: UnitScan | None = None
        done = 0
        report(0, len(numbers))
        with ThreadPoolExecutor(2, "atlas-widget-scan") as pool:
            for start in range(0, len(numbers), _SHARD):
                shard = numbers[start : start + _SHARD]
                place = None if root is None else root / f"shard-{shard[0]:09d}-{shard[-1]:09d}"
                found: UnitScan | None
                if place is not None and place.is_dir():
                    found = UnitScan.load(place)
                else:
                    found = self._shard(pool, shard, done, len(numbers), report, cancelled)
                    if place is not None and found is not None:
                        new = place.with_suffix(".new")
                        found.save(new)
                        new.replace(place)
                if found is not None:
                    whole = found if whole is None else whole.merge(found)
                done += len(shard)
                report(done, len(numbers))
        if whole is None:
            raise ImagesError(
                f"None of the {len(numbers)} images can be read, the first "
                f"{self._source.name(numbers[0])!r}."
            )
        if root is not None:
            whole.save(root)
        return whole

    def _shard(
        self,
        pool: ThreadPoolExecutor,
        numbers: Sequence[int],
        before: int,
        total: int,
        report: ProgressCallback,
        cancelled: CancelledCallback | None,
    ) -> UnitScan | None:
        scans: list[LayerScan | None] = [None] * len(self._probes)
        done = before
        for some, rgb in self._batches(pool, numbers):
            check_cancelled(cancelled)
            for at, maps in enumerate(self._reader(rgb)):
                found = LayerScan.of(maps, some)
                known = scans[at]
                scans[at] = found if known is None else known.merge(found)
            done += len(some)
            report(done, total)
        known_layers = {
            probe.layer: scan
            for probe, scan in zip(self._probes, scans, strict=True)
            if scan is not None
        }
        if not known_layers:
            return None
        own = set(map(self._source.name, numbers))
        return UnitScan(
            known_layers,
            self._record,
            [self._source.name(number) for number in range(len(self._source))],
            self._classes,
            self._class_of,
            [name for name in self._unreadable if name in own],
        )

    def _batches(
        self, pool: ThreadPoolExecutor, numbers: Sequence[int]
    ) -> Iterator[tuple[list[int], Tensor]]:
        """Yield images and their numbers, the next ones being read meanwhile."""
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
                    self._unreadable[self._source.name(number)] = None
                else:
                    read.append((number, rgb))
            if read:
                yield [number for number, _ in read], torch.cat([rgb for _, rgb in read])

    def _open(self, number: int) -> Tensor | None:
        try:
            return as_rgb([self._source.open(number)], self._size)
        except UnreadableImageError:
            return None

    def _root(self, root: Path) -> Path:
        """Return the folder of this scan's shards; raise if it holds another scan."""
        root.mkdir(parents=True, exist_ok=True)
        text = json.dumps([VERSION, self._record, self._batch], sort_keys=True)
        plan: dict[str, Any] = {
            "version": VERSION,
            "hash": hashlib.sha256(text.encode()).hexdigest(),
            **self._record,
        }
        plan["layers"] = list(self._record["layers"])
        file = root / _PLAN
        if file.exists():
            try:
                known = json.loads(file.read_text(encoding="utf-8"))
            except ValueError:
                known = {}
            if known.get("hash") != plan["hash"]:
                differs = [key for key in plan if key != "hash" and known.get(key) != plan[key]]
                what = ", ".join(differs) or "the batch size or the labels"
                raise OtherCollectionError(
                    f"{root} holds a scan that differs in {what}. Give another folder, or remove "
                    "this one."
                )
        else:
            from atlas_widget.atlas.durable import write_text

            write_text(file, json.dumps(plan))
        return root


def _place(probe: LayerProbe) -> dict[str, Any]:
    """Return kind, map size and boxes of a layer; boxes in fractions of the picture."""
    rows, columns = probe.map_size
    boxes = [
        [edge / probe.input_size for edge in probe.position_box(row, column)]
        for row in range(rows)
        for column in range(columns)
    ]
    return {"kind": probe.kind, "map_size": [rows, columns], "boxes": boxes}


def _labels(
    source: ImageSource, given: Given | None
) -> tuple[list[str], np.ndarray[Any, np.dtype[np.int64]]]:
    """Return the classes' names and the class of each image, -1 for none."""
    from atlas_widget.images.labels import image_labels

    labels = image_labels(source, given)
    if labels is None:
        return [], np.full(len(source), UNKNOWN, np.int64)
    texts = [None if label is None else str(label) for label in labels]
    classes = sorted({text for text in texts if text is not None})
    number = {text: at for at, text in enumerate(classes)}
    found = [UNKNOWN if text is None else number[text] for text in texts]
    return classes, np.array(found, np.int64)
