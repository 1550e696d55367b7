"""The planted network and an atlas of it, made once."""

from __future__ import annotations

import pytest

from atlas_widget import Atlas
from tests.causes import planted
from tests.classes.conftest import atlas

__all__ = ["atlas", "fooled", "fooled_atlas", "shown"]


@pytest.fixture(scope="session")
def fooled() -> planted.Net:
    """A network that takes a magenta mark for a disc."""
    return planted.trained()


@pytest.fixture(scope="session")
def shown() -> planted.Pictures:
    """Pictures in which most marks are on crosses."""
    return planted.pictures(60, (0.25, 0.7, 0.0), seed=9)


@pytest.fixture(scope="session")
def fooled_atlas(fooled: planted.Net, shown: planted.Pictures) -> Atlas:
    return planted.atlas_of(fooled, shown)
