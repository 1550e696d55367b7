"""Drive a real JupyterLab in a real browser.

:class:`LabServer` starts ``jupyter lab`` that shares nothing with the person's own: its settings,
runtime files, workspaces, notebooks and picture cache live in a temporary folder.
:class:`Notebook` is one open notebook in one page: run cells, ask the kernel, read the widget.

The widget mirrors its state into ``data-aw-*`` attributes of its root element; waiting for those is
how a test knows where it is.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import nbformat
from playwright.sync_api import Error as PlaywrightError
from playwright.sync_api import Locator, Page

CHECKOUT = Path(__file__).parents[2]
ROOT = ".aw-root"
# JupyterLab shows news and looks for updates on first start; tests talk to nobody
SETTINGS = {
    "@jupyterlab/apputils-extension:notification": {
        "fetchNews": "false",
        "checkForUpdates": False,
    },
    "@jupyterlab/docmanager-extension:plugin": {"autosave": False},
}


class LabServer:
    """A JupyterLab of its own, below `folder`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.notebooks = folder / "notebooks"
        self.cache = folder / "cache"
        self.log = folder / "jupyter.log"
        self.url = ""
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, timeout: float = 60.0) -> None:
        """Start the server and wait until it answers."""
        config = self.folder / "config"
        overrides = config / "labconfig" / "default_setting_overrides.json"
        overrides.parent.mkdir(parents=True)
        overrides.write_text(json.dumps(SETTINGS), encoding="utf-8")
        self.notebooks.mkdir()
        port = _free_port()
        self.url = f"http://127.0.0.1:{port}"
        command = [
            *(sys.executable, "-m", "jupyter", "lab"),
            *("--no-browser", "--allow-root", "--ip=127.0.0.1", f"--port={port}"),
            f"--ServerApp.root_dir={self.notebooks}",
            "--ServerApp.port_retries=0",
            "--IdentityProvider.token=",
            "--ServerApp.password=",
            "--ServerApp.disable_check_xsrf=True",
            "--LabApp.expose_app_in_browser=True",
            f"--LabApp.workspaces_dir={self.folder / 'workspaces'}",
            f"--LabApp.user_settings_dir={self.folder / 'settings'}",
        ]
        with self.log.open("wb") as log:
            self._process = subprocess.Popen(
                command,
                env=self._environment(config),
                cwd=self.notebooks,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        deadline = time.monotonic() + timeout
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                log_text = self.log.read_text(encoding="utf-8", errors="replace")
                raise RuntimeError(f"JupyterLab did not start. Its log:\n{log_text}")
            time.sleep(0.2)

    def stop(self) -> None:
        """End the kernels and the server."""
        if self._process is None:
            return
        self.shutdown_kernels()
        self._process.terminate()
        try:
            self._process.wait(timeout=15)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None

    def shutdown_kernels(self) -> None:
        """End every kernel, so that one test's work does not slow the next one down."""
        try:
            for session in self.request("GET", "/api/sessions"):
                self.request("DELETE", f"/api/sessions/{session['id']}")
        except (urllib.error.URLError, OSError):
            pass  # the server is going down, and takes its kernels along

    def request(self, method: str, path: str) -> Any:
        """Call the server's REST interface."""
        request = urllib.request.Request(self.url + path, method=method)
        # no proxy: the address is this machine's
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(request, timeout=30) as response:
            body = response.read()
        return json.loads(body) if body else None

    def write(self, name: str, cells: Sequence[str]) -> str:
        """Write a notebook of code cells; return its name."""
        notebook = nbformat.v4.new_notebook(
            cells=[nbformat.v4.new_code_cell(source) for source in cells],
            metadata={"kernelspec": {"name": "python3", "display_name": "Python 3"}},
        )
        nbformat.write(notebook, self.notebooks / name)
        return name

    def _answers(self) -> bool:
        try:
            self.request("GET", "/api/status")
        except (urllib.error.URLError, OSError):
            return False
        return True

    def _environment(self, config: Path) -> dict[str, str]:
        environment = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("JUPYTER", "IPYTHON", "ATLAS_WIDGET", "ANYWIDGET"))
        }
        # the kernels run this checkout, whatever else is installed
        path = [str(CHECKOUT), environment.get("PYTHONPATH", "")]
        return {
            **environment,
            "PYTHONPATH": os.pathsep.join(filter(None, path)),
            "JUPYTER_CONFIG_DIR": str(config),
            "JUPYTER_DATA_DIR": str(self.folder / "data"),
            "JUPYTER_RUNTIME_DIR": str(self.folder / "runtime"),
            "IPYTHONDIR": str(self.folder / "ipython"),
            "ATLAS_WIDGET_CACHE": str(self.cache),
            # compiled once for all kernels of all tests
            "NUMBA_CACHE_DIR": str(self.folder / "numba"),
        }


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Notebook:
    """One notebook, open in one page."""

    def __init__(self, page: Page, server: LabServer) -> None:
        self.page = page
        self.server = server
        # a workspace of its own, so that nothing is restored from another test
        self._workspace = uuid.uuid4().hex[:12]

    # -- the notebook

    def open(self, name: str, timeout: float = 90.0) -> None:
        """Open a notebook that lies in the server's folder and wait for its kernel."""
        self.page.goto(f"{self.server.url}/lab/workspaces/{self._workspace}/tree/{name}?reset")
        self.wait_ready(timeout)
        try:
            self.execute("None", timeout=20)
        except PlaywrightError:
            # seen once in many starts: a new kernel says that it is idle and never answers
            print("The new kernel does not answer; it is restarted")
            self.page.evaluate("() => window.awPanel.context.sessionContext.restartKernel()")
            self.wait_ready(timeout)
            self.execute("None", timeout=20)

    def reload(self, timeout: float = 90.0) -> None:
        """Save, then reload the page as a person does; the kernel lives on."""
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
                    || !panel.content?.widgets?.length) return false;
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
        self._wait(lambda: not self.is_running(index), timeout, f"the end of cell {index}")

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
        found: list[str] = self.page.evaluate(
            """() => {
                const cells = window.awPanel.content.model.sharedModel.cells;
                return cells.flatMap(cell => cell.toJSON().outputs ?? [])
                    .filter(output => output.output_type === "error")
                    .map(output => `${output.ename}: ${output.evalue}`);
            }"""
        )
        return found

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
            self._wait(reached, timeout, code)
        except TimeoutError as error:
            raise TimeoutError(f"{code} is {answers[-1]}, not {wanted}\n{error}") from None

    def latency(self, code: str = "1+1") -> float:
        """Return the seconds until the kernel has answered."""
        start = time.monotonic()
        self.execute(code)
        return time.monotonic() - start

    # -- the widget

    def root(self, index: int = 0) -> Locator:
        """Return the root element of a view of the widget."""
        return self.page.locator(ROOT).nth(index)

    def attribute(self, name: str, index: int = 0) -> str | None:
        """Return `data-aw-<name>`, or None where there is no view or no such attribute."""
        value: str | None = self.page.evaluate(
            "([root, index, name]) =>"
            " document.querySelectorAll(root)[index]?.getAttribute(`data-aw-${name}`) ?? null",
            [ROOT, index, name],
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

        def reached() -> bool:
            value = self.attribute(name, index)
            if value is None:
                return False
            if value == wanted if isinstance(wanted, str) else wanted(value):
                return True
            if name != "error" and self.attribute("stage", index) == "error":
                raise RuntimeError(f"the widget is in error\n{self.describe()}")
            return False

        self._wait(reached, timeout, f"data-aw-{name} of view {index}")
        return self.attribute(name, index) or ""

    def wait_number(self, name: str, at_least: int, timeout: float = 90.0, index: int = 0) -> int:
        """Wait until `data-aw-<name>` has reached a number; return it."""
        value = self.wait_attribute(
            name, lambda text: text.isdecimal() and int(text) >= at_least, timeout, index
        )
        return int(value)

    def _wait(self, reached: Callable[[], bool], timeout: float, what: str) -> None:
        deadline = time.monotonic() + timeout
        while not reached():
            if time.monotonic() > deadline:
                raise TimeoutError(f"{what}: not so after {timeout} s\n{self.describe()}")
            # keeps Playwright's own events going, unlike time.sleep
            self.page.wait_for_timeout(50)

    def describe(self) -> str:
        """Return what a failed test wants to know: every view's attributes, the cells' errors."""
        views = self.page.evaluate(
            """root => [...document.querySelectorAll(root)].map(element => Object.fromEntries(
                [...element.attributes].filter(({name}) => name.startsWith("data-aw-"))
                    .map(({name, value}) => [name, value])))""",
            ROOT,
        )
        return f"views: {json.dumps(views, indent=1)}\nerrors: {self.errors()}"

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
