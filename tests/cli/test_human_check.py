"""Checks by humans from the command line."""

from __future__ import annotations

from pathlib import Path

from atlas_widget import cli
from atlas_widget.forced_choice import read_check
from tests.forced_choice.checks import answer

NETS = str(Path(__file__).with_name("nets.py"))
MODEL = (
    *("--model", f"{NETS}:make_net", "--images", f"{NETS}:dataset"),
    *("--transform", f"{NETS}:normalise", "--device", "cpu"),
)


def run(*arguments: object) -> int:
    return cli.main([str(argument) for argument in arguments])


def test_a_check_is_written_and_its_answers_are_scored(tmp_path: Path, capsys) -> None:
    command = ("build", *MODEL, "--layers", "2", "--samples", "300", "--grids", "3")
    more = ("--layout-method", "umap-torch", "--input-size", "32", "--quiet")
    assert run(*command, *more, "--out", tmp_path / "atlases") == 0
    page = tmp_path / "check.html"
    options = ("--out", page, "--trials", "12", "--cache", tmp_path / "cache")
    assert run("human-check", tmp_path / "atlases" / "2", *options, *MODEL) == 0
    assert "12 trials" in capsys.readouterr().out
    csv = answer(read_check(page), tmp_path / "a.csv", lambda *_: True)
    assert run("human-check", "--answers", csv, "--page", page) == 0
    assert "100% of 7 right" in capsys.readouterr().out
    assert run("human-check", tmp_path / "atlases" / "2", *options, *MODEL) == 2
    assert "there already" in capsys.readouterr().err


def test_what_is_missing_is_named(tmp_path: Path, capsys) -> None:
    assert run("human-check") == 2
    assert "needs the FOLDER" in capsys.readouterr().err
    assert run("human-check", "--answers", tmp_path / "none.csv") == 2
    assert "cannot be read" in capsys.readouterr().err
