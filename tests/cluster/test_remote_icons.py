"""Pictures made by workers, one batch after another: by those that make the same, or by none."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
import torch

from atlas_widget.cluster import remote_icons
from atlas_widget.cluster.remote_icons import IconJob, IconWorker, RemoteIcons, made_from
from atlas_widget.errors import ClusterError
from atlas_widget.inversion import InversionSettings
from atlas_widget.inversion.engine import InversionEngine
from atlas_widget.inversion.invert import run
from atlas_widget.probe import LayerProbe
from tests.cluster.test_pool import WorkersHere

SETTINGS = InversionSettings.icon(size=16, steps=2)
DIRECTIONS = np.random.default_rng(0).random((3, 12), np.float32)


@pytest.fixture
def probe(tiny_model: torch.nn.Module) -> Iterator[LayerProbe]:
    with LayerProbe(tiny_model, "middle", input_size=32, device="cpu") as opened:
        yield opened


def opened(probe: LayerProbe, notices: list[str]) -> RemoteIcons:
    """Return a maker of which one worker has begun."""
    maker = RemoteIcons(probe, "auto", notice=notices.append)
    end = time.monotonic() + 30
    while not maker.ready:
        assert time.monotonic() < end, notices
        assert maker.poll() == []
        time.sleep(0.01)
    return maker


def test_batches_until_a_worker_cannot(probe: LayerProbe, monkeypatch: pytest.MonkeyPatch) -> None:
    ray, notices = WorkersHere(2), list[str]()
    monkeypatch.setattr(remote_icons, "connect", lambda _: ray)
    maker = opened(probe, notices)
    while maker.free < 2:
        maker.poll()
    maker.begin("first", probe, SETTINGS, DIRECTIONS, 5)
    ((ticket, icons),) = maker.poll()
    assert ticket == "first"
    assert icons is not None
    here = run(InversionEngine(probe, settings=SETTINGS), DIRECTIONS, 5)
    np.testing.assert_array_equal(icons.images, here.images)
    np.testing.assert_array_equal(icons.activations, here.activations)

    maker.begin("second", probe, SETTINGS, DIRECTIONS, 5)
    maker.begin("third", probe, SETTINGS, DIRECTIONS[:, :5], 5)  # of no layer
    assert sorted(maker.poll()) == [("second", None), ("third", None)]
    assert not maker.ready
    assert not maker.free
    assert ray.alive == 0
    assert maker.poll() == []
    assert ["made here and not on the cluster" in notice for notice in notices] == [True]


def test_closed_while_it_connects(probe: LayerProbe, monkeypatch: pytest.MonkeyPatch) -> None:
    ray, notices = WorkersHere(2), list[str]()
    maker: list[RemoteIcons] = []

    def connect(_: str) -> WorkersHere:
        while not maker:
            time.sleep(0.01)
        maker[0].close()
        return ray

    monkeypatch.setattr(remote_icons, "connect", connect)
    maker.append(RemoteIcons(probe, "auto", notice=notices.append))
    end = time.monotonic() + 30
    while not (ray.most_alive and ray.alive == 0):
        assert time.monotonic() < end
        time.sleep(0.01)
    assert maker[0].poll() == []
    assert not maker[0].ready
    assert not notices


def test_a_worker_with_another_model_refuses(
    probe: LayerProbe, tiny_model: torch.nn.Module
) -> None:
    job = IconJob("middle", 32, made_from(probe, SETTINGS), SETTINGS, DIRECTIONS, 0)
    worker = IconWorker(tiny_model, None, "cpu")
    assert worker(job).images.shape == (3, 16, 16, 3)
    other = replace(job, layer="stem", made_from=("other weights", *job.made_from[1:]))
    with pytest.raises(ClusterError, match="would make other pictures"):
        worker(other)
