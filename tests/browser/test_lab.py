"""The driver itself, against a widget that has nothing to do with ours."""

from __future__ import annotations

import pytest

from tests.browser.lab import LabServer, Notebook

pytestmark = pytest.mark.browser

TRIVIAL = """
import anywidget, traitlets

class Trivial(anywidget.AnyWidget):
    _esm = '''
    function render({ model, el }) {
        const root = document.createElement("div");
        root.className = "aw-root";
        const show = () => root.setAttribute("data-aw-count", model.get("count"));
        model.on("change:count", show);
        root.addEventListener("click", () => {
            model.set("count", model.get("count") + 1);
            model.save_changes();
        });
        root.textContent = "trivial";
        el.append(root);
        show();
    }
    export default { render };
    '''
    count = traitlets.Int(0).tag(sync=True)

trivial = Trivial()
trivial
"""


def test_the_driver_drives(notebook: Notebook, lab: LabServer) -> None:
    notebook.open(lab.write("trivial.ipynb", [TRIVIAL, "import time; time.sleep(3)", "1 / 0"]))
    notebook.run_cell(0)
    notebook.wait_attribute("count", "0")
    notebook.root().click()
    notebook.wait_number("count", 1)
    assert notebook.execute("trivial.count") == "1"
    assert notebook.execute("print('printed')") == "printed"

    assert notebook.run_cell(1) >= 3
    notebook.execute("trivial.count = 5")
    notebook.wait_attribute("count", "5")

    notebook.new_view(0)
    notebook.wait_attribute("count", "5", index=1)

    with pytest.raises(RuntimeError, match="ZeroDivisionError"):
        notebook.execute("1 / 0")


def test_a_reload_keeps_the_kernel(notebook: Notebook, lab: LabServer) -> None:
    notebook.open(lab.write("reload.ipynb", [TRIVIAL, "1 / 0"]))
    notebook.set_theme(dark=True)
    notebook.run_all()
    assert notebook.errors() == ["ZeroDivisionError: division by zero"]
    notebook.execute("trivial.count = 3")
    notebook.wait_attribute("count", "3")
    notebook.reload()
    notebook.wait_attribute("count", "3")
    notebook.set_theme(dark=False)
