"""The widget lets something else lay out, without waiting for it where messages arrive."""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
import pytest

from atlas_widget import AtlasWidget
from atlas_widget.errors import AtlasError


class Columns:
    """Lays out by two channels, and remembers where."""

    def __init__(self) -> None:
        self._threads: list[str] = []

    def fit_transform(self, rows: np.ndarray) -> np.ndarray:
        self._threads.append(threading.current_thread().name)
        return rows[:, :2]


def test_another_method_lays_out_on_the_worker(tiny_model, tiny_images, tmp_path: Path) -> None:
    own = Columns()
    said = set()
    widget = AtlasWidget(
        tiny_model, "middle", tiny_images, num_samples=100, grids=(2,), cache_dir=tmp_path,
        layout_method=own,
    )  # fmt: skip
    widget.observe(lambda change: said.add(change["new"]["message"]), "status")
    try:
        widget.wait(60)
        (thread,) = own._threads
        assert thread.startswith("atlas-widget")
        record = widget.atlas.provenance["settings"]["layout_method"]
        assert record["class"].endswith("Columns")
        assert any("nor be stopped midway" in message for message in said)
    finally:
        widget.close()


def test_what_lays_nothing_out_is_said_at_once(tiny_model) -> None:
    with pytest.raises(AtlasError, match="Did you mean 'torchdr'"):
        AtlasWidget(tiny_model, "middle", layout_method="torchd")
