"""Building of a plan's atlases in a folder: collect what is missing, lay it out, save it."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from atlas_widget.atlas import Atlas
from atlas_widget.atlas.files import write_contents
from atlas_widget.atlas.samples import Samples
from atlas_widget.atlas.storage import layer_folder
from atlas_widget.build.provenance import AtlasSettings, describe
from atlas_widget.collect import check_activations
from atlas_widget.collect.assemble import Assembled, assemble
from atlas_widget.collect.manifest import ShardFolder, check_same, made_from_of
from atlas_widget.collect.plan import CollectionPlan
from atlas_widget.collect.shard_file import DamagedShardError
from atlas_widget.collect.to_disk import CollectMissing, collect_to_disk
from atlas_widget.errors import OtherCollectionError, SavedAtlasError
from atlas_widget.images.source import ImageSource, source_notices
from atlas_widget.layout import FIT_SAMPLES, LaidOut, lay_out, umap_ready
from atlas_widget.progress import CancelledCallback, ProgressCallback, TextProgress

if TYPE_CHECKING:
    from torch import nn

    from atlas_widget.layout import OtherLayout
    from atlas_widget.probe import LayerProbe

__all__ = ["SHARDS", "Builder", "CropProgress"]

SHARDS = "shards"
"""The folder of what is collected so far, in the folder that is built in."""

_BYTES_BESIDE = 2000  # of a sample beside its activation, mostly its thumbnail
_OF_LAYOUT = ("seed", "neighbors", "min_dist", "fit_samples", "layout_method")  # settings
_MAX_REPAIRS = 100  # damaged shards; a disk that damages more is not to be built on


class CropProgress:
    """Tells crops of the shard in work together with those of shards that are whole."""

    def __init__(self) -> None:
        self._show: ProgressCallback | None = None
        self._whole = (0, 0)

    def begin(self, show: ProgressCallback) -> ProgressCallback:
        """Begin a stage, and return what is called with the crops of whole shards."""
        self._show = show
        return self._shards

    def within(self, done: int) -> None:
        """Tell how many crops of the shard in work are done."""
        if self._show is not None:
            # the end is told when the shard is written
            self._show(min(self._whole[0] + done, self._whole[1] - 1), self._whole[1])

    def _shards(self, done: int, total: int) -> None:
        self._whole = done, total
        if self._show is not None:
            self._show(done, total)


@dataclass(frozen=True)
class Builder:
    """Builds the atlases of several layers from the same images."""

    root: Path
    model: nn.Module
    probes: Mapping[str, LayerProbe]
    source: ImageSource
    settings: AtlasSettings
    grids: tuple[int, ...]
    min_count: int | None
    labels: list[str] | None
    notices: list[str]
    collect: CollectMissing
    crops: CropProgress
    max_unreadable: float
    text: TextProgress
    cancelled: CancelledCallback | None

    def finished(self, plan: CollectionPlan, layer: str) -> bool:
        """Return True if a layer's atlas is there; bring its layout and grids up to date."""
        folder = self.root / layer_folder(layer)
        if not folder.exists():
            return False
        try:
            atlas = self._existing(folder)
        except OtherCollectionError:
            raise
        except SavedAtlasError as error:  # damaged: it is replaced
            self.text.say(f"{error} It is built again.")
            return False
        check_same(folder, _collection(atlas), {**plan.made_from, "layer": layer})
        wanted = self._provenance(plan, layer, self.settings.layout_method)
        kept = (atlas.grids, atlas.min_count) == (self.grids, self.min_count)
        same_layout = _layout(atlas.provenance) == _layout(wanted)
        if kept and same_layout and atlas.labels == self.labels:
            self.text.say(f"{layer}: there already, in {str(folder)!r}.")
            return True
        if same_layout:
            laid_out = LaidOut(atlas.xy, self.settings.layout_method)
        else:
            laid_out = self._lay_out(atlas.samples, layer)
        self._atlas(atlas.samples, laid_out, plan, layer).save(folder)
        return True

    def build(self, plan: CollectionPlan) -> None:
        """Collect what is missing of a plan, and make an atlas of each of its layers."""
        self._warn_of_a_small_disk(plan)
        method = self.settings.layout_method
        with umap_ready(start=method is not None and method.is_default):
            self._build(plan)

    def _build(self, plan: CollectionPlan) -> None:
        folders = self._collect(plan)
        of_layers = [line for layer in plan.layers for line in self.probes[layer].notices]
        self.text.say(*dict.fromkeys([*of_layers, *self.notices, *source_notices(self.source)]))
        for layer in plan.layers:
            shards = next(found for found in folders if found.layer == layer)
            assembled = self._assembled(shards, plan)
            samples = assembled.samples
            check_activations(samples, assembled.moments)
            laid_out = self._lay_out(samples, layer)
            atlas = self._atlas(samples, laid_out, plan, layer)
            write_contents(atlas.contents(), self.root / layer_folder(layer), assembled.files)
            self.text.say(
                f"{layer}: {len(samples):,} samples in {str(self.root / layer_folder(layer))!r}."
            )

    def discard_others(self, plan: CollectionPlan) -> None:
        """Throw away shards and atlases of the plan's layers that are of something else."""
        for layer in plan.layers:
            made_from = {**plan.made_from, "layer": layer}
            shards, folder = self._shards(layer), self.root / layer_folder(layer)
            if shards.is_dir() and made_from_of(shards) != made_from:
                shutil.rmtree(shards)
            if (folder / "atlas.json").is_file():
                try:
                    same = _collection(Atlas.load(folder)) == made_from
                except SavedAtlasError:
                    same = False
                if not same:
                    shutil.rmtree(folder)

    def discard_shards(self, layers: Sequence[str]) -> None:
        """Delete what finished atlases were put together from."""
        for layer in layers:
            shutil.rmtree(self._shards(layer), ignore_errors=True)
        with contextlib.suppress(OSError):  # there are others in it, or it is not there
            (self.root / SHARDS).rmdir()

    def _collect(self, plan: CollectionPlan) -> list[ShardFolder]:
        return collect_to_disk(
            plan,
            self.root / SHARDS,
            self.source,
            self.collect,
            max_unreadable=self.max_unreadable,
            progress=self.crops.begin(self.text.stage("collecting")),
            cancelled=self.cancelled,
        )

    def _assembled(self, shards: ShardFolder, plan: CollectionPlan) -> Assembled:
        for _ in range(_MAX_REPAIRS):
            try:
                return assemble(
                    shards, progress=self.text.stage("reading"), cancelled=self.cancelled
                )
            except DamagedShardError as error:
                self.text.say(f"{error} It is collected again.")
                shards.discard(error.number)
                (shards,) = (f for f in self._collect(plan) if f.layer == shards.layer)
        raise SavedAtlasError(f"Shards in {str(shards.folder)!r} are damaged again and again.")

    def _lay_out(self, samples: Samples, layer: str) -> LaidOut:
        method = self.settings.layout_method
        if method is not None and method.notice:
            self.text.say(method.notice)
        laid_out = lay_out(
            samples.activations,
            method,
            seed=self.settings.seed,
            neighbors=self.settings.neighbors,
            fit_samples=self.settings.fit_samples or FIT_SAMPLES,
            progress=self.text.stage("layout"),
            cancelled=self.cancelled,
            device=self.probes[layer].device,
        )
        self.text.say(*laid_out.notices)
        return laid_out

    def _atlas(
        self, samples: Samples, laid_out: LaidOut, plan: CollectionPlan, layer: str
    ) -> Atlas:
        return Atlas(
            samples,
            laid_out.xy,
            layer=layer,
            grids=self.grids,
            labels=self.labels,
            provenance=self._provenance(plan, layer, laid_out.method),
            notices=[
                *self.probes[layer].notices,
                *self.notices,
                *source_notices(self.source),
                *laid_out.notices,
            ],
            min_count=self.min_count,
        )

    def _provenance(
        self, plan: CollectionPlan, layer: str, method: OtherLayout | None
    ) -> dict[str, Any]:
        settings = replace(self.settings, layout_method=method)
        record = describe(
            self.probes[layer], self.source, settings, self.model, plan.made_from["images"]
        )
        return {**record, "collection": {**plan.made_from, "layer": layer}}

    def _existing(self, folder: Path) -> Atlas:
        if not (folder / "atlas.json").is_file():
            raise OtherCollectionError(
                f"{str(folder)!r} exists and holds no atlas, so nothing is written there: choose "
                "another folder."
            )
        return Atlas.load(folder)

    def _shards(self, layer: str) -> Path:
        return self.root / SHARDS / layer_folder(layer)

    def _warn_of_a_small_disk(self, plan: CollectionPlan) -> None:
        """Say beforehand if there will not be room for shards and, beside them, one atlas."""
        width = np.dtype(plan.dtype).itemsize
        each = [plan.num_samples * (c * width + _BYTES_BESIDE) for c in plan.channels]
        here = sum(f.stat().st_size for f in (self.root / SHARDS).glob("*/*") if f.is_file())
        needed, free = sum(each) + max(each) - here, shutil.disk_usage(self.root).free
        if free < needed:
            self.text.say(
                f"About {needed / 1e9:,.1f} GB will be written to {str(self.root)!r}, where "
                f"{free / 1e9:,.1f} GB are free; dtype float16 takes less."
            )


def _collection(atlas: Atlas) -> dict[str, Any] | None:
    found = atlas.provenance.get("collection")
    return found if isinstance(found, dict) else None


def _layout(provenance: Mapping[str, Any]) -> list[Any]:
    settings = provenance.get("settings", {})
    return [settings.get(name) for name in _OF_LAYOUT]
