import logging
import threading
import warnings

import pytest

from atlas_widget.session.worker_warnings import log_worker_warnings


@pytest.fixture
def shown(monkeypatch):
    seen = []
    monkeypatch.setattr(
        warnings, "showwarning", lambda message, *_args, **_kwargs: seen.append(str(message))
    )
    log_worker_warnings()
    return seen


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
    warn("from the person", "Thread-7")
    warnings.warn("from the cell", UserWarning, stacklevel=1)
    assert shown == ["from the person", "from the cell"]


def test_twice_is_once(shown):
    hook = warnings.showwarning
    log_worker_warnings()
    assert warnings.showwarning is hook
    warn("once", "Thread-8")
    assert shown == ["once"]
