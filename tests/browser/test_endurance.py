"""Ten thousand quick interactions leave memory, elements and listeners where they were."""

from __future__ import annotations

import pytest
from playwright.sync_api import CDPSession

from tests.browser.fake_view import FakeView

pytestmark = pytest.mark.browser

INTERACTIONS = 10_000
# Inside the page, where a thousand take a second: events as the browser would dispatch them.
INTERACT = """async count => {
    const root = document.querySelector(".aw-root");
    const stage = root.shadowRoot.querySelector(".aw-stage");
    const box = stage.getBoundingClientRect();
    let seed = 1;
    const random = () => (seed = (seed * 16807) % 2147483647) / 2147483647;
    const anywhere = () => ({
        clientX: box.left + box.width * (0.2 + 0.6 * random()),
        clientY: box.top + box.height * (0.2 + 0.6 * random()),
    });
    const always = { bubbles: true, composed: true, cancelable: true, view: window };
    const mouse = (type, more, target = stage) =>
        target.dispatchEvent(new MouseEvent(type, { ...always, ...more }));
    const pointer = (type, more) => stage.dispatchEvent(
        new PointerEvent(type, { ...always, pointerId: 1, pointerType: "mouse", ...more }));
    const key = name => root.dispatchEvent(new KeyboardEvent("keydown", { ...always, key: name }));
    stage.setPointerCapture = () => {};  // there is no such pointer
    const ways = [
        () => pointer("pointermove", anywhere()),
        at => stage.dispatchEvent(new WheelEvent(
            "wheel", { ...always, ...anywhere(), deltaY: at % 2 ? 60 : -60 })),
        () => {
            mouse("mousedown", anywhere());
            mouse("mousemove", anywhere(), window);
            mouse("mouseup", anywhere(), window);
        },
        () => {
            pointer("pointerdown", { ...anywhere(), shiftKey: true, buttons: 1 });
            for (let step = 0; step < 3; step++)
                pointer("pointermove", { ...anywhere(), shiftKey: true, buttons: 1 });
            pointer("pointerup", anywhere());
            key("Escape");
        },
        at => {
            if (at % 50 === 4) mouse("click", { ...anywhere(), detail: 1 });
            else key(["Escape", "ArrowLeft", "v", "0", "Escape"][at % 5]);
        },
    ];
    const frame = () => new Promise(requestAnimationFrame);
    for (let at = 0; at < count; at++) {
        ways[at % ways.length](Math.floor(at / ways.length));
        if (at % 50 === 0) await frame();
        model.sent.length = model.saved.length = 0;  // the fake kernel's memory, not ours
    }
    for (const name of ["Escape", "Escape", "Escape", "0"]) key(name);
    pointer("pointerleave", {});
}"""


def measure(session: CDPSession) -> tuple[int, int, float]:
    """Return elements, listeners and bytes of the page once all rubbish is collected."""
    for _ in range(3):  # what a finalizer lets go of is rubbish only afterwards
        session.send("HeapProfiler.collectGarbage")
    metrics = {m["name"]: m["value"] for m in session.send("Performance.getMetrics")["metrics"]}
    heap = session.send("Runtime.getHeapUsage")["usedSize"]
    return metrics["Nodes"], metrics["JSEventListeners"], heap


def kept(fake: FakeView, session: CDPSession) -> tuple[int, int, float]:
    """Return what is left when all that goes by itself, a moment after its cause, has gone."""
    fake.wait("opened", "")
    fake.python(overlay="pictures")  # the one without a legend
    latest = []
    for _ in range(20):
        fake.settle()
        latest.append(measure(session))
        if len(latest) > 3 and len({found[:2] for found in latest[-4:]}) == 1:
            break
        fake.page.wait_for_timeout(100)
    return latest[-1]


def test_ten_thousand_interactions_leave_nothing_behind(fake: FakeView) -> None:
    fake.show(sizes=[20], dense=True)
    fake.wait("final", 400)
    session = fake.page.context.new_cdp_session(fake.page)
    session.send("Performance.enable")
    fake.page.evaluate(
        """() => {
            window.heard = {selection: 0, overlay: 0};
            for (const name in heard) model.on(`change:${name}`, () => { heard[name]++ });
        }"""
    )
    fake.page.evaluate(INTERACT, INTERACTIONS // 4)  # until histories and caches are full
    nodes, listeners, heap = kept(fake, session)
    fake.page.evaluate(INTERACT, INTERACTIONS)
    nodes_after, listeners_after, heap_after = kept(fake, session)
    heard = fake.page.evaluate("window.heard")
    assert heard["selection"] > INTERACTIONS / 10
    assert heard["overlay"] > INTERACTIONS / 50
    # A part that has just gone may still be held by its last event: one, not one an interaction.
    assert nodes_after < nodes + INTERACTIONS / 100
    assert listeners_after < listeners + INTERACTIONS / 500
    assert heap_after - heap < 200 * INTERACTIONS, "bytes"
