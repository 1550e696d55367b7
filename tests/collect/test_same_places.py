"""Activations at the places of other samples: the same, or averaged where maps differ in size."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch

from atlas_widget.collect import collect, collect_at_places, sample_images
from atlas_widget.collect.same_places import area_shares
from atlas_widget.errors import ImagesError
from atlas_widget.images import as_image_source
from atlas_widget.probe import LayerProbe
from atlas_widget.probe.several import open_layers
from atlas_widget.progress import Cancelled

SIZE = 64


@pytest.fixture
def layers(tiny_model: torch.nn.Module) -> Iterator[list[LayerProbe]]:
    """A layer of 32×32 positions, and one of 16×16."""
    probes = open_layers(tiny_model, ["stem", "middle"], input_size=SIZE, device="cpu")
    yield probes
    for probe in probes:
        probe.close()


@pytest.fixture
def source(tiny_images: Path):
    return as_image_source(tiny_images)


def test_at_its_own_places_a_layer_has_its_own_activations(layers, source) -> None:
    middle = layers[1]
    samples = collect(middle, source, num_samples=100)
    again = collect_at_places(samples, middle.map_size, middle, source)
    np.testing.assert_allclose(again.activations, samples.activations, atol=1e-5)
    np.testing.assert_array_equal(again.positions, samples.positions)
    np.testing.assert_array_equal(again.crops, samples.crops)
    assert again.image_names == samples.image_names


def test_a_finer_map_is_averaged_over_what_a_position_stands_for(layers, source) -> None:
    stem, middle = layers
    samples = collect(middle, source, num_samples=40)
    finer = collect_at_places(samples, middle.map_size, stem, source)
    for row in (0, 17, 39):
        picture = sample_images(samples, source, [row], SIZE)
        with torch.no_grad():
            layer_map = stem.accelerated()(picture)[0].numpy()
        at = 2 * samples.positions[row]
        expected = layer_map[:, at[0] : at[0] + 2, at[1] : at[1] + 2].mean((1, 2))
        np.testing.assert_allclose(finer.activations[row], expected, atol=1e-5)
        assert tuple(finer.positions[row]) == (at[0] + 1, at[1] + 1)


def test_a_coarser_map_gives_the_unit_that_holds_the_place(layers, source) -> None:
    stem, middle = layers
    samples = collect(stem, source, num_samples=40)
    coarser = collect_at_places(samples, stem.map_size, middle, source)
    np.testing.assert_array_equal(coarser.positions, samples.positions // 2)
    direct = collect_at_places(coarser, middle.map_size, middle, source)
    np.testing.assert_allclose(coarser.activations, direct.activations, atol=1e-5)


def test_shares_of_areas() -> None:
    np.testing.assert_allclose(area_shares(3, 3), np.eye(3))
    np.testing.assert_allclose(area_shares(1, 4), np.full((1, 4), 0.25))
    np.testing.assert_allclose(area_shares(2, 3), [[2 / 3, 1 / 3, 0], [0, 1 / 3, 2 / 3]], atol=1e-6)
    np.testing.assert_allclose(area_shares(7, 8).sum(1), 1, atol=1e-6)


def test_other_images_are_refused(layers, source) -> None:
    samples = collect(layers[1], source, num_samples=40)
    samples.image_names[0] = "another.png"
    with pytest.raises(ImagesError, match=r"should be 'another.png'"):
        collect_at_places(samples, layers[1].map_size, layers[1], source)


def test_it_can_be_stopped_and_tells_progress(layers, source) -> None:
    samples = collect(layers[1], source, num_samples=60)
    seen: list[tuple[int, int]] = []
    collect_at_places(
        samples, layers[1].map_size, layers[1], source, progress=lambda *now: seen.append(now)
    )
    assert seen[-1][0] == seen[-1][1]
    with pytest.raises(Cancelled):
        collect_at_places(samples, layers[1].map_size, layers[1], source, cancelled=lambda: True)
