"""The widget lets something else lay out, without waiting for it where messages arrive."""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
import pytest

from atlas_widget import AtlasWidget
from atlas_widget.errors import AtlasError
from atlas_widget.layout import process, umap_layout
from tests.widget.waiting import until


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


def test_a_broken_numba_costs_a_notice_and_not_the_widget(
    tiny_model, tiny_images, tmp_path: Path, monkeypatch
) -> None:
    (tmp_path / "numba.py").write_text("raise ImportError('numba needs another NumPy')\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(process, "_shared", process._Shared())  # that of the other tests works
    widget = AtlasWidget(
        tiny_model, "middle", tiny_images, num_samples=100, grids=(2,), cache_dir=tmp_path / "cache"
    )
    try:
        widget.wait(60)
        assert any("numba needs another NumPy" in notice for notice in widget.notices)
        atlas = widget.atlas
        assert np.array_equal(atlas.xy, umap_layout(atlas.activations))
        assert "layout_method" not in atlas.provenance["settings"]
        kept = tmp_path / "cache" / "atlases" / atlas.provenance["key"]
        until(lambda: (kept / "atlas.json").is_file())
        assert process._shared._process is None
    finally:
        widget.close()


def test_closing_the_widget_ends_the_layout_at_once(
    tiny_model, tiny_images, tmp_path: Path, monkeypatch
) -> None:
    (tmp_path / "umap").mkdir()
    (tmp_path / "umap" / "__init__.py").touch()
    (tmp_path / "umap" / "umap_.py").write_text(
        "import time\n"
        "def find_ab_params(*_): return 1.0, 1.0\n"
        "def simplicial_set_embedding(n_epochs, init, **_):\n"
        "    if n_epochs > 100: time.sleep(600)\n"
        "    return init, {}\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(process, "_shared", process._Shared())
    widget = AtlasWidget(
        tiny_model, "middle", tiny_images, num_samples=100, grids=(2,), cache_dir=tmp_path / "cache"
    )
    try:
        until(lambda: widget.status["stage"] == "umap")
        helper = process._shared.process()
        assert helper.alive
    finally:
        widget.close()
    assert not helper.alive
    assert not [t for t in threading.enumerate() if "atlas-widget" in t.name]


def test_what_lays_nothing_out_is_said_at_once(tiny_model) -> None:
    with pytest.raises(AtlasError, match="Did you mean 'torchdr'"):
        AtlasWidget(tiny_model, "middle", layout_method="torchd")
