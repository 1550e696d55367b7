"""One pass over images for all units of all layers, in shards that can be resumed."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Iterator, Sequence
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from atlas_widget.collect.lock import FolderLock
from atlas_widget.errors import AtlasError, ImagesError, OtherCollectionError
from atlas_widget.images.labels import UNKNOWN, Given
from atlas_widget.images.opening import as_image_source
from atlas_widget.probe.several import open_layers
from atlas_widget.progress import (
    CancelledCallback,
    ProgressCallback,
    TextProgress,
    check_cancelled,
)
from atlas_widget.units.shards import BATCH, ScanMissing, ScannedShard, ShardScanner
from atlas_widget.units.unit_scan import VERSION, UnitScan

if TYPE_CHECKING:
    from torch import nn

    from atlas_widget.images.source import ImageSource
    from atlas_widget.probe import LayerProbe

__all__ = ["scan_probes", "scan_units"]

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
    cluster: str | None = None,
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
    cluster
        A Ray cluster whose machines scan the shards: "auto" or an address, see
        `atlas_widget.cluster.connect`. The result is the same; images must be where each machine
        finds them.
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
    ClusterError
        There is no cluster at this address, or its machines have other versions of the model.

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
        plan = _Plan(probes, source, labels, _batch_of(probes, batch_size))
        if cluster is None:
            scan_missing = ShardScanner(probes, source, plan.batch).scan_missing
        else:
            # named, not imported: that room builds on this one
            on_cluster = import_module("atlas_widget.cluster").cluster_scanner
            scan_missing = on_cluster(
                model, cluster, probes, source, plan.batch, transform=transform, cancelled=cancelled
            )
        return plan.run(numbers, folder, scan_missing, report, cancelled)
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
    plan = _Plan(probes, source, labels, _batch_of(probes))
    scanner = ShardScanner(probes, source, plan.batch)
    return plan.run(range(len(source)), None, scanner.scan_missing, progress, cancelled)


class _Plan:
    """A scan of images in shards, and what identifies it.

    Parameters
    ----------
    probes
        Layers of one model.
    source
        The images.
    labels
        See :func:`scan_units`.
    batch
        Number of images at a time.
    """

    def __init__(
        self, probes: Sequence[LayerProbe], source: ImageSource, labels: Given | None, batch: int
    ) -> None:
        self.batch = batch
        self._source = source
        self._classes, self._class_of = _labels(source, labels)
        self._record: dict[str, Any] = {
            "weights": probes[0].weights_hash,
            "images": source.fingerprint(),
            "preprocessing": probes[0].preprocessing.description,
            "input_size": probes[0].input_size,
            "layers": {probe.layer: _place(probe) for probe in probes},
        }

    def run(
        self,
        numbers: range,
        folder: str | os.PathLike[str] | None,
        scan_missing: ScanMissing,
        report: ProgressCallback,
        cancelled: CancelledCallback | None,
    ) -> UnitScan:
        """Scan these images, or what of them is not in the folder yet."""
        if folder is None:
            return self._run(numbers, None, scan_missing, report, cancelled)
        root = Path(folder).expanduser()
        with FolderLock(root):
            return self._run(numbers, self._root(root), scan_missing, report, cancelled)

    def _run(
        self,
        numbers: range,
        root: Path | None,
        scan_missing: ScanMissing,
        report: ProgressCallback,
        cancelled: CancelledCallback | None,
    ) -> UnitScan:
        shards = [numbers[start : start + _SHARD] for start in range(0, len(numbers), _SHARD)]
        files = {} if root is None else {shard: root / _file_of(shard) for shard in shards}
        known = [shard for shard, file in files.items() if file.exists()]
        missing = [shard for shard in shards if shard not in set(known)]
        done = sum(map(len, known))
        report(done, len(numbers))

        def each(count: int) -> None:
            nonlocal done
            check_cancelled(cancelled)
            done += count
            report(done, len(numbers))

        def found() -> Iterator[tuple[range, ScannedShard]]:
            for shard in known:
                yield shard, ScannedShard.load(files[shard])
            for shard, scanned in scan_missing(missing, each) if missing else ():
                if files:
                    scanned.save(files[shard])
                yield shard, scanned

        check_cancelled(cancelled)
        whole = _in_order(shards, found())
        if not whole.layers:
            raise ImagesError(
                f"None of the {len(numbers)} images can be read, the first "
                f"{self._source.name(numbers[0])!r}."
            )
        names = [self._source.name(number) for number in range(len(self._source))]
        scan = UnitScan(
            whole.layers, self._record, names, self._classes, self._class_of, whole.unreadable
        )
        if root is not None:
            scan.save(root)
        return scan

    def _root(self, root: Path) -> Path:
        """Return the folder of this scan's shards; raise if it holds another scan."""
        root.mkdir(parents=True, exist_ok=True)
        text = json.dumps([VERSION, self._record, self.batch], sort_keys=True)
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


def _in_order(shards: Sequence[range], found: Iterable[tuple[range, ScannedShard]]) -> ScannedShard:
    """Merge shards in the order of their images, in whichever they come.

    Sums of numbers depend on their order in the last bits, and a scan by many machines is that of
    one to the bit.
    """
    whole = ScannedShard({})
    early: dict[range, ScannedShard] = {}
    waiting = iter(shards)
    following = next(waiting, None)
    for shard, scanned in found:
        early[shard] = scanned
        while following in early:
            whole = whole.merge(early.pop(following))
            following = next(waiting, None)
    return whole


def _file_of(shard: range) -> str:
    return f"shard-{shard[0]:09d}-{shard[-1]:09d}.safetensors"


def _batch_of(probes: Sequence[LayerProbe], batch: int | None = None) -> int:
    return batch or BATCH.get(probes[0].device.type, 16)


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
