import types

import pytest
import traitlets

from atlas_widget.widget import kernel


class Shell:
    kernel = object()


@pytest.mark.parametrize(
    ("version", "said"),
    [("7.0.1", "pictures"), ("7.3.2", None), ("7.4.0", None), ("6.31.0", None)],
)
def test_kernels_that_misbehave_are_named(monkeypatch, version, said):
    monkeypatch.setattr("IPython.get_ipython", Shell)
    monkeypatch.setattr(kernel, "version", lambda _: version)
    notice = kernel.kernel_notice()
    if said is None:
        assert notice is None
    else:
        assert version in notice
        assert said in notice
        assert "pip install" in notice


def test_outside_a_kernel_nothing_is_said(monkeypatch):
    monkeypatch.setattr("IPython.get_ipython", lambda: None)
    assert kernel.kernel_notice() is None


class Widget(traitlets.HasTraits):
    comm = traitlets.Any()


def misrouting_comm():
    """A comm that hands what comes from the browser to the thread that last sent, as 7.4 does."""
    return types.SimpleNamespace(_reply_subshell_for=lambda _data, _addressed: None)


def test_messages_stay_where_the_browser_addressed_them():
    widget = Widget(comm=misrouting_comm())
    kernel.handle_messages_during_cells(widget)
    assert widget.comm._reply_subshell_for({"method": "custom"}, "a subshell") == "a subshell"
    widget.comm = None
    widget.comm = misrouting_comm()
    assert widget.comm._reply_subshell_for({}, "a subshell") == "a subshell"


def test_other_comms_are_left_alone():
    widget = Widget(comm=types.SimpleNamespace())
    kernel.handle_messages_during_cells(widget)
    assert not vars(widget.comm)
