"""Shards in an object store, or wherever else fsspec writes: seen by all machines, kept by none."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from atlas_widget.collect.plan import CollectionPlan
from atlas_widget.collect.shard import CollectedShard
from atlas_widget.collect.shard_file import ShardRecord, shard_name, shard_record
from atlas_widget.collect.to_disk import store_shard
from atlas_widget.errors import AtlasError, DiskError, MissingExtraError

__all__ = ["ShardStore"]


@dataclass(frozen=True)
class ShardStore:
    """Storage of shards by what they were made from; no plan finds another plan's.

    Attributes
    ----------
    url : str
        Such as ``s3://bucket/shards``.
    """

    url: str

    def check(self) -> None:
        """Make sure that the URL can be read.

        Raises
        ------
        AtlasError
            It cannot, or the package that reads such URLs is missing.
        """
        self._files()

    def add(
        self, plan: CollectionPlan, shard: CollectedShard, *, most: int | None = None
    ) -> dict[str, ShardRecord]:
        """Write a shard, a file for each layer."""
        files, root = self._files()
        records = {}
        with tempfile.TemporaryDirectory() as name:
            for layer in shard.layers:
                folder = Path(name) / plan.key(layer)
                records[layer] = store_shard(plan, shard, layer, folder, most=most)
                there = f"{root}/{plan.key(layer)}"
                try:
                    files.makedirs(there, exist_ok=True)
                    files.put_file(
                        str(folder / shard_name(shard.number)),
                        f"{there}/{shard_name(shard.number)}",
                    )
                except Exception as error:  # each file system has errors of its own
                    raise DiskError(f"Cannot write to {self.url!r}: {error}") from error
        return records

    def fetch(
        self, plan: CollectionPlan, number: int, folders: Mapping[str, Path]
    ) -> dict[str, ShardRecord] | None:
        """Copy a shard into the folders of its layers; None if it is not there, or not whole."""
        files, root = self._files()
        records = {}
        for layer, folder in folders.items():
            file = folder / shard_name(number)
            arriving = folder / f".{file.name}.arriving"
            try:
                files.get_file(f"{root}/{plan.key(layer)}/{file.name}", str(arriving))
                arriving.replace(file)
                records[layer] = shard_record(folder, number, plan.key(layer))
            except Exception:  # each file system has errors of its own
                with contextlib.suppress(OSError):
                    arriving.unlink(missing_ok=True)
                return None
        return records

    def numbers(self, plan: CollectionPlan) -> set[int]:
        """Return which shards of a plan are there, of all its layers."""
        files, root = self._files()
        found = []
        for layer in plan.layers:
            with contextlib.suppress(FileNotFoundError):
                names = {
                    Path(str(path)).name for path in files.ls(f"{root}/{plan.key(layer)}", False)
                }
                found.append({n for n in range(len(plan)) if shard_name(n) in names})
        return set.intersection(*found) if len(found) == len(plan.layers) else set()

    def _files(self) -> tuple[Any, str]:
        from fsspec.core import url_to_fs

        try:
            files, root = url_to_fs(self.url)
        except ImportError as error:
            raise MissingExtraError(f"Shards at {self.url!r}: {error}") from error
        except Exception as error:
            raise AtlasError(f"Shards cannot be kept at {self.url!r}: {error}") from error
        return files, str(root).rstrip("/")
