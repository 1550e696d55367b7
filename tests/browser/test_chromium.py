"""Finding and installing a browser, without doing either."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tests.browser import chromium


@pytest.fixture
def nothing_installed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A machine without a browser; returns a folder on its search path."""
    for name in chromium.ENVIRONMENT_VARIABLES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(chromium, "PLACES", ())
    monkeypatch.setattr(chromium, "_of_playwright", lambda: [])
    return tmp_path


def put_program(path: Path, status: int = 0) -> Path:
    path.write_text(f"#!/bin/sh\nexit {status}\n", encoding="utf-8")
    path.chmod(0o755)
    return path


@pytest.mark.usefixtures("nothing_installed")
def test_nothing_there_is_an_error_that_says_what_to_do() -> None:
    assert chromium.find_chromium() is None
    with pytest.raises(chromium.ChromiumNotFoundError, match="apt-get install chromium"):
        chromium.require_chromium()


def test_the_search_path_is_searched_and_stubs_are_passed_over(nothing_installed: Path) -> None:
    put_program(nothing_installed / "chromium-browser", status=1)
    real = put_program(nothing_installed / "google-chrome")
    assert chromium.find_chromium() == str(real)


def test_the_variable_wins_and_must_name_a_program(
    nothing_installed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_program(nothing_installed / "chromium")
    named = put_program(nothing_installed / "mine")
    monkeypatch.setenv("CHROMIUM", str(named))
    assert chromium.find_chromium() == str(named)
    monkeypatch.setenv("CHROMIUM", "/no/such/program")
    with pytest.raises(chromium.ChromiumNotFoundError, match="/no/such/program"):
        chromium.find_chromium()


def commands_run(monkeypatch: pytest.MonkeyPatch, installs: Path | None) -> list[str]:
    """Record what would be run; a command that installs puts a program there."""
    commands: list[str] = []
    run = subprocess.run

    def fake(command: list[str], **options: object) -> subprocess.CompletedProcess[str]:
        if command[-1] == "--version":
            return run(command, **options)
        commands.append(" ".join(command))
        if installs and "install" in command:
            put_program(installs)
        return subprocess.CompletedProcess(command, 0 if installs else 100)

    monkeypatch.setattr(subprocess, "run", fake)
    return commands


@pytest.fixture
def attempts(monkeypatch: pytest.MonkeyPatch) -> None:
    debian = [[["apt-get", "update"], ["apt-get", "install", "chromium"]]]
    monkeypatch.setattr(chromium, "_debian_commands", lambda: debian)


@pytest.mark.usefixtures("attempts")
def test_the_first_way_that_works_is_enough(
    nothing_installed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commands = commands_run(monkeypatch, nothing_installed / "chromium")
    assert chromium.install_chromium() == str(nothing_installed / "chromium")
    assert commands == ["apt-get update", "apt-get install chromium"]
    assert chromium.install_chromium() == str(nothing_installed / "chromium")
    assert len(commands) == 2, "what is there is not installed again"


@pytest.mark.usefixtures("attempts", "nothing_installed")
def test_when_no_way_works_it_says_which_were_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    commands = commands_run(monkeypatch, None)
    with pytest.raises(chromium.ChromiumNotFoundError) as raised:
        chromium.install_chromium()
    assert "`apt-get update` ended with status 100" in str(raised.value)
    assert "playwright install chromium" in str(raised.value)
    assert len(commands) == 2


@pytest.mark.skipif(os.name == "nt", reason="Debian's own words")
def test_debian_as_root_and_with_sudo(monkeypatch: pytest.MonkeyPatch) -> None:
    release = Path("/etc/os-release")
    monkeypatch.setattr(Path, "is_file", lambda self: self == release)
    monkeypatch.setattr(Path, "read_text", lambda *_a, **_k: 'NAME="Debian"\nID=debian\n')
    monkeypatch.setattr(chromium.shutil, "which", lambda name: f"/usr/bin/{name}")
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    (as_root,) = chromium._debian_commands()
    assert as_root[1][-2:] == ["--no-install-recommends", "chromium"]
    assert "sudo" not in as_root[1]
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    (as_person,) = chromium._debian_commands()
    assert as_person[1][0] == "sudo"
