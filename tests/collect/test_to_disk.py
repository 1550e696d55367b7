"""Shards on disk: resumed at the one where it was, flat in memory, whole or not there."""

from __future__ import annotations

import errno
import json
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.numpy import load_file

from atlas_widget.collect import assemble as assembling
from atlas_widget.collect import collect
from atlas_widget.collect import shard_file as shard_files
from atlas_widget.collect.assemble import assemble
from atlas_widget.collect.plan import CollectionPlan, plan_collections
from atlas_widget.collect.shard_file import DamagedShardError, shard_name
from atlas_widget.collect.to_disk import collect_here, collect_to_disk
from atlas_widget.errors import (
    ActivationsError,
    DiskError,
    ImagesError,
    OtherCollectionError,
    UnreadableImagesError,
)
from atlas_widget.images import as_image_source
from atlas_widget.images.source import NamedImages
from atlas_widget.probe.several import open_layers
from atlas_widget.progress import Cancelled
from tests.conftest import tiny_picture


class MadeImages(NamedImages):
    """As many small images as wanted, made when they are opened."""

    def __init__(self, count: int) -> None:
        super().__init__()
        self.count = count
        self.opened: list[int] = []
        self.version = "1"

    def __len__(self) -> int:
        return self.count

    def name(self, index: int) -> str:
        return f"made {index}"

    def open(self, index: int) -> Image.Image:
        self.opened.append(index)
        return tiny_picture(index % 7, (40, 32))

    def fingerprint(self) -> str:
        return f"{self.count} made, version {self.version}"


def planned(probes, source, **options) -> CollectionPlan:
    (plan,) = plan_collections(
        probes, source, **{"num_samples": 80, "samples_per_shard": 16, "batch_size": 8, **options}
    )
    return plan


def collected(plan, folder, source, probes, **options):
    return collect_to_disk(plan, folder, source, collect_here(probes, source), **options)


def files_of(folder: Path) -> dict[str, bytes]:
    return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*.*s*")}


def stopping_after(batches: int):
    left = iter(range(batches))
    return lambda: next(left, None) is None


def test_what_lies_in_the_folder(probes, tmp_path: Path) -> None:
    source = MadeImages(80)
    plan = planned(probes, source)
    stem, middle = collected(plan, tmp_path, source, probes)
    manifest = json.loads((tmp_path / "middle" / "manifest.json").read_text())
    assert manifest["key"] == plan.key("middle")
    assert list(manifest["shards"]) == [shard_name(number) for number in range(5)]
    arrays = load_file(tmp_path / "stem" / shard_name(4))
    assert arrays["activations"].shape == (16, 8)
    assert not stem.missing
    assert not middle.missing


@pytest.mark.parametrize("batches", [1, 4, 7])
def test_interrupted_it_goes_on_where_it_was_and_the_result_is_the_same(
    probes, tmp_path: Path, batches: int
) -> None:
    source = MadeImages(80)
    plan = planned(probes, source)
    collected(plan, tmp_path / "whole", source, probes)
    here = collect_here(probes, source, cancelled=stopping_after(batches))
    with pytest.raises(Cancelled):
        collect_to_disk(plan, tmp_path / "halves", source, here)
    kept = set((tmp_path / "halves").rglob("shard-*"))
    assert len(kept) == 2 * (batches // 2)
    source.opened.clear()
    seen: list[tuple[int, int]] = []
    collected(plan, tmp_path / "halves", source, probes, progress=lambda *now: seen.append(now))
    assert len(source.opened) == 80 - 16 * (batches // 2)
    assert seen[0] == (16 * (batches // 2), 80)
    assert seen[-1] == (80, 80)
    assert files_of(tmp_path / "halves") == files_of(tmp_path / "whole")


def test_memory_does_not_grow_with_the_number_of_samples(probes, tmp_path: Path) -> None:
    def peak(count: int) -> int:
        source = MadeImages(count)
        plan = planned(probes, source, num_samples=count, samples_per_shard=64)
        tracemalloc.start()
        collected(plan, tmp_path / str(count), source, probes)
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return most

    peak(64)  # whatever is imported and kept
    few, many = peak(128), peak(704)
    written = sum(len(content) for content in files_of(tmp_path / "704").values())
    assert many - few < written / 8


def test_put_together_they_are_what_is_collected_in_memory(probes, tmp_path: Path) -> None:
    source = MadeImages(9)  # fewer images than samples
    plan = planned(probes, source, num_samples=300, seed=5, batch_size=None)
    folders = collected(plan, tmp_path, source, probes)
    for probe, shards in zip(probes, folders, strict=True):
        assembled = assemble(shards)
        samples = collect(probe, MadeImages(9), num_samples=300, seed=5)
        for name in ("activations", "positions", "crops", "flipped", "image_ids", "image_indices"):
            np.testing.assert_array_equal(
                getattr(assembled.samples, name), getattr(samples, name), err_msg=name
            )
        assert assembled.samples.image_names == samples.image_names
        np.testing.assert_array_equal(assembled.samples.thumbnails.blob, samples.thumbnails.blob)
        values = samples.activations.astype(np.float64)
        np.testing.assert_allclose(assembled.moments.mean, values.mean(axis=0), rtol=1e-5)
        np.testing.assert_allclose(
            assembled.moments.second_moment, values.T @ values / 300, rtol=1e-4
        )


def test_half_precision(probes, tmp_path: Path) -> None:
    source = MadeImages(80)
    sizes = {}
    for dtype in ("float16", "float32"):
        (tmp_path / dtype).mkdir()
        plan = planned(probes, source, dtype=dtype)
        _, shards = collected(plan, tmp_path / dtype, source, probes)
        sizes[dtype] = assemble(shards).samples.activations
    assert sizes["float16"].dtype == np.float16
    np.testing.assert_array_equal(sizes["float16"], sizes["float32"].astype(np.float16))


def test_activations_too_large_for_half_precision(tiny_model, tmp_path: Path) -> None:
    with torch.no_grad():
        tiny_model.middle[1].weight *= 1e6
    probes = open_layers(tiny_model, ["middle"], input_size=32, device="cpu")
    source = MadeImages(20)
    with pytest.raises(ActivationsError, match=r"'middle' reach .* keep them as float32"):
        collected(
            planned(probes, source, num_samples=20, dtype="float16"), tmp_path, source, probes
        )


@pytest.mark.parametrize(
    "damage",
    [
        lambda content: content[:-7],
        lambda content: content[: len(content) // 2],
        lambda content: content[:0],
        lambda content: content[:-100] + bytes([content[-100] ^ 1]) + content[-99:],
        lambda content: content.replace(b"made 1", b"made 2"),
    ],
)
def test_a_damaged_shard_is_found_and_collected_again(probes, tmp_path: Path, damage) -> None:
    source = MadeImages(80)
    plan = planned(probes, source)
    _, shards = collected(plan, tmp_path, source, probes)
    before = files_of(tmp_path)
    number = next(n for n in range(5) if b"made 1" in (shards.folder / shard_name(n)).read_bytes())
    file = shards.folder / shard_name(number)
    file.write_bytes(damage(file.read_bytes()))
    with pytest.raises(DamagedShardError, match=file.name) as raised:
        assemble(shards)
    shards.discard(raised.value.number)
    source.opened.clear()
    collected(plan, tmp_path, source, probes)
    assert len(source.opened) == 16
    assert {name: files_of(tmp_path)[name] for name in before} == before


def test_a_full_disk_leaves_nothing_half_written(probes, tmp_path: Path, monkeypatch) -> None:
    source = MadeImages(80)
    plan = planned(probes, source)
    collected(plan, tmp_path / "whole", source, probes)
    write, written = shard_files.write_tensors, []

    def full_in_the_middle(file, *args):
        result = write(file, *args)
        written.append(file)
        if len(written) == 6:
            file.write_bytes(file.read_bytes()[:500])
            raise OSError(errno.ENOSPC, "No space left on device")
        return result

    monkeypatch.setattr(shard_files, "write_tensors", full_in_the_middle)
    with pytest.raises(DiskError, match=r"full.*run the same again"):
        collected(plan, tmp_path / "full", source, probes)
    left = {name for name in files_of(tmp_path / "full") if "shard" in name}
    assert len(left) == 5
    whole = files_of(tmp_path / "whole")
    assert all(files_of(tmp_path / "full")[name] == whole[name] for name in left)
    monkeypatch.undo()
    collected(plan, tmp_path / "full", source, probes)
    assert files_of(tmp_path / "full") == whole


def test_a_disk_that_fills_while_shards_are_put_together(
    probes, tmp_path: Path, monkeypatch
) -> None:
    source = MadeImages(80)
    _, shards = collected(planned(probes, source), tmp_path, source, probes)
    before = files_of(tmp_path)
    write = assembling.write_tensors

    def full_in_the_middle(file, tensors):
        write(file, tensors)
        if "thumbnails" in file.name:
            file.write_bytes(file.read_bytes()[:500])
            raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(assembling, "write_tensors", full_in_the_middle)
    with pytest.raises(DiskError, match="full"):
        assemble(shards)
    assert files_of(tmp_path) == before, "shards stay, halves of other files do not"
    monkeypatch.undo()
    assert len(assemble(shards).samples) == 80


class Greedy(torch.nn.Module):
    """Has memory for three pictures at once."""

    def __init__(self, inner: torch.nn.Module) -> None:
        super().__init__()
        self.inner = inner

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if len(x) > 3:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.")
        return self.inner(x)


def test_a_model_that_runs_out_of_memory_goes_on_with_half_the_batch(
    probes, tiny_model, tmp_path: Path
) -> None:
    source, said = MadeImages(80), []
    greedy = open_layers(Greedy(tiny_model), ["inner.middle"], input_size=32, device="cpu")
    plan = planned(greedy, source)
    here = collect_here(greedy, source, say=said.append)
    (shards,) = collect_to_disk(plan, tmp_path / "greedy", source, here)
    (line,) = said
    assert "memory for 2 crops at once, not for 8" in line
    assert {record.most for record in shards.whole.values()} == {2}
    _, whole = collected(planned(probes, source), tmp_path / "whole", source, probes)
    np.testing.assert_allclose(
        assemble(shards).samples.activations,
        assemble(whole).samples.activations,
        rtol=1e-4,
        atol=1e-5,
    )


def test_images_that_are_others_than_before(probes, tmp_path: Path) -> None:
    source = MadeImages(80)
    collected(planned(probes, source), tmp_path, source, probes)
    source.version = "2"
    with pytest.raises(OtherCollectionError, match=r"the images \(one was added.*--restart"):
        collected(planned(probes, source), tmp_path, source, probes)
    source.version = "1"
    with pytest.raises(OtherCollectionError, match=r"seed \(was 0, is 1\)"):
        collected(planned(probes, source, seed=1), tmp_path, source, probes)


def test_images_that_change_meanwhile(probes, tmp_path: Path) -> None:
    source = MadeImages(80)
    plan = planned(probes, source)
    source.version = "2"
    with pytest.raises(ImagesError, match="changed while"):
        collected(plan, tmp_path, source, probes)


def test_unreadable_images_are_counted_and_more_than_a_tenth_is_an_error(
    probes, tmp_path: Path
) -> None:
    for number in range(40):
        tiny_picture(number, (40, 32)).save(tmp_path / f"{number:02d}.png")
    for number in range(6):
        (tmp_path / f"{number:02d}.png").write_bytes(b"no image")
    source = as_image_source(tmp_path)
    plan = planned(probes, source, num_samples=40)
    with pytest.raises(UnreadableImagesError, match=r"of 40 images.*10%.*Cannot read"):
        collected(plan, tmp_path / "out", source, probes)
    _, shards = collected(plan, tmp_path / "out", source, probes, max_unreadable=0.2)
    assert list(shards.unreadable) != []
    assert sorted(shards.unreadable) == [f"{number:02d}.png" for number in range(6)]
    samples = assemble(shards).samples
    assert len(samples) == 34
    assert len(samples.unreadable) == 6
    assert not set(samples.image_names) & set(samples.unreadable)
