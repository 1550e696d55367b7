"""Small widgets."""

import pytest

from atlas_widget import AtlasWidget
from tests.widget.waiting import ours


@pytest.fixture
def make(tiny_model, tiny_images, tmp_path):
    """Make small widgets; all are closed in the end."""
    made = []

    def make(model=None, layer="middle", **options):
        options = {
            "images": tiny_images,
            "num_samples": 200,
            "grids": (4, 8),
            "cache_dir": tmp_path / "cache",
            **options,
        }
        widget = AtlasWidget(model if model is not None else tiny_model, layer, **options)
        made.append(widget)
        return widget

    yield make
    for widget in made:
        widget.close()
    assert not ours()
