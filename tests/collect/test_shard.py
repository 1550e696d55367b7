"""A shard follows from its plan and its number; all of them are what `collect` collects."""

from __future__ import annotations

import pickle
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from atlas_widget.atlas.samples import Samples
from atlas_widget.collect import collect
from atlas_widget.collect.plan import plan_collections
from atlas_widget.collect.shard import CollectedShard, collect_shard
from atlas_widget.errors import AtlasError
from atlas_widget.images import as_image_source
from atlas_widget.images.source import NamedImages
from atlas_widget.probe import LayerProbe
from atlas_widget.probe.several import LayersReader, open_layers
from tests.conftest import tiny_picture

SIZE = 64


@pytest.fixture
def probes(tiny_model: torch.nn.Module) -> Iterator[list[LayerProbe]]:
    opened = open_layers(tiny_model, ["stem", "middle"], input_size=SIZE, device="cpu")
    yield opened
    for probe in opened:
        probe.close()


@pytest.fixture
def source(tiny_images: Path):
    return as_image_source(tiny_images)


def shards_of(plan, probes, source, numbers=None) -> list[CollectedShard]:
    mine = [probe for probe in probes if probe.layer in plan.layers]
    read = LayersReader(mine)
    order = range(len(plan)) if numbers is None else numbers
    return [collect_shard(plan, number, mine, read, source) for number in order]


def assert_equal(a: Samples, b: Samples) -> None:
    for name in ("activations", "positions", "crops", "flipped", "image_ids", "image_indices"):
        np.testing.assert_array_equal(getattr(a, name), getattr(b, name), err_msg=name)
    assert a.image_names == b.image_names
    np.testing.assert_array_equal(a.thumbnails.blob, b.thumbnails.blob)


@pytest.mark.parametrize("count", [1000, 10])
def test_shards_together_are_what_is_collected_in_memory(probes, source, count: int) -> None:
    """To the bit, layer by layer, where images are few and where they are many."""
    (plan,) = plan_collections(probes, source, num_samples=count, seed=3, samples_per_shard=130)
    assert len(plan) == {1000: 8, 10: 1}[count]
    shards = shards_of(plan, probes, source)
    for probe in probes:
        together = Samples.concatenate([shard.layers[probe.layer] for shard in shards])
        assert_equal(together, collect(probe, source, num_samples=count, seed=3, batch_size=16))


def test_a_shard_does_not_depend_on_the_others(probes, source) -> None:
    (plan,) = plan_collections(probes, source, num_samples=1000, samples_per_shard=130)
    forward = shards_of(plan, probes, source)
    again = pickle.loads(pickle.dumps(plan))
    backward = shards_of(again, probes, source, reversed(range(len(plan))))
    for one, other in zip(forward, reversed(backward), strict=True):
        assert one.number == other.number
        assert_equal(one.layers["middle"], other.layers["middle"])


def test_layers_that_use_images_otherwise_have_a_plan_of_their_own(tiny_model, source) -> None:
    probes = open_layers(tiny_model, ["middle", "pool"], input_size=SIZE, device="cpu")
    plans = plan_collections(probes, source, num_samples=60)
    assert [plan.layers for plan in plans] == [("middle",), ("pool",)]
    assert [plan.schedule.per_crop for plan in plans] == [5, 1]
    (alike,) = plan_collections(probes, source, num_samples=12)
    assert alike.layers == ("middle", "pool")
    (vectors,) = shards_of(plans[1], probes, source)
    assert_equal(vectors.layers["pool"], collect(probes[1], source, num_samples=60))


def test_the_key_tells_what_would_change_the_samples(probes, source) -> None:
    def key(**changed) -> str:
        (plan,) = plan_collections(probes, source, **{"num_samples": 100, **changed})
        return plan.key("middle")

    assert key() == key()
    others = [
        {"num_samples": 101},
        {"seed": 1},
        {"crop_scale": (0.5, 1.0)},
        {"positions_per_crop": 2},
        {"dtype": "float16"},
        {"batch_size": 8},
    ]
    keys = {key(), *(key(**changed) for changed in others)}
    assert len(keys) == 1 + len(others)
    (plan,) = plan_collections(probes, source, num_samples=100)
    assert plan.key("stem") != plan.key("middle")


def test_unreadable_images_are_listed_and_left_out(probes, tmp_path: Path) -> None:
    for number in range(12):
        tiny_picture(number).save(tmp_path / f"{number:02d}.png")
    (tmp_path / "03.png").write_bytes(b"no")
    source = as_image_source(tmp_path)
    (plan,) = plan_collections(probes, source, num_samples=12)
    (shard,) = shards_of(plan, probes, source)
    assert list(shard.unreadable) == ["03.png"]
    assert "Cannot read" in shard.unreadable["03.png"]
    assert sorted(shard.layers["stem"].image_names) == [
        f"{number:02d}.png" for number in range(12) if number != 3
    ]


def test_a_shard_of_nothing_readable_is_empty(probes, tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"no")
    source = as_image_source(tmp_path)
    (plan,) = plan_collections(probes, source, num_samples=10)
    (shard,) = shards_of(plan, probes, source)
    assert shard.layers["middle"].activations.shape == (0, 12)


def test_a_users_own_data_set_is_read_by_one_thread(probes, source) -> None:
    """Few of them may be read by several at once; a source says so by `concurrent`."""
    readers: set[int] = set()

    class DataSet(NamedImages):
        def __len__(self) -> int:
            return len(source)

        def name(self, index: int) -> str:
            return source.name(index)

        def open(self, index: int) -> Image.Image:
            readers.add(threading.get_ident())
            return source.open(index)

        def fingerprint(self) -> str:
            return "mine"

    (plan,) = plan_collections(probes, DataSet(), num_samples=12)
    (shard,) = shards_of(plan, probes, DataSet())
    assert len(shard.layers["stem"]) == 12
    assert len(readers) == 1
    assert source.concurrent


def test_no_such_shard(probes, source) -> None:
    (plan,) = plan_collections(probes, source, num_samples=20)
    with pytest.raises(AtlasError, match="Shard 1 of a plan that has 1"):
        plan.crops(1)
    with pytest.raises(AtlasError, match="float32 or float16"):
        plan_collections(probes, source, dtype="int8")
