"""One shard of a plan: collected by itself, the same wherever and whenever it is done."""

from __future__ import annotations

import os
from collections import OrderedDict, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING, TypeVar

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from atlas_widget.atlas.samples import Samples
from atlas_widget.collect.batches import SampledCrop, as_tensor, seen_at, take_samples
from atlas_widget.collect.plan import CollectionPlan, PlannedCrop
from atlas_widget.images.crops import crop_boxes, crop_image, random_positions
from atlas_widget.images.decode import UnreadableImageError
from atlas_widget.images.reading import GROUP
from atlas_widget.images.source import ImageSource, open_image
from atlas_widget.images.thumbnails import Thumbnails
from atlas_widget.progress import CancelledCallback, ProgressCallback, check_cancelled

if TYPE_CHECKING:
    from atlas_widget.probe import LayerProbe
    from atlas_widget.probe.several import LayersReader

__all__ = ["CollectedShard", "collect_shard"]

_MAX_THREADS = 16

Item = TypeVar("Item")
Result = TypeVar("Result")


@dataclass(frozen=True)
class CollectedShard:
    """Contents of a shard of a plan.

    Attributes
    ----------
    number : int
        Which shard.
    layers : dict of str to Samples
        The samples of each layer.
    unreadable : dict of str to str
        Names of images that could not be read, and why; there are no samples of them.
    """

    number: int
    layers: dict[str, Samples]
    unreadable: dict[str, str]


@dataclass(frozen=True)
class _Prepared:
    pixels: NDArray[np.uint8]
    of_layers: list[SampledCrop]


def collect_shard(
    plan: CollectionPlan,
    number: int,
    probes: Sequence[LayerProbe],
    read: LayersReader,
    source: ImageSource,
    *,
    threads: int | None = None,
    progress: ProgressCallback | None = None,
    cancelled: CancelledCallback | None = None,
) -> CollectedShard:
    """Collect one shard. The result depends on the plan, the number and the images alone.

    Parameters
    ----------
    plan : CollectionPlan
        From `plan_collections`.
    number : int
        Which shard, from 0.
    probes : sequence of LayerProbe
        Those of `plan.layers`, in that order.
    read : LayersReader
        Of the same probes.
    source : ImageSource
        The images that the plan was made for.
    threads : int, optional
        How many threads read images; by default as many as there are cores, up to 16, of a source
        that says it is `concurrent`, else one.
    progress, cancelled : callable, optional
        Called with (crops done, crops) after each batch; asked before each.

    Raises
    ------
    Cancelled
        `cancelled` returned True.
    """
    crops = plan.crops(number)
    reader = _Reader(plan, probes, source)
    parts: list[list[Samples]] = [[] for _ in probes]
    done = 0
    with ThreadPoolExecutor(_threads(threads, source), thread_name_prefix="atlas-images") as pool:
        prepared = _in_order(pool, reader.prepare, crops, 2 * plan.batch_size)
        batch: list[_Prepared] = []
        for at, crop in enumerate(prepared, 1):
            if crop is not None:
                batch.append(crop)
            if batch and (len(batch) == plan.batch_size or at == len(crops)):
                check_cancelled(cancelled)
                done_maps = read(as_tensor([one.pixels for one in batch]))
                for layer, maps in enumerate(done_maps):
                    sampled = [one.of_layers[layer] for one in batch]
                    parts[layer].append(take_samples(maps, sampled))
                batch = []
            if progress is not None and (at == len(crops) or at - done >= plan.batch_size):
                done = at
                progress(done, len(crops))
    layers = {
        probe.layer: Samples.concatenate(of_layer) if of_layer else _nothing(probe)
        for probe, of_layer in zip(probes, parts, strict=True)
    }
    return CollectedShard(number, layers, dict(sorted(reader.unreadable.items())))


class _Reader:
    """Reads images and cuts planned crops out of them; from several threads at once."""

    def __init__(
        self, plan: CollectionPlan, probes: Sequence[LayerProbe], source: ImageSource
    ) -> None:
        self.unreadable: dict[str, str] = {}
        self._plan = plan
        self._probes = probes
        self._source = source
        self._images: OrderedDict[int, Image.Image] = OrderedDict()
        self._lock = Lock()
        for probe in probes:
            probe.position_box(0, 0)  # measured here once, not in every thread

    def prepare(self, planned: PlannedCrop) -> _Prepared | None:
        """Return a crop ready for the network; nothing if its image cannot be read."""
        name = self._source.name(planned.index)
        try:
            image = self._image(planned.index)
        except UnreadableImageError as error:
            self.unreadable[name] = str(error)
            return None
        plan, size = self._plan, self._probes[0].input_size
        (crop,) = crop_boxes(
            name,
            image.size,
            seed=plan.seed,
            scale=plan.crop_scale,
            start=planned.number,
        )
        picture = crop_image(image, crop, size)
        of_layers = []
        for probe in self._probes:
            positions = random_positions(
                name, planned.number, probe.map_size, seed=plan.seed, count=plan.schedule.per_crop
            )[: planned.positions]
            jpegs = seen_at(probe, picture, positions)
            of_layers.append(SampledCrop(planned.index, name, crop, positions, jpegs))
        return _Prepared(np.asarray(picture), of_layers)

    def _image(self, index: int) -> Image.Image:
        if self._plan.schedule.rounds == 1:
            return open_image(self._source, index)
        with self._lock:
            if index in self._images:
                self._images.move_to_end(index)
                return self._images[index]
        image = open_image(self._source, index)
        with self._lock:
            self._images[index] = image
            while len(self._images) > GROUP:
                self._images.popitem(last=False)
        return image


def _in_order(
    pool: ThreadPoolExecutor,
    function: Callable[[Item], Result],
    items: Iterable[Item],
    ahead: int,
) -> Iterator[Result]:
    """Yield what `function` makes of each item, in their order, at most `ahead` items ahead."""
    waiting: deque[Future[Result]] = deque()
    try:
        for item in items:
            waiting.append(pool.submit(function, item))
            if len(waiting) > ahead:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        for future in waiting:
            future.cancel()


def _nothing(probe: LayerProbe) -> Samples:
    return Samples(
        activations=np.zeros((0, probe.channels), np.float32),
        positions=np.zeros((0, 2), np.int16),
        crops=np.zeros((0, 4), np.float32),
        flipped=np.zeros(0, np.bool_),
        image_ids=np.zeros(0, np.int32),
        image_names=[],
        image_indices=np.zeros(0, np.int32),
        thumbnails=Thumbnails.from_jpegs(()),
    )


def _threads(wanted: int | None, source: ImageSource) -> int:
    if not getattr(source, "concurrent", False):
        return wanted or 1
    return wanted or min(_MAX_THREADS, os.cpu_count() or 1)
