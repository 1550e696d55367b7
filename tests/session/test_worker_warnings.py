import logging
import threading
import warnings

import pytest

from atlas_widget.session.worker_warnings import worker_warnings_logged


@pytest.fixture
def shown(monkeypatch):
    seen = []
    monkeypatch.setattr(
        warnings, "showwarning", lambda message, *_args, **_kwargs: seen.append(str(message))
    )
    with worker_warnings_logged():
        yield seen


def warn(text, name):
    def run():
        warnings.warn(text, UserWarning, stacklevel=1)

    thread = threading.Thread(target=run, name=name)
    thread.start()
    thread.join()


def test_warnings_of_our_threads_go_to_the_log(shown, caplog):
    with caplog.at_level(logging.DEBUG, "atlas_widget"):
        warn("from the worker", "atlas-widget-1")
    assert shown == []
    assert "from the worker" in caplog.text


def test_those_of_others_go_where_they_went(shown):
    warn("from the user", "Thread-7")
    warnings.warn("from the cell", UserWarning, stacklevel=1)
    assert shown == ["from the user", "from the cell"]


def test_twice_is_once(shown):
    hook = warnings.showwarning
    with worker_warnings_logged():
        assert warnings.showwarning is hook
    warn("once", "Thread-8")
    assert shown == ["once"]


def test_the_last_one_puts_the_hook_back(monkeypatch):
    monkeypatch.setattr(warnings, "showwarning", before := lambda *_args, **_kwargs: None)
    with worker_warnings_logged():
        with worker_warnings_logged():
            pass
        assert warnings.showwarning is not before
    assert warnings.showwarning is before


def test_a_hook_that_somebody_else_has_set_since_stays(monkeypatch):
    monkeypatch.setattr(warnings, "showwarning", lambda *_args, **_kwargs: None)
    with worker_warnings_logged():
        warnings.showwarning = theirs = lambda *_args, **_kwargs: None
    assert warnings.showwarning is theirs
