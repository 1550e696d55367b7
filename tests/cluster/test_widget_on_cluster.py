"""A widget whose pictures a cluster makes: the same ones, and its own where there is no cluster."""

from __future__ import annotations

import queue
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from atlas_widget import AtlasWidget
from atlas_widget.errors import ClusterError


@pytest.fixture
def make(
    tiny_model: torch.nn.Module, tiny_images: Path, tmp_path: Path
) -> Iterator[Callable[..., AtlasWidget]]:
    """Make small widgets, each with a cache of its own; all are closed in the end."""
    made: list[AtlasWidget] = []

    def make(**options: Any) -> AtlasWidget:
        given = {"images": tiny_images, "num_samples": 200, "grids": (3,), "device": "cpu"}
        cache = tmp_path / f"cache {len(made)}"
        made.append(AtlasWidget(tiny_model, "middle", cache_dir=cache, **{**given, **options}))
        return made[-1]

    yield make
    for widget in made:
        widget.close()


def until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < end, "it took too long"
        time.sleep(0.05)


def ready(widget: AtlasWidget) -> bool:
    """Whether any of the cluster's workers has begun; looked up on the widget's own thread."""
    answer: queue.SimpleQueue[bool] = queue.SimpleQueue()

    def look() -> None:
        maker = widget._session.model.maker
        assert maker is not None
        maker.poll()
        answer.put(maker.ready)

    widget._worker.post(look)
    return answer.get(timeout=60)


def test_pictures_are_those_made_here(nodes: Any, make: Callable[..., AtlasWidget]) -> None:
    import ray

    there = make(cluster=nodes.address).wait(60)
    until(lambda: ready(there))

    def not_here() -> Any:
        raise AssertionError("a picture was to be made here")

    layer = there._session._layer
    assert layer is not None
    layer.cells._engines.icons = not_here  # type: ignore[method-assign]
    there.render(timeout=60)
    here = make(atlas=there.atlas)
    here.wait(60).render(timeout=60)
    pictures, same = there._session.snapshot(3)[0], here._session.snapshot(3)[0]
    assert pictures.keys() == same.keys()
    assert pictures
    for cell, picture in pictures.items():
        assert picture.state.word == same[cell].state.word == "final"
        assert picture.rank is not None
        # other batches, so the last bits differ
        assert picture.cosine == pytest.approx(same[cell].cosine, abs=1e-3)
        assert np.abs(picture.pixels.astype(int) - same[cell].pixels).max() <= 2
    assert not [notice for notice in there.notices if "cluster" in notice]

    def taken() -> bool:
        return ray.available_resources().get("CPU", 0) < ray.cluster_resources()["CPU"]

    until(taken)
    there.close()
    until(lambda: not taken())


def test_without_ray_they_are_made_here(
    make: Callable[..., AtlasWidget], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    widget = make(cluster="auto").wait(60).render(timeout=60)
    assert {p.state.word for p in widget._session.snapshot(3)[0].values()} == {"final"}
    assert ["atlas-widget[ray]" in one for one in widget.notices if "cluster" in one] == [True]


def test_no_address(make: Callable[..., AtlasWidget]) -> None:
    with pytest.raises(ClusterError, match="the address of a Ray cluster"):
        make(cluster=True)
