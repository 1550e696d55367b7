import io
import subprocess
import sys
import threading

import pytest

from atlas_widget.terminal import TransientLine, wait_for


class Terminal(io.StringIO):
    def isatty(self):
        return True

    def lines(self):
        """What a user sees: a carriage return begins the line anew."""
        shown = []
        for line in self.getvalue().split("\n"):
            cells = []
            for part in line.split("\r"):
                cells[: len(part)] = part
            shown.append("".join(cells).rstrip())
        return shown


def test_a_line_is_written_over_and_leaves_nothing():
    terminal = Terminal()
    line = TransientLine(terminal)
    line.show("pictures 99/100, 1 s left")
    line.show("pictures 100/100")
    assert terminal.lines() == ["pictures 100/100"]
    line.close()
    line.close()
    assert terminal.lines() == [""]
    assert terminal.getvalue().endswith("\r"), "what comes next begins where the line began"


def test_a_file_gets_nothing_that_could_not_be_taken_back():
    file = io.StringIO()
    line = TransientLine(file)
    line.show("pictures 1/100")
    line.close()
    assert file.getvalue() == ""


STATUSES = [{"stage": "umap"}, {"stage": "pictures", "done": 3, "total": 7}]


def use_terminal(monkeypatch):
    """In the test itself: pytest puts its own stderr in place after the fixtures."""
    terminal = Terminal()
    monkeypatch.setattr("sys.stderr", terminal)
    return terminal


def test_a_wait_shows_how_far_it_is_and_then_nothing(monkeypatch):
    terminal = use_terminal(monkeypatch)
    statuses = iter(STATUSES)
    seen = []

    def done():
        seen.append(terminal.lines())
        return len(seen) > len(STATUSES)

    assert wait_for(threading.Condition(), done, 30, status=lambda: next(statuses))
    assert "pictures" in seen[-1][0]
    assert "3/7" in seen[-1][0]
    assert terminal.lines() == [""]


def test_a_wait_that_fails_leaves_nothing_either(monkeypatch):
    terminal = use_terminal(monkeypatch)
    answers = iter([False])

    def done():
        if next(answers, None) is None:
            raise ValueError("the worker's error")
        return False

    with pytest.raises(ValueError, match="the worker's"):
        wait_for(threading.Condition(), done, 30, status=lambda: STATUSES[1])
    assert "3/7" in terminal.getvalue()
    assert terminal.lines() == [""]


def test_a_wait_without_a_status_says_nothing(monkeypatch):
    terminal = use_terminal(monkeypatch)
    assert not wait_for(threading.Condition(), lambda: False, 0.01)
    assert terminal.getvalue() == ""


def test_a_script_imports_in_silence():
    """Outside a notebook nothing is announced, and IPython is not imported for it."""
    code = (
        "import sys, atlas_widget; atlas_widget.list_layers;"
        "assert 'torch' in sys.modules and 'ipykernel' not in sys.modules"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
