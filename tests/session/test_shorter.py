"""What would take less time: only where it saves much, with numbers from the measured speed."""

import pytest
import torch

from atlas_widget.session.shorter import CoarserGrid, advice


@pytest.fixture(autouse=True)
def no_gpu(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)


def test_fewer_samples_are_advised_with_the_time_that_they_take():
    def first(samples, left, speed, stage="collecting"):
        return advice(stage, left, speed, samples=samples, device="cuda")

    assert first(4000, 80, 50) == ["num_samples=1000: about 20 s"]
    assert first(100_000, 4000, 25, "attribution") == ["num_samples=25000: about 17 min"]
    assert first(4000, 30, 50) == [], "to begin anew would not save half"
    assert first(1000, 300, 3) == [], "fewer make a poor map"
    assert first(40_000, 90, 2, "umap") == ["num_samples=10000: about a quarter of the time"]
    assert first(2000, 90, 2, "umap") == []


def test_a_coarser_grid_is_one_of_the_atlas_or_one_to_open_the_widget_with():
    def first(grid, left, speed):
        return advice("pictures", left, speed, grid=grid, device="cuda")

    assert first(CoarserGrid(20, 160, exists=True), 600, 2) == ["the 20 × 20 grid: about 80 s"]
    assert first(CoarserGrid(20, 0, exists=True), 600, 2) == ["the 20 × 20 grid: it is done"]
    assert first(CoarserGrid(10, 52, exists=False), 200, 1) == [
        "grids=(10, 20, 40), 52 cells at first: about 52 s"
    ]
    assert first(CoarserGrid(10, 52, exists=False), 60, 1) == []
    assert first(None, 600, 2) == []


def test_another_device_is_named_as_one_can_have_it(monkeypatch):
    assert advice("pictures", 60, 1) == ["a machine with a GPU"]
    assert advice("pictures", 60, 1, cluster=True) == ["a machine with a GPU"]
    assert advice("pictures", 3600, 1, cluster=True)[1:] == ['cluster="auto": a Ray cluster']
    assert advice("pictures", 3600, 1, device="cuda") == []
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert advice("pictures", 60, 1) == ['device="cuda": the GPU of this machine']
