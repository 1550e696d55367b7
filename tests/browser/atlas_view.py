"""What a user does with a view of the widget: point, click, drag, press a button."""

from __future__ import annotations

import io
import math
from collections.abc import Callable, Iterator
from contextlib import suppress

from PIL import Image
from playwright.sync_api import Locator, expect
from playwright.sync_api import TimeoutError as PlaywrightTimeoutError

from tests.browser.lab import Notebook

Point = tuple[float, float]


class AtlasView:
    """One view of an AtlasWidget in an open notebook."""

    def __init__(self, notebook: Notebook, index: int = 0) -> None:
        self.notebook = notebook
        self.index = index
        self.root = notebook.root(index)

    @property
    def stage(self) -> Locator:
        """The area that the atlas is drawn in."""
        return self.root.locator(".aw-stage")

    def wait_pictures(self, timeout: float = 150.0) -> int:
        """Wait until every cell in view is final; return how many there are."""
        cells = self.notebook.wait_number("cells", 1, timeout, self.index)
        self.notebook.wait_attribute(
            "final",
            lambda final: int(final) == self.notebook.number("cells", self.index) > 0,
            timeout,
            self.index,
        )
        return cells

    def reset(self) -> None:
        """Close and dismiss what is open, select nothing, take the first tool."""
        for button in ('.aw-detail [aria-label="Close"]', '.aw-banner [aria-label="Dismiss"]'):
            # those that are there at this moment: a notice goes by itself while one reaches for it
            self.root.locator(button).evaluate_all("all => all.forEach(one => one.click())")
            expect(self.root.locator(button)).to_have_count(0)
        expect(self.root.locator(".aw-detail")).to_have_count(0)
        self.notebook.execute("w.select([])")
        self.notebook.wait_attribute("selected", "0", index=self.index)
        self.use_tool("pan")
        self.notebook.page.mouse.move(2, 2)

    def go_home(self) -> str:
        """Show all of the atlas; return what the kernel then knows as the viewport.

        The trait is that of the view that moved last, which may have been another, and it comes a
        moment after what is seen.
        """
        box = self.stage.bounding_box()
        assert box, "the stage is not shown"
        shape = box["width"] / box["height"]
        for button in ("plus", "home"):  # a view that stays where it is has nothing to tell
            before = self.notebook.execute("w.viewport")
            self.root.locator(f'[data-aw-zoom="{button}"]').click()
            self.notebook.wait_execute(f"w.viewport == {before}", "False")
        sides = "(w.viewport[2] - w.viewport[0]) / (w.viewport[3] - w.viewport[1])"
        whole = f"w.viewport[2] > 1 and abs({sides} / {shape} - 1) < 0.02"
        self.notebook.wait_execute(whole, "True")
        return self.notebook.execute("[round(side, 3) for side in w.viewport]")

    def use_tool(self, tool: str) -> None:
        """Choose "pan", "rectangle" or "lasso"."""
        self.root.locator(f'[data-aw-tool="{tool}"]').click()

    def at(self, x: float, y: float) -> Point:
        """Return the page's coordinates of a place in the stage, given from 0 to 1."""
        self.stage.scroll_into_view_if_needed()
        box = self.stage.bounding_box()
        assert box, "the stage is not shown"
        return box["x"] + x * box["width"], box["y"] + y * box["height"]

    def hover_a_cell(self) -> Point:
        """Move over the stage until there is a cell under the pointer; return where."""
        mouse = self.notebook.page.mouse
        for x, y in _outwards():
            point = self.at(x, y)
            mouse.move(*point, steps=3)
            with suppress(PlaywrightTimeoutError):
                self.root.locator("[data-aw-card]").wait_for(timeout=1000)
                return point
        raise AssertionError(f"no cell anywhere in the view\n{self.notebook.describe()}")

    def open_a_cell(self) -> None:
        """Click on a cell; its detail panel opens."""
        self.notebook.page.mouse.click(*self.hover_a_cell())
        self.root.locator(".aw-detail").wait_for(timeout=5000)

    def pan(self, start: Point, by: Point = (60, 40)) -> None:
        """Drag the atlas with the hand, and wait until it has moved."""
        before = self.stage_picture()
        mouse = self.notebook.page.mouse
        mouse.move(*start)
        mouse.down()
        mouse.move(start[0] + by[0], start[1] + by[1], steps=5)
        mouse.up()
        self.notebook.wait(lambda: self.stage_picture() != before, 10, "another part of the atlas")

    def lasso(self, radius: float = 0.3) -> None:
        """Drag a circle around the middle of the stage."""
        self.use_tool("lasso")
        mouse = self.notebook.page.mouse
        angles = [2 * math.pi * step / 24 for step in range(24)]
        points = [
            self.at(0.5 + radius * math.cos(angle), 0.5 + radius * math.sin(angle))
            for angle in angles
        ]
        mouse.move(*points[0])
        mouse.down()
        for point in points[1:]:
            mouse.move(*point)
        mouse.up()

    def choose_layer(self, name: str) -> None:
        """Search a layer in the picker and take it."""
        self.root.locator(".aw-layer-button").click()
        self.root.get_by_label("Search the layers").fill(name)
        self.notebook.page.keyboard.press("Enter")

    def export(self, format_: str) -> None:
        """Press the export button and choose a format."""
        self.root.locator("[data-aw-export-menu]").click()
        self.root.locator(f'[data-aw-export="{format_}"]').click()

    def background(self) -> list[int]:
        """Return the red, green and blue that the stage is filled with where there is no cell."""
        box = self.stage.bounding_box()
        assert box, "the stage is not shown"
        clip = {"x": box["x"] + box["width"] - 8, "y": box["y"] + 8, "width": 2, "height": 2}
        picture = Image.open(io.BytesIO(self.notebook.page.screenshot(clip=clip)))
        return list(picture.convert("RGB").resize((1, 1)).tobytes())

    def wait_background(self, wanted: Callable[[list[int]], bool], timeout: float = 10) -> None:
        """Wait until the background fulfils something: colours follow some frames later."""
        colour = [self.background()]

        def reached() -> bool:
            colour.append(self.background())
            return wanted(colour[-1])

        self.notebook.wait(reached, timeout, f"the background, {colour[0]} at first,")

    def wait_drawn(self, at_least: float = 0.1, timeout: float = 20) -> float:
        """Wait until so much of the stage is drawn on; return how much is.

        Pictures are counted when they have come, and drawn with a later frame.
        """
        self.notebook.wait(
            lambda: self.drawn_share() >= at_least, timeout, f"{at_least:.0%} of the stage drawn"
        )
        return self.drawn_share()

    def wait_out_of_sight(self, timeout: float = 10) -> None:
        """Wait until nothing of the stage is within the window."""

        def away() -> bool:
            box = self.stage.bounding_box() if self.stage.count() else None
            height = self.notebook.page.viewport_size["height"]
            return not box or box["y"] >= height or box["y"] + box["height"] <= 0

        self.notebook.wait(away, timeout, "the view scrolled away")

    def stage_picture(self) -> str:
        """Return what is drawn of the atlas, as a data URL."""
        picture: str = self.root.locator(".aw-stage canvas").first.evaluate(
            "canvas => canvas.toDataURL()"
        )
        return picture

    def drawn_share(self) -> float:
        """Return the share of the stage's pixels that differ from its corner's colour."""
        share: float = self.root.locator(".aw-stage canvas").first.evaluate(
            """canvas => {
                if (!canvas.width || !canvas.height) return 0;
                const {data} = canvas.getContext("2d")
                    .getImageData(0, 0, canvas.width, canvas.height);
                let different = 0;
                for (let at = 0; at < data.length; at += 4) {
                    const distance = Math.abs(data[at] - data[0])
                        + Math.abs(data[at + 1] - data[1]) + Math.abs(data[at + 2] - data[2]);
                    if (distance > 24) different += 1;
                }
                return different / (data.length / 4);
            }"""
        )
        return share


def _outwards() -> Iterator[Point]:
    """Yield places from the middle of the unit square outwards."""
    yield 0.5, 0.5
    for ring in range(1, 10):
        for step in range(4 * ring):
            angle = 2 * math.pi * step / (4 * ring)
            radius = 0.045 * ring
            yield 0.5 + radius * math.cos(angle), 0.5 + radius * math.sin(angle)
