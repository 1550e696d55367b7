"""One JupyterLab and one browser for all browser tests, a fresh page for each."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from tests.browser.atlas_view import AtlasView
from tests.browser.cells import small_atlas
from tests.browser.chromium import FLAGS, require_chromium
from tests.browser.lab import LabServer, Notebook

RESULTS = Path(__file__).parents[2] / "test-results"


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """A headless Chrome or Chromium; the tests fail where there is none."""
    program = require_chromium()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=list(FLAGS))
        yield browser
        browser.close()


@pytest.fixture
def page(browser: Browser, request: pytest.FixtureRequest) -> Iterator[Page]:
    """A new page; what it looked like in the end goes into test-results/."""
    context = browser.new_context(viewport={"width": 1280, "height": 960}, accept_downloads=True)
    page = context.new_page()
    page.on("pageerror", lambda error: print(f"error in the page: {error}"))
    page.on(
        "console",
        lambda message: message.type == "error" and print(f"console: {message.text}"),
    )
    yield page
    save_screenshot(page, request.node.name)
    context.close()


def save_screenshot(page: Page, name: str) -> Path:
    """Take a picture of the page for whoever looks at the results."""
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / (re.sub(r"[^\w-]+", "-", name).strip("-") + ".png")
    page.screenshot(path=path)
    return path


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LabServer]:
    """A JupyterLab that shares nothing with the person's own."""
    server = LabServer(tmp_path_factory.mktemp("lab"))
    server.start()
    yield server
    server.stop()


@pytest.fixture
def notebook(page: Page, lab: LabServer) -> Iterator[Notebook]:
    """A page in which a notebook can be opened; its kernel ends with the test."""
    yield Notebook(page, lab)
    lab.shutdown_kernels()


@pytest.fixture
def show(notebook: Notebook, lab: LabServer) -> Iterator[Callable[..., AtlasView]]:
    """Open a notebook whose first cell shows a small atlas, and wait for its pictures.

    The first test to ask pays for the pictures; the others find them in the cache. A test that ends
    with an error on show has failed, whatever it was about.
    """

    def show(*more_cells: str) -> AtlasView:
        notebook.open(lab.write("atlas.ipynb", [small_atlas(), *more_cells]))
        notebook.run_cell(0)
        view = AtlasView(notebook)
        view.wait_pictures()
        return view

    yield show
    assert not notebook.attribute("error")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run what is quick first: unit tests, then the browser's, then packaging."""

    def patience(item: pytest.Item) -> int:
        if item.get_closest_marker("packaging"):
            return 2
        return 1 if item.get_closest_marker("browser") else 0

    items.sort(key=patience)
