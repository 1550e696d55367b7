"""The first step of `make` says what a machine lacks, in words that help."""

from __future__ import annotations

import importlib.util
import runpy
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.packaging.conftest import ROOT


@pytest.fixture
def main() -> Callable[[str], int]:
    module = runpy.run_path(str(ROOT / "tools" / "create_venv.py"))
    found: Callable[[str], int] = module["main"]
    return found


def test_it_creates_an_environment(main: Callable[[str], int], tmp_path: Path) -> None:
    assert main(str(tmp_path / "venv")) == 0
    python = tmp_path / "venv" / "bin" / "python"
    assert subprocess.run([python, "-m", "pip", "--version"], check=False).returncode == 0


def test_an_old_python_is_named(
    main: Callable[[str], int],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    monkeypatch.setattr(sys, "version_info", (3, 9, 2))
    assert main(str(tmp_path / "venv")) == 1
    said = capsys.readouterr().err
    assert "needs Python 3.11" in said
    assert "is Python 3.9" in said
    assert "PYTHON=" in said
    assert not (tmp_path / "venv").exists()


def test_without_ensurepip_it_says_what_to_install(
    main: Callable[[str], int],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: None)
    monkeypatch.setattr(shutil, "which", lambda _name: None)
    assert main(str(tmp_path / "venv")) == 1
    assert "-venv" in capsys.readouterr().err
