"""Moving about: back and forward, the minimap, what Python asks for, a line that returns."""

from __future__ import annotations

import ast
import re

import pytest
from playwright.sync_api import expect

from tests.browser.fake_view import FakeView

pytestmark = pytest.mark.browser


def viewport(fake: FakeView) -> list[float]:
    value: list[float] = fake.trait("viewport")
    return value


def test_back_and_forward_lead_through_the_views_that_one_had(fake: FakeView) -> None:
    page = fake.page
    page.emulate_media(reduced_motion="reduce")  # where it is at once, it is nowhere in between
    fake.show()
    back, forward = (page.locator(f'[data-aw-zoom="{way}"]') for way in ("back", "forward"))
    page.wait_for_timeout(600)  # as one looks: what is left within half a second is not a view
    assert back.is_disabled()
    page.click('[data-aw-zoom="plus"]')
    page.wait_for_function("() => !document.querySelector('.aw-root').shadowRoot"
                           ".querySelector('[data-aw-zoom=back]').disabled")  # fmt: skip
    zoomed = viewport(fake)
    page.click('[data-aw-level-mode="40"]')
    fake.wait("level", 40)
    fake.press("[")
    fake.wait("level", 20)
    expect(forward).to_be_enabled()
    back.click()
    home = fake.wait_trait("viewport", f"value[2] - value[0] > {1.2 * (zoomed[2] - zoomed[0])}")
    expect(back).to_be_disabled()
    fake.root.focus()
    fake.press("]", "Alt+ArrowRight")
    fake.wait("level", 40)
    again = fake.wait_trait("viewport", f"value[2] < {(home[2] + zoomed[2]) / 2}")
    assert again == pytest.approx(zoomed, abs=0.01)
    expect(forward).to_be_disabled()


def test_the_minimap_moves_the_view(fake: FakeView) -> None:
    fake.show(onDemand=True)
    fake.page.click('[data-aw-zoom="plus"]')
    minimap = fake.page.locator(".aw-minimap")
    minimap.wait_for()
    box = minimap.bounding_box()
    assert box
    mouse = fake.page.mouse
    mouse.move(box["x"] + box["width"] * 0.5, box["y"] + box["height"] * 0.5)
    mouse.down()
    mouse.move(box["x"] + box["width"] * 0.3, box["y"] + box["height"] * 0.6, steps=4)
    mouse.up()
    # it shows the rows and columns that have cells, and nothing beside them
    left, across, top, down = fake.page.evaluate(
        """(() => {
            const {ids, size} = model.grids[0];
            const columns = ids.map(id => id % size), rows = ids.map(id => Math.floor(id / size));
            const ends = places => [Math.min(...places), Math.max(...places) + 1];
            return [ends(columns), ends(rows)].flatMap(
                ([low, high]) => [low / size, (high - low) / size]
            );
        })()"""
    )
    x, y = left + 0.3 * across, top + 0.6 * down
    seen = fake.wait_trait("viewport", f"Math.abs((value[0] + value[2]) / 2 - {x}) < 0.01")
    assert (seen[1] + seen[3]) / 2 == pytest.approx(y, abs=0.02)
    assert box["width"] / box["height"] == pytest.approx(across / down, rel=0.05)


def test_python_chooses_the_grid_and_gives_it_back(fake: FakeView) -> None:
    fake.show(sizes=[20, 40, 80, 160], dense=True)
    fake.python(fixed_level=160)
    fake.wait("level", 160)
    assert fake.page.get_attribute('[data-aw-level-mode="160"]', "aria-checked") == "true"
    fake.python(fixed_level=None)
    fake.wait("level", 20)
    fake.page.click('[data-aw-level-mode="80"]')
    assert fake.trait("fixed_level") == 80
    fake.press("g", "g")
    assert fake.trait("fixed_level") is None


def test_the_view_of_before_a_reload_comes_back(fake: FakeView) -> None:
    fake.show(
        sizes=[20, 40],
        state={"viewport": [0.4, 0.4, 0.6, 0.6], "fixed_level": 40, "opened": [20, 210]},
    )
    fake.wait("level", 40)
    fake.wait("opened", "20:210")
    expect(fake.page.locator(".aw-minimap")).to_be_visible()


def test_the_copied_line_returns_to_the_view(fake: FakeView) -> None:
    context = fake.page.context
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    fake.page.emulate_media(reduced_motion="reduce")
    fake.show()
    fake.root.focus()
    fake.press("Shift+ArrowRight", "Shift+ArrowRight", "Shift+ArrowDown", "Enter", "+")
    fake.page.locator(".aw-minimap").wait_for()
    fake.page.wait_for_function("model.get('opened').length === 2")
    kept = fake.wait_trait("viewport", "value[2] - value[0] < 1.2")
    fake.press("c")
    fake.page.locator('[data-aw-copied="true"]').wait_for()
    line = fake.page.evaluate("navigator.clipboard.readText()")
    (assignment,) = ast.parse(line).body
    assert isinstance(assignment, ast.Assign)
    assert ast.unparse(assignment.targets[0]) == "w.view"
    view = eval(ast.unparse(assignment.value), {"range": range})
    assert view["layer"] == fake.trait("layer")
    assert view["viewport"] == pytest.approx(kept, abs=1e-3)
    assert view["selection"] == fake.trait("selection")
    assert view["level"] == fake.trait("level")
    assert view["opened"] == fake.trait("opened")
    # and back, from elsewhere, as Python sets it
    fake.page.click("[data-aw-clear]")
    fake.press("Escape", "Escape", "0")
    fake.wait("opened", "")
    fake.wait_trait("viewport", "value[2] - value[0] > 1.2")
    fake.python(**{name: view[name] for name in ("level", "selection", "viewport", "opened")})
    fake.wait("selected", len(view["selection"]))
    fake.wait("opened", "{}:{}".format(*view["opened"]))


def test_where_copying_is_not_allowed_the_line_is_shown(fake: FakeView) -> None:
    fake.show()
    fake.page.evaluate(
        "() => { document.execCommand = () => false;"
        " Object.defineProperty(navigator, 'clipboard', {value: undefined}) }"
    )
    fake.page.click("[data-aw-copy-view]")
    box = fake.page.locator('[data-aw-copied="false"] input')
    expect(box).to_have_value('w.view = {"layer": "blocks.4.2"}')


def test_a_view_that_is_rendered_before_it_is_shown_looks_where_it_should(fake: FakeView) -> None:
    fake.show(state={"viewport": [0.4, 0.4, 0.6, 0.6]})
    fake.page.evaluate(
        """async () => {
            const el = document.createElement("div");
            el.id = "late";
            el.style.display = "none";
            document.body.prepend(el);
            await widget.render({model, el});
            await new Promise(done => setTimeout(done, 50));
            el.style.display = "";
        }"""
    )
    # a fifth of the map, whose cells are in four fifths of its rows
    shown = fake.page.locator("#late .aw-minimap-view")
    expect(shown).to_have_attribute("style", re.compile(r"height: 25(\.0\d*)?%"))
