"""One tiny atlas with what its samples argue for, shared by the tests of this room."""

from __future__ import annotations

from pathlib import Path

import pytest

from atlas_widget import Atlas
from atlas_widget.classes import SampleAttributions, sample_attributions
from tests.conftest import make_tiny_model

LABELS = [f"kind {number}" for number in range(10)]


@pytest.fixture(scope="session")
def atlas(tiny_images: Path) -> Atlas:
    return Atlas.build(
        make_tiny_model(),
        "middle",
        tiny_images,
        labels=LABELS,
        num_samples=240,
        device="cpu",
        progress=False,
    )


@pytest.fixture(scope="session")
def attributions(atlas: Atlas, tiny_images: Path) -> SampleAttributions:
    return sample_attributions(atlas, make_tiny_model(), tiny_images, device="cpu")


@pytest.fixture(scope="session")
def favourite(attributions: SampleAttributions) -> int:
    """The class that most samples argue for."""
    return int((attributions.values > 0).sum(0).argmax())
