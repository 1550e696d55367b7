"""One JupyterLab and one browser for all browser tests, a fresh page for each."""

from __future__ import annotations

import re
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.browser.atlas_view import AtlasView
from tests.browser.cells import small_atlas
from tests.browser.chromium import FLAGS, require_chromium
from tests.browser.fake_page import serve
from tests.browser.fake_view import FakeView
from tests.browser.lab import LabServer, Notebook

RESULTS = Path(__file__).parents[2] / "test-results"
FAILED = pytest.StashKey[bool]()
expect.set_options(timeout=20_000)  # what is right comes at once; a busy machine may take its time


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run a browser test that fails once more; the summary names it all the same."""
    for item in items:
        if item.get_closest_marker("browser"):
            item.add_marker(pytest.mark.flaky(reruns=1))


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """A headless Chrome or Chromium; the tests fail where there is none."""
    program = require_chromium()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=list(FLAGS))
        yield browser
        browser.close()


@contextmanager
def new_page(browser: Browser) -> Iterator[Page]:
    """Open a page in a profile of its own, as good as a fresh browser."""
    context = browser.new_context(viewport={"width": 1280, "height": 960}, accept_downloads=True)
    page = context.new_page()
    page.on("pageerror", lambda error: print(f"error in the page: {error}"))
    page.on(
        "console",
        lambda message: message.type == "error" and print(f"console: {message.text}"),
    )
    yield page
    context.close()


@pytest.fixture
def page(browser: Browser, request: pytest.FixtureRequest) -> Iterator[Page]:
    """A new page; what it looked like in the end goes into test-results/."""
    with new_page(browser) as page:
        yield page
        save_screenshot(page, request.node.name)


def save_screenshot(page: Page, name: str) -> Path:
    """Take a picture of the page for whoever looks at the results."""
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / (re.sub(r"[^\w-]+", "-", name).strip("-") + ".png")
    page.screenshot(path=path)
    return path


@pytest.fixture(scope="session")
def bare_page() -> Iterator[str]:
    """The address of a page without Jupyter, on which a fake kernel shows the widget."""
    with serve() as address:
        yield address


@pytest.fixture
def fake(page: Page, bare_page: str) -> Iterator[FakeView]:
    """A view of a fake kernel's atlas, still to be shown; nothing may go wrong in its page."""
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    yield FakeView(page, bare_page)
    assert errors == []


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LabServer]:
    """A JupyterLab that shares nothing with the user's own."""
    server = LabServer(tmp_path_factory.mktemp("lab"))
    server.start()
    yield server
    server.stop()


@pytest.fixture
def notebook(page: Page, lab: LabServer) -> Iterator[Notebook]:
    """A page in which a notebook can be opened; its kernel ends with the test."""
    yield Notebook(page, lab)
    lab.shutdown_kernels()


def show_small_atlas(notebook: Notebook, *more_cells: str) -> AtlasView:
    """Open a notebook whose first cell shows a small atlas, and wait for its pictures.

    The first test to ask pays for the pictures; the others find them in the cache.
    """
    notebook.open(notebook.server.write("atlas.ipynb", [small_atlas(), *more_cells]))
    notebook.run_cell(0)
    view = AtlasView(notebook)
    view.wait_pictures()
    return view


@pytest.fixture
def show(notebook: Notebook) -> Iterator[Callable[..., AtlasView]]:
    """Show a small atlas in a page of its own; the arguments are further cells.

    A test that ends with an error on show has failed, whatever it was about.
    """
    yield partial(show_small_atlas, notebook)
    assert not notebook.attribute("error")


class SharedAtlas:
    """One small atlas for all tests of a module, which is quicker than one each.

    After a test that failed the next one gets a new page: whatever is left there is not its affair.
    """

    def __init__(self, browser: Browser, lab: LabServer, more_cells: Sequence[str]) -> None:
        self._browser, self._lab, self._more_cells = browser, lab, more_cells
        self._open = ExitStack()
        self._view: AtlasView | None = None

    @property
    def view(self) -> AtlasView:
        if self._view is None:
            page = self._open.enter_context(new_page(self._browser))
            self._open.callback(self._lab.shutdown_kernels)
            self._view = show_small_atlas(Notebook(page, self._lab), *self._more_cells)
        return self._view

    def close(self) -> None:
        self._view = None
        self._open.close()


@pytest.fixture(scope="module")
def shared_atlas(
    browser: Browser, lab: LabServer, request: pytest.FixtureRequest
) -> Iterator[SharedAtlas]:
    """What the module calls MORE_CELLS are the notebook's further cells."""
    shared = SharedAtlas(browser, lab, getattr(request.module, "MORE_CELLS", ()))
    yield shared
    shared.close()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Remember how a test went, for its fixtures' ends."""
    report = yield
    if report.failed:
        item.stash[FAILED] = True
    return report


@pytest.fixture
def atlas(shared_atlas: SharedAtlas, request: pytest.FixtureRequest) -> Iterator[AtlasView]:
    """The module's atlas as it was in the beginning: nothing selected, open or chosen."""
    request.node.stash[FAILED] = False
    try:
        view = shared_atlas.view
        view.reset()
    except BaseException:
        shared_atlas.close()
        raise
    yield view
    save_screenshot(view.notebook.page, request.node.name)
    error = view.notebook.attribute("error")
    if error or request.node.stash[FAILED]:
        shared_atlas.close()
    assert not error
