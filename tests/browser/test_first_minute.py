"""The first minute of a notebook, from a kernel that has imported nothing."""

import pytest

from tests.browser.cells import small_atlas
from tests.browser.lab import ROOT

pytestmark = pytest.mark.browser


def test_a_fresh_kernel_says_at_once_that_it_imports(notebook, lab):
    notebook.open(lab.write("fresh.ipynb", [small_atlas()]))
    notebook.start_cell(0)
    line = notebook.page.get_by_text("Importing PyTorch")
    line.wait_for(timeout=10_000)
    assert notebook.page.locator(ROOT).count() == 0, "it came before the widget"
    notebook.wait_cell(0)
    notebook.page.locator(ROOT).wait_for()
    assert line.count() == 0
    assert not any("Importing" in str(output) for output in notebook.outputs())
