"""Drive a notebook in a real JupyterLab in a real browser.

:class:`Notebook` is one open notebook in one page: run cells, ask the kernel, read the widget. The
widget mirrors its state into ``data-aw-*`` attributes of its root element; waiting for those is how
a test knows where it is.
"""

from __future__ import annotations

import json
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Locator, Page, sync_playwright

from tests.browser.chromium import FLAGS, require_chromium
from tests.browser.lab_server import LabServer

__all__ = ["LabServer", "Notebook", "fresh_lab"]

ROOT = ".aw-root"


@contextmanager
def fresh_lab(cache: Path | None = None) -> Iterator[tuple[LabServer, Browser]]:
    """Start a JupyterLab in a folder of its own and a browser, for benchmarks and screenshots.

    Parameters
    ----------
    cache
        The widgets' cache; None: an empty one.
    """
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        server = LabServer(Path(folder))
        if cache is not None:
            server.cache = cache
        server.start()
        try:
            browser = playwright.chromium.launch(
                executable_path=require_chromium(), args=list(FLAGS)
            )
            yield server, browser
            browser.close()
        finally:
            server.stop()


class Notebook:
    """One notebook, open in one page."""

    def __init__(self, page: Page, server: LabServer) -> None:
        self.page = page
        self.server = server
        # a workspace of its own, so that nothing is restored from another test
        self._workspace = uuid.uuid4().hex[:12]

    # -- the notebook

    def open(self, name: str) -> None:
        """Open a notebook that lies in the server's folder and wait for its kernel."""
        self.page.goto(f"{self.server.url}/lab/workspaces/{self._workspace}/tree/{name}?reset")
        self.wait_ready()

    def open_in_notebook_7(self, name: str) -> None:
        """Open a notebook in Notebook 7, which the same server serves."""
        self.page.goto(f"{self.server.url}/notebooks/{name}")
        self.wait_ready()

    def reopen(self) -> None:
        """Save the notebook, close it, and open it again in the same page; the kernel lives on."""
        self.command("docmanager:save")
        path = self.page.evaluate(
            """() => {
                const {context} = window.awPanel;
                window.awPanel.dispose();
                return context.path;
            }"""
        )
        self.command("docmanager:open", {"path": path})
        self.wait_ready()

    def reconnect(self) -> None:
        """Lose the connection to the kernel and take it up again."""
        self.page.evaluate("() => window.awPanel.context.sessionContext.session.kernel.reconnect()")
        self.wait_ready()

    def restart(self) -> None:
        """Restart the kernel, as the button does once one has confirmed."""
        self.page.evaluate("() => window.awPanel.context.sessionContext.session.kernel.restart()")
        self.wait_ready()

    def reload(self, timeout: float = 90.0) -> None:
        """Save, then reload the page as a user does; the kernel lives on."""
        self.command("docmanager:save")
        self.page.reload()
        self.wait_ready(timeout)

    def wait_ready(self, timeout: float = 90.0) -> None:
        """Wait until the notebook is shown and its kernel has answered."""
        self.page.wait_for_function(
            """() => {
                const panel = window.jupyterapp?.shell?.currentWidget;
                const kernel = panel?.context?.sessionContext?.session?.kernel;
                if (kernel?.connectionStatus !== "connected" || kernel.status !== "idle"
                    || panel.isDisposed || !panel.content?.widgets?.length) return false;
                window.awPanel = panel;  // the notebook, whichever panel is current later
                return true;
            }""",
            timeout=timeout * 1000,
        )

    def command(self, name: str, arguments: dict[str, Any] | None = None) -> None:
        """Execute one of JupyterLab's commands and wait for its end."""
        self.page.evaluate(
            "async ([name, arguments]) => {"
            " await window.jupyterapp.commands.execute(name, arguments); }",
            [name, arguments or {}],
        )

    def start_cell(self, index: int) -> None:
        """Start a cell and do not wait for it."""
        self.page.evaluate(
            """index => {
                window.jupyterapp.shell.activateById(window.awPanel.id);
                window.awPanel.content.activeCellIndex = index;
                const running = (window.awRunning ??= new Set());
                running.add(index);
                window.jupyterapp.commands.execute("notebook:run-cell")
                    .finally(() => running.delete(index));
            }""",
            index,
        )

    def run_cell(self, index: int, timeout: float = 120.0, *, may_fail: bool = False) -> float:
        """Run a cell to its end; return the seconds that it took."""
        start = time.monotonic()
        self.start_cell(index)
        self.wait_cell(index, timeout)
        seconds = time.monotonic() - start
        errors = self.errors()
        if errors and not may_fail:
            raise RuntimeError(f"cell {index} failed: {errors}")
        return seconds

    def is_running(self, index: int) -> bool:
        """Tell whether a cell that was started has not come to its end."""
        running: bool = self.page.evaluate("index => window.awRunning.has(index)", index)
        return running

    def wait_cell(self, index: int, timeout: float = 120.0) -> None:
        """Wait for the end of a cell that was started."""
        self.wait(lambda: not self.is_running(index), timeout, f"the end of cell {index}")

    def run_all(self, timeout: float = 180.0) -> None:
        """Run all cells, to the end or the first error."""
        self.page.evaluate(
            """() => {
                window.awFinished = false;
                window.jupyterapp.shell.activateById(window.awPanel.id);
                window.jupyterapp.commands.execute("notebook:run-all-cells")
                    .finally(() => { window.awFinished = true; });
            }"""
        )
        self.page.wait_for_function("() => window.awFinished", timeout=timeout * 1000)

    def errors(self) -> list[str]:
        """Return the tracebacks' last lines among the outputs of all cells."""
        return [
            f"{output['ename']}: {output['evalue']}"
            for output in self.outputs()
            if output["output_type"] == "error"
        ]

    def outputs(self) -> list[dict[str, Any]]:
        """Return the outputs of all cells, as they are stored in the notebook."""
        found: list[dict[str, Any]] = self.page.evaluate(
            """() => {
                const cells = window.awPanel?.content.model.sharedModel.cells ?? [];
                return cells.flatMap(cell => cell.toJSON().outputs ?? []);
            }"""
        )
        return found

    def set_cell(self, index: int, source: str) -> None:
        """Replace what is in a cell."""
        self.page.evaluate(
            "([index, source]) => {"
            " window.awPanel.content.model.cells.get(index).sharedModel.setSource(source); }",
            [index, source],
        )

    def clear_output(self, index: int) -> None:
        """Take away what a cell shows."""
        self.page.evaluate(
            "index => { window.awPanel.content.model.cells.get(index).clearExecution(); }", index
        )

    # -- the kernel

    def execute(self, code: str, timeout: float = 60.0) -> str:
        """Execute code beside the notebook; return what it printed or its value's repr."""
        result = self.page.evaluate(
            """async ([code, timeout]) => {
                const kernel = window.awPanel.context.sessionContext.session.kernel;
                const future = kernel.requestExecute({code, store_history: false});
                let text = "", error = null;
                future.onIOPub = ({header, content}) => {
                    if (header.msg_type === "stream") text += content.text;
                    if (header.msg_type === "execute_result") text += content.data["text/plain"];
                    if (header.msg_type === "error") error = content.traceback.join("\\n");
                };
                const late = new Promise((_, reject) => setTimeout(
                    () => reject(new Error(`no answer in ${timeout} s: ${code}`)), timeout * 1000));
                await Promise.race([future.done, late]);
                return {text, error};
            }""",
            [code, timeout],
        )
        if result["error"]:
            raise RuntimeError(f"{code!r} failed in the kernel:\n{result['error']}")
        return str(result["text"]).strip()

    def wait_execute(self, code: str, wanted: str, timeout: float = 20.0) -> None:
        """Ask the kernel until the answer is `wanted`: traits arrive beside what cells do."""
        answers = [""]

        def reached() -> bool:
            answers.append(self.execute(code))
            return answers[-1] == wanted

        try:
            self.wait(reached, timeout, code)
        except TimeoutError as error:
            raise TimeoutError(f"{code} is {answers[-1]}, not {wanted}\n{error}") from None

    # -- the widget

    def root(self, index: int = 0) -> Locator:
        """Return the root element of a view of the widget."""
        return self.page.locator(ROOT).nth(index)

    def attribute(self, name: str, index: int = 0) -> str | None:
        """Return `data-aw-<name>`, or None where there is no view or no such attribute."""
        # unlike document.querySelector, a locator finds it in a host's shadow trees too
        value: str | None = self.page.locator(ROOT).evaluate_all(
            "(views, [index, name]) => views[index]?.getAttribute(`data-aw-${name}`) ?? null",
            [index, name],
        )
        return value

    def number(self, name: str, index: int = 0) -> int:
        """Return `data-aw-<name>` as a number, 0 where it is missing or empty."""
        return int(self.attribute(name, index) or 0)

    def wait_attribute(
        self,
        name: str,
        wanted: Callable[[str], bool] | str,
        timeout: float = 90.0,
        index: int = 0,
    ) -> str:
        """Wait until `data-aw-<name>` is `wanted` or fulfils it; return it."""

        found = ""

        def reached() -> bool:
            nonlocal found
            value = self.attribute(name, index)
            if value is None:
                return False
            if value == wanted if isinstance(wanted, str) else wanted(value):
                found = value
                return True
            if name != "error" and self.attribute("stage", index) == "error":
                raise RuntimeError(f"the widget is in error\n{self.describe()}")
            return False

        self.wait(reached, timeout, f"data-aw-{name} of view {index}")
        return found

    def wait_number(self, name: str, at_least: int, timeout: float = 90.0, index: int = 0) -> int:
        """Wait until `data-aw-<name>` has reached a number; return it."""
        value = self.wait_attribute(
            name, lambda text: text.isdecimal() and int(text) >= at_least, timeout, index
        )
        return int(value)

    def wait(self, reached: Callable[[], bool], timeout: float, what: str) -> None:
        """Wait until something is so."""
        deadline = time.monotonic() + timeout
        while not reached():
            if time.monotonic() > deadline:
                raise TimeoutError(f"{what}: not so after {timeout} s\n{self.describe()}")
            # keeps Playwright's own events going, unlike time.sleep
            self.page.wait_for_timeout(50)

    def describe(self) -> str:
        """Return what a failed test wants to know: every view's attributes, the cells' errors."""
        views = self.page.locator(ROOT).evaluate_all(
            """views => views.map(element => Object.fromEntries(
                [...element.attributes].filter(({name}) => name.startsWith("data-aw-"))
                    .map(({name, value}) => [name, value])))"""
        )
        return f"views: {json.dumps(views, indent=1)}\nerrors: {self.errors()}"

    def watch_number(self, name: str, index: int = 0) -> Callable[[], int]:
        """Watch `data-aw-<name>`; what is returned tells how many numbers above 0 it has been."""
        key = uuid.uuid4().hex
        self.root(index).evaluate(
            """(element, [name, key]) => {
                const seen = new Set();
                const look = () => seen.add(Number(element.getAttribute(`data-aw-${name}`)));
                new MutationObserver(look).observe(element, {attributes: true});
                look();
                (window.awSeen ??= {})[key] = seen;
            }""",
            [name, key],
        )
        return lambda: self.page.evaluate(
            "key => [...window.awSeen[key]].filter(number => number > 0).length", key
        )

    # -- the looks

    def set_theme(self, *, dark: bool) -> None:
        """Switch JupyterLab's theme."""
        theme = "JupyterLab Dark" if dark else "JupyterLab Light"
        self.command("apputils:change-theme", {"theme": theme})
        self.page.wait_for_function(
            "light => document.body.dataset.jpThemeLight === light", arg=str(not dark).lower()
        )

    def new_view(self, cell: int) -> None:
        """Show a cell's output a second time, in a panel of its own."""
        self.page.evaluate(
            """async index => {
                window.jupyterapp.shell.activateById(window.awPanel.id);
                window.awPanel.content.activeCellIndex = index;
                await window.jupyterapp.commands.execute("notebook:create-output-view");
            }""",
            cell,
        )

    def close_other_panels(self) -> None:
        """Leave nothing open but the notebook."""
        self.page.evaluate(
            """() => {
                for (const panel of [...window.jupyterapp.shell.widgets("main")])
                    if (panel !== window.awPanel) panel.dispose();
            }"""
        )

    def scroll_to(self, cell: int) -> None:
        """Bring a cell into sight."""
        self.page.evaluate(
            """async index => {
                const {content} = window.awPanel;
                content.activeCellIndex = index;
                await content.scrollToItem(index, "start");
            }""",
            cell,
        )
