"""The widget in a bare page against the fake kernel of js/dev: no Jupyter, no Python behind it."""

from __future__ import annotations

import functools
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import quote

from playwright.sync_api import Page

CHECKOUT = Path(__file__).parents[2]


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Say nothing: a line a file helps nobody."""


@contextmanager
def serve() -> Iterator[str]:
    """Serve the checkout; yields the address of the page."""
    handler = functools.partial(_Quiet, directory=CHECKOUT)
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/js/dev/index.html"
    finally:
        server.shutdown()
        server.server_close()


def open_view(page: Page, address: str, **options: Any) -> None:
    """Show the widget; the options are those of js/dev/fake_kernel.js."""
    page.goto(f"{address}?{quote(json.dumps(options))}")
    page.wait_for_selector(".aw-root")


def wait_pictures(page: Page) -> None:
    """Wait until all pictures that were sent are decoded: the kernel is idle before that."""
    page.wait_for_function("model.unacknowledged === 0")
    page.evaluate("() => new Promise(done => requestAnimationFrame(() => setTimeout(done)))")
