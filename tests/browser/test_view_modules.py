"""A further view takes one TypeScript module and its kinds of messages, and no other file."""

from __future__ import annotations

import json
import os
import runpy
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.fake_page import CHECKOUT, wait_pictures
from tests.browser.fake_view import FakeView

pytestmark = pytest.mark.browser

KINDS = {
    "from_browser": {"toy_asked": {"fields": {"number": "integer"}, "meaning": "A question."}},
    "from_kernel": {
        "toy": {"fields": {"revision": "integer", "words": "string"}, "meaning": "An answer."}
    },
}


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The widget with the toy view among its views, checked and built like the real one."""
    folder = tmp_path_factory.mktemp("toy")
    js = folder / "js"
    shutil.copytree(CHECKOUT / "js" / "src", js / "src")
    for name in ("build.mjs", "package.json", "tsconfig.json"):
        shutil.copy(CHECKOUT / "js" / name, js)
    (js / "node_modules").symlink_to(CHECKOUT / "js" / "node_modules")
    (folder / "atlas_widget" / "static").mkdir(parents=True)
    shutil.copy(Path(__file__).with_name("toy_view.tsx"), js / "src" / "views" / "toy.tsx")
    # as `make messages` does
    tool = runpy.run_path(str(CHECKOUT / "tools" / "messages.py"))
    table = CHECKOUT / "atlas_widget" / "protocol" / "messages.json"
    messages: dict[str, Any] = json.loads(table.read_text(encoding="utf-8"))
    for direction, kinds in KINDS.items():
        messages[direction].update(kinds)
    tables = js / "src" / "protocol" / "message_tables.ts"
    tables.write_text(tool["typescript"](messages), encoding="utf-8")
    views = tool["views_typescript"]([*tool["view_names"](), "toy"])
    (js / "src" / "views" / "index.ts").write_text(views, encoding="utf-8")
    node = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"
    for command in (["npm", "run", "typecheck"], ["npm", "run", "build"]):
        done = subprocess.run(
            command, cwd=js, env={**os.environ, "PATH": node}, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stdout + done.stderr
    return (folder / "atlas_widget" / "static" / "widget.js").read_bytes()


def test_a_toy_view_shows_what_the_kernel_tells_it(fake: FakeView, bundle: bytes) -> None:
    page = fake.page
    page.route(
        "**/widget.js", lambda route: route.fulfill(body=bundle, content_type="text/javascript")
    )
    fake.show()
    stage, toy = page.locator(".aw-stage"), page.get_by_label("Toy", exact=True)
    expect(stage).to_be_visible()
    expect(toy).to_have_count(0)

    page.get_by_role("radio", name="Toy").click()
    expect(stage).to_be_hidden()
    expect(toy).to_contain_text("The kernel says: nothing yet")
    page.evaluate("model.message({kind: 'toy', revision: model.revision, words: 'hello'})")
    expect(toy).to_contain_text("The kernel says: hello")
    page.evaluate("model.message({kind: 'toy', revision: model.revision - 1, words: 'old'})")
    fake.settle()
    expect(toy).to_contain_text("The kernel says: hello")
    page.get_by_role("button", name="Ask").click()
    assert fake.sent("toy_asked") == [{"kind": "toy_asked", "number": 7}]

    # another layout: what was told of the last one is forgotten, and the atlas is as alive as ever
    page.evaluate("model.sendLayout(model.grids, true)")
    expect(toy).to_contain_text("The kernel says: nothing yet")
    fake.press("+", "Enter", "ArrowRight")  # keys of the atlas, which is not shown
    assert fake.attribute("opened") == ""
    page.get_by_role("radio", name="Atlas").click()
    expect(stage).to_be_visible()
    expect(toy).to_be_hidden()
    wait_pictures(page)
    page.mouse.click(*fake.at())
    page.wait_for_selector(".aw-detail")
    assert fake.attribute("opened").startswith("20:")


def test_the_switch_names_every_view(fake: FakeView) -> None:
    fake.show()
    expect(fake.page.locator("[data-aw-show-view]")).to_have_text(
        ["Atlas", "Compare", "Graph", "Image", "Units"]
    )
