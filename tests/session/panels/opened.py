"""A small atlas of a tiny network, opened by a browser."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from torch import nn

from atlas_widget import AtlasWidget
from tests.conftest import make_tiny_model
from tests.widget_browser import FakeBrowser

__all__ = ["forget", "opened_browser"]


@contextmanager
def opened_browser(
    images: Any,
    cache: Path,
    *,
    model: nn.Module | None = None,
    layer: str = "middle",
    **options: Any,
) -> Iterator[FakeBrowser]:
    """Open a small atlas of a layer, and close it at the end.

    Parameters
    ----------
    images
        The images.
    cache
        Folder of the cache.
    model, layer
        By default the tiny network and its layer in the middle.
    **options
        Other arguments of the widget.
    """
    options = {"num_samples": 200, "grids": (4, 8)} | options
    w = AtlasWidget(model or make_tiny_model(), layer, images=images, cache_dir=cache, **options)
    try:
        browser = FakeBrowser(w)
        browser.open_whole()
        yield browser
    finally:
        w.close()


def forget(browser: FakeBrowser) -> None:
    """Forget what the browser has received so far."""
    browser.messages.clear()
    browser.buffers.clear()
