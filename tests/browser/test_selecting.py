"""Selecting without drawing: menu, keyboard, undo; and that Python hears of each step once."""

from __future__ import annotations

import pytest

from tests.browser.fake_view import FakeView

pytestmark = pytest.mark.browser


def choose(fake: FakeView, name: str) -> None:
    """Choose an entry of the menu beside the tools."""
    fake.page.click("[data-aw-select-menu]")
    fake.page.click(f'[data-aw-select="{name}"]')


def test_the_menu_selects_inverts_and_undoes(fake: FakeView) -> None:
    fake.show()
    total = int(fake.attribute("cells"))
    fake.page.evaluate("() => { model.saved.length = 0 }")
    choose(fake, "all")
    fake.wait("selected", total)
    fake.page.click('[data-aw-tool="rectangle"]')
    fake.drag((0.45, 0.4), (0.55, 0.5))
    some = fake.trait("selection")
    assert 3 < len(some) < total
    choose(fake, "others")
    assert sorted(some + fake.trait("selection")) == sorted(
        fake.page.evaluate("model.grids[0].ids")
    )
    choose(fake, "undo")
    assert fake.trait("selection") == some
    fake.press("Control+z")
    fake.wait("selected", total)
    fake.press("Control+z")
    fake.wait("selected", 0)
    fake.press("Control+Shift+z", "Control+y")
    assert fake.trait("selection") == some
    # One update of the traits a step: `observe` in Python is called once each.
    steps = fake.page.evaluate(
        "() => model.saved.filter((state, at) => at === 0 ? state.selection.length"
        " : `${state.selection}` !== `${model.saved[at - 1].selection}`).length"
    )
    assert steps == 8


def test_what_python_selects_shows_and_can_be_undone(fake: FakeView) -> None:
    fake.show()
    cells = fake.page.evaluate("model.grids[0].ids.slice(50, 60)")
    fake.python(selection=cells)
    fake.wait("selected", 10)
    fake.root.focus()
    fake.press("i", "Control+z")
    fake.wait("selected", 10)
    fake.press("Control+z")
    fake.wait("selected", 0)
    assert fake.trait("selection") == []


def test_the_keyboard_alone_selects(fake: FakeView) -> None:
    fake.show()
    fake.root.focus()
    fake.press("ArrowRight", "Space")
    fake.wait("selected", 1)
    fake.press("Shift+ArrowRight", "Shift+ArrowRight")
    fake.wait("selected", 3)
    fake.press("Space")
    fake.wait("selected", 2)
    fake.press("Control+a")
    fake.wait("selected", fake.attribute("cells"))
    fake.press("Escape", "Escape")
    fake.wait("selected", 0)


def test_another_layout_ends_undo(fake: FakeView) -> None:
    fake.show()
    choose(fake, "all")
    fake.page.evaluate("model.sendLayout(model.grids, true)")
    fake.wait("selected", 0)
    fake.page.click("[data-aw-select-menu]")
    assert fake.page.locator('[data-aw-select="undo"]').is_disabled()
