"""The widget's life in the page: scrolled away, shown twice, reloaded, reopened, disconnected."""

from __future__ import annotations

import time

import pytest

from tests.browser.atlas_view import AtlasView
from tests.browser.cells import small_atlas
from tests.browser.conftest import save_screenshot

pytestmark = pytest.mark.browser

VIEWPORT = "[round(side, 3) for side in w.viewport]"
SHOWN_AGAIN, FAR_BELOW = 1, 7
MORE_CELLS = ("w", *["# far below\n" * 40] * 6)


def test_scrolling_away_and_back_keeps_the_picture(atlas: AtlasView) -> None:
    drawn = atlas.wait_drawn()
    atlas.notebook.scroll_to(FAR_BELOW)
    atlas.wait_out_of_sight()
    atlas.notebook.scroll_to(0)
    atlas.stage.wait_for()
    assert atlas.notebook.number("final") == atlas.notebook.number("cells") > 0
    assert atlas.wait_drawn(drawn - 0.05) == pytest.approx(drawn, abs=0.05)


def test_two_views_of_one_widget_agree(atlas: AtlasView) -> None:
    notebook = atlas.notebook
    notebook.run_cell(SHOWN_AGAIN)
    other = AtlasView(notebook, 1)
    assert other.wait_pictures(timeout=30) == notebook.number("cells")
    notebook.scroll_to(0)
    atlas.lasso()
    selected = notebook.wait_number("selected", 1)
    notebook.wait_attribute("selected", str(selected), index=1)
    notebook.clear_output(SHOWN_AGAIN)
    assert notebook.root().count() == 1


def test_an_output_view_shows_the_atlas_too(atlas: AtlasView) -> None:
    notebook = atlas.notebook
    notebook.new_view(0)
    other = AtlasView(notebook, 1)
    assert other.wait_pictures(timeout=30) > 0
    other.wait_drawn()
    notebook.close_other_panels()
    assert notebook.root().count() == 1


def test_both_themes(atlas: AtlasView) -> None:
    light = sum(atlas.background())
    atlas.notebook.set_theme(dark=True)
    atlas.notebook.wait_attribute("theme", "dark")
    atlas.wait_background(lambda colour: sum(colour) < light / 2)
    save_screenshot(atlas.notebook.page, "theme-dark")
    atlas.notebook.set_theme(dark=False)
    atlas.notebook.wait_attribute("theme", "light")
    atlas.wait_background(lambda colour: sum(colour) == light)
    save_screenshot(atlas.notebook.page, "theme-light")


def test_another_layer_and_back_from_the_cache(atlas: AtlasView) -> None:
    notebook = atlas.notebook
    seconds = []
    for layer in ("blocks.2.0", "blocks.5.2"):
        revision = notebook.number("revision")
        start = time.monotonic()
        atlas.choose_layer(layer)
        notebook.wait_number("revision", revision + 1)
        atlas.wait_pictures()
        seconds.append(time.monotonic() - start)
        notebook.wait_execute("w.layer", repr(layer))
    rendered, cached = seconds
    assert cached < rendered / 2


def test_a_lost_connection_is_taken_up_again(atlas: AtlasView) -> None:
    notebook = atlas.notebook
    atlas.open_a_cell()
    notebook.wait_number("inspect-step", 1)
    notebook.reconnect()
    atlas.reset()
    notebook.wait_attribute("inspect-step", "0")
    atlas.open_a_cell()
    notebook.wait_number("inspect-step", 1)
    atlas.reset()
    atlas.lasso()
    selected = notebook.wait_number("selected", 1)
    notebook.wait_execute("len(w.selection)", str(selected))


@pytest.mark.parametrize("again", ["reload", "reopen"])
def test_the_same_view_comes_back(atlas: AtlasView, again: str) -> None:
    notebook = atlas.notebook
    atlas.lasso()
    selected = notebook.wait_number("selected", 1)
    notebook.page.emulate_media(reduced_motion="reduce")  # zoomed at once, not by and by
    home = atlas.go_home()
    atlas.root.locator('[data-aw-zoom="plus"]').click()
    notebook.wait_execute(f"({VIEWPORT}) != {home}", "True")
    zoomed = notebook.execute(VIEWPORT)
    level, cells = notebook.number("level"), notebook.number("cells")
    notebook.execute('w.overlay = "Density"')
    notebook.wait_attribute("overlay", "density")
    getattr(notebook, again)()
    # of the finer grid some cells are out of sight, and not rendered for it
    notebook.wait_attribute("level", str(level))
    notebook.wait_attribute("cells", str(cells))
    notebook.wait_number("final", 9)
    notebook.wait_attribute("selected", str(selected))
    notebook.wait_attribute("overlay", "density")
    atlas.wait_drawn()
    notebook.wait_execute(VIEWPORT, zoomed)
    atlas.root.locator('[data-aw-zoom="home"]').click()
    notebook.wait_execute(VIEWPORT, home)
    notebook.execute('w.overlay = "pictures"')
    notebook.page.emulate_media(reduced_motion="no-preference")


def test_widgets_do_not_get_into_each_other(atlas: AtlasView) -> None:
    """Two of the same atlas: what is chosen in one is not in the other, the end of one neither."""
    notebook = atlas.notebook
    notebook.set_cell(SHOWN_AGAIN, small_atlas().replace("w = ", "v = ")[:-1] + "v")
    notebook.run_cell(SHOWN_AGAIN)
    other = AtlasView(notebook, 1)
    other.wait_pictures()
    other.lasso()
    selected = notebook.wait_number("selected", 1, index=1)
    notebook.wait_execute("len(v.selection)", str(selected))
    assert notebook.execute("len(w.selection)") == "0"
    assert notebook.number("selected") == 0
    notebook.execute("v.close()")
    notebook.wait(lambda: notebook.root().count() == 1, 10, "one view left")
    notebook.scroll_to(0)
    atlas.open_a_cell()
    notebook.wait_number("inspect-step", 1)
