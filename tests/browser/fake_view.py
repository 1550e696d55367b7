"""The widget in a bare page, every message under control: what a test does with it and asks it."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import CDPSession, Locator, Page

from tests.browser.fake_page import open_view, wait_pictures

Point = tuple[float, float]


class FakeView:
    """A page with a view of a fake kernel's atlas.

    Parameters
    ----------
    page
        An empty page.
    address
        Where js/dev/index.html is served.
    """

    def __init__(self, page: Page, address: str) -> None:
        self.page = page
        self._address = address
        self._session: CDPSession | None = None

    def show(self, *, stage: str = "idle", **options: Any) -> FakeView:
        """Open the page with the fake kernel's options and wait until its atlas is there."""
        open_view(self.page, self._address, instant=True, stage=stage, **options)
        self.page.wait_for_selector(f'[data-aw-stage="{stage}"]')
        if stage == "idle":
            wait_pictures(self.page)
        return self

    @property
    def root(self) -> Locator:
        """The host of the first view."""
        return self.page.locator(".aw-root").first

    def settle(self) -> None:
        """Wait until what the view does of its own accord is done.

        Much of it comes after the next paint: attributes that mirror the state, messages of a panel
        that has gone. What the kernel answers comes when it comes, and has to be waited for.
        """
        self.page.evaluate(
            """() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(
                () => setTimeout(done))))"""
        )

    def attribute(self, name: str) -> str:
        """Return `data-aw-<name>`."""
        self.settle()
        return self.root.get_attribute(f"data-aw-{name}") or ""

    def wait(self, name: str, value: object) -> None:
        """Wait until `data-aw-<name>` has a value."""
        self.page.wait_for_function(
            "([name, value]) => document.querySelector('.aw-root').getAttribute(name) === value",
            arg=[f"data-aw-{name}", str(value)],
        )

    def trait(self, name: str) -> Any:
        """Return a trait's value."""
        self.settle()
        return self.page.evaluate("name => model.get(name)", name)

    def wait_trait(self, name: str, condition: str) -> Any:
        """Wait until a JavaScript condition on a trait's `value` holds; return the value."""
        self.page.wait_for_function(
            f"name => {{ const value = model.get(name); return {condition} }}",
            arg=name,
        )
        return self.trait(name)

    def python(self, **traits: Any) -> None:
        """Set traits as Python does."""
        for name, value in traits.items():
            self.page.evaluate("([name, value]) => model.python(name, value)", [name, value])

    def sent(self, kind: str) -> list[dict[str, Any]]:
        """Return the messages of a kind that the view sent."""
        self.settle()
        messages: list[dict[str, Any]] = self.page.evaluate(
            "kind => model.sent.filter(m => m.kind === kind)", kind
        )
        return messages

    def at(self, x: float = 0.5, y: float = 0.5) -> Point:
        """Return the page's coordinates of a place in the stage, given from 0 to 1."""
        box = self.page.locator(".aw-stage").first.bounding_box()
        assert box
        return box["x"] + x * box["width"], box["y"] + y * box["height"]

    def drag(self, start: Point, end: Point) -> None:
        """Drag the mouse between two places in the stage."""
        self.page.mouse.move(*self.at(*start))
        self.page.mouse.down()
        self.page.mouse.move(*self.at(*end), steps=8)
        self.page.mouse.up()

    def press(self, *keys: str) -> None:
        """Press keys, one after another."""
        for key in keys:
            self.page.keyboard.press(key)

    def touch(self, kind: str, *points: Point) -> None:
        """Put fingers onto places of the stage ("Start", "Move") or lift them ("End")."""
        if self._session is None:
            self._session = self.page.context.new_cdp_session(self.page)
        fingers = [
            {"x": x, "y": y, "id": number}
            for number, (x, y) in enumerate(self.at(*point) for point in points)
        ]
        self._session.send(
            "Input.dispatchTouchEvent", {"type": f"touch{kind}", "touchPoints": fingers}
        )
