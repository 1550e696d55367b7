"""The kernel stays the user's: the widget starts at once, is quiet, and ends when it should."""

import gc
import time
import warnings
import weakref

import pytest
import torch
from ipywidgets.widgets.widget import Widget

from atlas_widget import AtlasWidget
from atlas_widget.errors import AtlasError
from tests.widget.waiting import ours, until
from tests.widget_browser import FakeBrowser


def test_the_constructor_returns_at_once_and_the_model_stays_as_it_is(make, tiny_model):
    tiny_model.train()
    handle = tiny_model.middle.register_forward_hook(lambda *_: None)
    before = {name: value.clone() for name, value in tiny_model.state_dict().items()}
    make(num_samples=50).wait(60)  # pays for imports
    start = time.monotonic()
    w = make()
    assert time.monotonic() - start < 1
    w.wait(60)
    w.render(w.atlas.grid(4).ids.tolist()[:2], timeout=60)
    assert tiny_model.training
    assert all(parameter.requires_grad for parameter in tiny_model.parameters())
    assert len(tiny_model.middle._forward_hooks) == 1
    assert all(torch.equal(value, before[name]) for name, value in tiny_model.state_dict().items())
    handle.remove()


def test_interrupting_a_wait_leaves_the_worker_at_work(make, monkeypatch):
    w = make()
    calls = []

    def interrupted(*_, **__):
        calls.append(1)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(type(w._session.changed), "wait", interrupted)
        with pytest.raises(KeyboardInterrupt):
            w.wait()
    assert calls
    w.wait(60)
    assert w._worker.alive


def test_waiting_has_an_end(make):
    w = make(num_samples=5000)
    with pytest.raises(TimeoutError):
        w.wait(0.05)
    with pytest.raises(TimeoutError):
        w.render(timeout=0.05)


def test_closing_ends_the_thread_wherever_it_is(make):
    for delay in (0, 0.1, 0.5):
        w = make(num_samples=5000)
        time.sleep(delay)
        start = time.monotonic()
        w.close()
        assert time.monotonic() - start < 5
        assert not ours()
        assert w.status["stage"] == "closed"
        w.close()
        with pytest.raises(AtlasError, match="closed"):
            w.wait(5)


def test_closing_frees_the_copy(make):
    w = make()
    w.wait(60)
    copy = weakref.ref(w._session.model.probe.model)
    w.close()
    gc.collect()
    assert copy() is None


def test_deleting_a_widget_that_nobody_sees_ends_its_thread(tiny_model, tiny_images, tmp_path):
    w = AtlasWidget(
        tiny_model, "middle", tiny_images, num_samples=200, grids=(4,), cache_dir=tmp_path
    )
    w.wait(60)
    alive = weakref.ref(w)
    del w
    gc.collect()
    assert alive() is None
    until(lambda: not ours(), 10)


def test_a_displayed_widget_outlives_its_name(make):
    w = make()
    w._repr_mimebundle_()
    from ipywidgets.widgets import widget as registry

    assert registry._instances[w.model_id] is w


def test_close_all_closes_displayed_widgets(make):
    w = make()
    w._repr_mimebundle_()
    Widget.close_all()
    until(lambda: not ours(), 10)
    assert w.status["stage"] == "closed"


def test_grad_mode_and_threads_of_the_person_stay(make):
    threads = torch.get_num_threads()
    with torch.no_grad():
        w = make()
    w.wait(60)
    w.render(w.atlas.grid(4).ids.tolist()[:2], timeout=60)
    assert torch.is_grad_enabled()
    assert torch.get_num_threads() == threads
    x = torch.ones(2, requires_grad=True)
    assert x.sum().requires_grad


def test_nothing_of_the_worker_is_printed(make, capfd, monkeypatch):
    def show(message, category, *_, **__):
        # Python hides deprecations; an old ipywidgets has some of a newer traitlets
        if not issubclass(category, DeprecationWarning):
            print("a warning", message)

    monkeypatch.setattr(warnings, "showwarning", show)
    w = make()
    browser = FakeBrowser(w)
    browser.open()
    while w.atlas is None:
        time.sleep(0.05)
    browser.wait(lambda: browser.layouts[-1]["final"])
    browser.look()
    until(lambda: w.status["stage"] == "idle")
    w.close()
    out, err = capfd.readouterr()
    assert out == ""
    assert err == ""
