"""The graph of the model's layers in JupyterLab, with the demo's real network."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.atlas_view import AtlasView

pytestmark = pytest.mark.browser


def test_the_graph_leads_to_the_units_of_any_layer_and_back(atlas: AtlasView) -> None:
    root, notebook = atlas.root, atlas.notebook
    root.get_by_role("radio", name="Graph").click()
    own = root.locator("[data-aw-node-name='blocks.5.2']")
    expect(own).to_have_accessible_name(
        "blocks.5.2, InvertedResidual, output 192 × 7 × 7, open: show its units"
    )
    # a line for each connection, and none that leads nowhere
    nodes, lines = root.locator("[data-aw-node]"), root.locator(".aw-graph-edges path")
    assert notebook.execute("w.mode") == "'graph'"
    assert lines.count() >= nodes.count() - 1

    other = root.locator("[data-aw-node-name='blocks.3.1']")
    expect(other).to_have_attribute("data-aw-node-state", "made", timeout=60_000)
    other.click()
    expect(root.locator(".aw-units-head")).to_contain_text("units of blocks.3.1", timeout=60_000)
    notebook.wait_execute("(w.mode, w.layer)", "('units', 'blocks.3.1')")

    notebook.page.keyboard.press("Alt+ArrowLeft")
    expect(other).to_be_visible()
    notebook.wait_execute("w.mode", "'graph'")
