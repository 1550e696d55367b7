"""Errors as a user reads them."""

import pytest
from IPython.core.interactiveshell import InteractiveShell

from atlas_widget.errors import AtlasError

CELL = """
from atlas_widget import LayerProbe
from torch import nn
def mine():
    return LayerProbe(nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU()), "2")
mine()
"""


@pytest.fixture
def shell():
    """An IPython of our own."""
    made = InteractiveShell()
    yield made
    made.history_manager.end_session()


def test_a_notebook_shows_the_user_s_lines_and_the_message_alone(shell, capsys):
    result = shell.run_cell(CELL)
    assert isinstance(result.error_in_exec, AtlasError)
    shown = capsys.readouterr().out
    assert "mine()" in shown
    assert 'nn.ReLU()), "2")' in shown
    assert str(result.error_in_exec) in shown
    assert "atlas_widget/" not in shown
    assert "LayerProbe.__init__" not in shown
    assert len(shown.splitlines()) < 15


def test_other_errors_are_shown_whole(shell, capsys):
    shell.run_cell("import json; json.loads('{')")
    assert "decoder.py" in capsys.readouterr().out
