"""The contents of a folder of shards: what they were made from, and which are whole."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from atlas_widget.atlas.durable import sync_folder, write_text
from atlas_widget.collect.plan import CollectionPlan
from atlas_widget.collect.shard_file import (
    DamagedShardError,
    ShardRecord,
    disk_error,
    shard_name,
    shard_record,
)
from atlas_widget.errors import OtherCollectionError

__all__ = ["ShardFolder", "check_same", "made_from_of"]

_MANIFEST = "manifest.json"
_FORMAT = "atlas_widget shards"
_SAID = {
    "version": "the version of this package",
    "weights": "the model or its weights",
    "input_size": "the size of the model's input",
    "preprocessing": "the transform",
    "images": "the images (one was added, taken away or changed)",
    "device": "the kind of device",
}


@dataclass
class ShardFolder:
    """The shards of one layer.

    Attributes
    ----------
    folder : Path
    plan : CollectionPlan
    layer : str
        One of the plan's.
    whole : dict of int to ShardRecord
        The shards that are there, by number.
    """

    folder: Path
    plan: CollectionPlan
    layer: str
    whole: dict[int, ShardRecord]

    @classmethod
    def open(cls, folder: Path, plan: CollectionPlan, layer: str) -> ShardFolder:
        """Find out what is there. Shards that were truncated are as good as missing.

        Raises
        ------
        OtherCollectionError
            It holds shards of another model, other images or other settings.
        DiskError
            It cannot be written to.
        """
        key = plan.key(layer)
        made_from = made_from_of(folder)
        if made_from is not None:
            check_same(folder, made_from, {**plan.made_from, "layer": layer})
        whole = {}
        for number in range(len(plan)):
            with contextlib.suppress(DamagedShardError):
                whole[number] = shard_record(folder, number, key)
        with contextlib.suppress(OSError):  # what a killed process was writing
            for file in folder.glob(".shard-*"):
                file.unlink()
        found = cls(folder, plan, layer, whole)
        found.write()
        return found

    @property
    def missing(self) -> list[int]:
        """The shards that are still to be collected."""
        return [number for number in range(len(self.plan)) if number not in self.whole]

    @property
    def unreadable(self) -> dict[str, str]:
        """Names of images that could not be read so far, and why."""
        return {
            name: reason
            for number in sorted(self.whole)
            for name, reason in self.whole[number].unreadable.items()
        }

    def add(self, record: ShardRecord) -> None:
        """Take note of a shard that was written."""
        self.whole[record.number] = record
        self.write()

    def discard(self, number: int) -> None:
        """Delete a shard that turned out to be damaged."""
        self.whole.pop(number, None)
        try:
            (self.folder / shard_name(number)).unlink(missing_ok=True)
            self.write()
        except OSError as error:
            raise disk_error(self.folder, error) from error

    def write(self) -> None:
        """Write the manifest anew, all of it or nothing."""
        shards = {
            shard_name(number): {"samples": r.samples, "bytes": r.bytes, "sha256": r.sha256}
            for number, r in sorted(self.whole.items())
        }
        record = {
            "format": _FORMAT,
            "key": self.plan.key(self.layer),
            "made_from": {**self.plan.made_from, "layer": self.layer},
            "layers_in_one_pass": list(self.plan.layers),
            "schedule": asdict(self.plan.schedule),
            "planned_shards": len(self.plan),
            "unreadable": self.unreadable,
            "shards": shards,
        }
        temporary = self.folder / f".{_MANIFEST}.{os.getpid()}"
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            write_text(temporary, json.dumps(record, indent=1))
            temporary.replace(self.folder / _MANIFEST)
            sync_folder(self.folder)
        except OSError as error:
            with contextlib.suppress(OSError):
                temporary.unlink(missing_ok=True)
            raise disk_error(self.folder / _MANIFEST, error) from error


def made_from_of(folder: Path) -> dict[str, Any] | None:
    """Return what the shards in a folder were made from; None if nothing says so."""
    try:
        found = json.loads((folder / _MANIFEST).read_text(encoding="utf-8"))["made_from"]
    except (OSError, ValueError, KeyError, TypeError):
        return None  # none, or damaged: the shards themselves say what they are of
    return found if isinstance(found, dict) else None


def check_same(folder: Path, found: Mapping[str, Any] | None, wanted: Mapping[str, Any]) -> None:
    """Raise `OtherCollectionError` if what was collected is not what is wanted."""
    if found == wanted:
        return
    known = found or {}
    differing = [name for name in wanted if known.get(name) != wanted[name]]
    said = [
        _SAID.get(name) or f"{name} (was {known.get(name)!r}, is {wanted[name]!r})"
        for name in differing
    ]
    what = f"different is {', '.join(said)}" if found else "it was built in another way"
    raise OtherCollectionError(
        f"{str(folder)!r} holds something else: {what}. Choose another folder, or start this one "
        "over (--restart, or restart=True)."
    )
