"""A scan of units by a real Ray cluster is that of one process, to the bit."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from atlas_widget import UnitScan, scan_units
from atlas_widget.cluster import cluster_scanner
from atlas_widget.errors import ClusterError, ImagesError
from atlas_widget.images.opening import as_image_source
from atlas_widget.probe.several import open_layers
from atlas_widget.progress import Cancelled
from atlas_widget.units import scan as scan_module
from tests.conftest import tiny_picture

COUNT = 30
LAYERS = ["stem", "middle"]
OPTIONS: dict[str, Any] = {"input_size": 32, "device": "cpu", "batch_size": 4}


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Images in two folders, one of which cannot be read."""
    for number in range(COUNT):
        folder = tmp_path / "photos" / f"class{number % 2}"
        folder.mkdir(parents=True, exist_ok=True)
        tiny_picture(number, (48, 48)).save(folder / f"{number:02d}.png")
    (tmp_path / "photos" / "class1" / "17.png").write_bytes(b"no image")
    return tmp_path / "photos"


@pytest.fixture
def small_shards(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scan_module, "_SHARD", 7)


def assert_same(one: UnitScan, other: UnitScan) -> None:
    assert one.record == other.record
    assert list(one.unreadable) == list(other.unreadable)
    assert list(one.names) == list(other.names)
    np.testing.assert_array_equal(one.class_of, other.class_of)
    for layer in LAYERS:
        there = other.layers[layer].arrays()
        for name, array in one.layers[layer].arrays().items():
            np.testing.assert_array_equal(array, there[name], err_msg=f"{layer}.{name}")


@pytest.mark.usefixtures("small_shards")
def test_the_scan_is_that_of_one_process(
    nodes: Any, tiny_model: torch.nn.Module, photos: Path, tmp_path: Path
) -> None:
    here = scan_units(tiny_model, LAYERS, photos, progress=False, **OPTIONS)
    told: list[tuple[float, float]] = []
    there = scan_units(
        tiny_model, LAYERS, photos, cluster=nodes.address, folder=tmp_path / "scan",
        progress=lambda *step: told.append(step), **OPTIONS,
    )  # fmt: skip
    assert [Path(name).name for name in there.unreadable] == ["17.png"]
    assert_same(here, there)
    assert told[-1] == (COUNT, COUNT)
    assert_same(here, UnitScan.load(tmp_path / "scan"))


@pytest.mark.usefixtures("small_shards")
def test_shards_that_are_there_are_not_made_again(
    nodes: Any, tiny_model: torch.nn.Module, photos: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "scan"

    def stop() -> bool:
        return len(list(folder.glob("shard-*.safetensors"))) >= 2

    with pytest.raises(Cancelled):
        scan_units(
            tiny_model, LAYERS, photos, cluster=nodes.address, folder=folder, progress=False,
            cancelled=stop, **OPTIONS,
        )  # fmt: skip
    kept = {file: file.stat().st_mtime_ns for file in folder.glob("shard-*.safetensors")}
    assert 2 <= len(kept) < 5
    # the rest by this process alone
    whole = scan_units(tiny_model, LAYERS, photos, folder=folder, progress=False, **OPTIONS)
    assert {file: file.stat().st_mtime_ns for file in kept} == kept
    assert_same(whole, scan_units(tiny_model, LAYERS, photos, progress=False, **OPTIONS))


def test_machines_with_another_model_are_refused(
    nodes: Any, tiny_model: torch.nn.Module, photos: Path
) -> None:
    probes = open_layers(tiny_model, LAYERS, input_size=32, device="cpu")
    with torch.no_grad():
        next(tiny_model.parameters()).add_(1)
    scan = cluster_scanner(tiny_model, nodes.address, probes, as_image_source(photos), 4)
    with pytest.raises(ClusterError, match="weights are not those of this machine"):
        list(scan([range(4)], lambda _count: None))
    for probe in probes:
        probe.close()


def test_what_no_cluster_can_be_is_refused(tiny_model: torch.nn.Module, photos: Path) -> None:
    with pytest.raises(ClusterError, match="cluster=7"):
        scan_units(tiny_model, "stem", photos, cluster=7, progress=False)  # type: ignore[arg-type]


def test_images_none_of_which_can_be_read(
    nodes: Any, tiny_model: torch.nn.Module, tmp_path: Path
) -> None:
    (tmp_path / "a.png").write_bytes(b"no image")
    with pytest.raises(ImagesError, match=r"None of the 1 images can be read, the first 'a\.png'"):
        scan_units(tiny_model, "stem", tmp_path, cluster=nodes.address, progress=False, **OPTIONS)
