"""Saved atlases as pages, from the command line."""

from __future__ import annotations

import errno
import stat
from pathlib import Path

import pytest

from atlas_widget import cli
from tests.page.contents import names_in, tables_of

NETS = str(Path(__file__).with_name("nets.py"))
MODEL = (
    *("--model", f"{NETS}:make_net", "--images", f"{NETS}:dataset"),
    *("--transform", f"{NETS}:normalise", "--device", "cpu"),
)


def run(*arguments: object) -> int:
    return cli.main([str(argument) for argument in arguments])


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A saved atlas of no photos that the package ships."""
    out = tmp_path_factory.mktemp("atlases")
    command = ("build", *MODEL, "--layers", "2", "--samples", "60", "--grids", "4")
    assert run(*command, "--input-size", "32", "--out", out, "--quiet") == 0
    return out / "2"


def test_with_a_model_the_pictures_are_made_and_found_again_without(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first, second = tmp_path / "first.html", tmp_path / "second.html"
    cache = tmp_path / "cache"
    assert run("export", folder, "--html", "--out", first, "--cache", cache, *MODEL) == 0
    said = capsys.readouterr().out
    states = tables_of(first)["grids"][0]["states"]
    assert set(states) == {"final"}
    assert f"{len(states)} pictures, no real crops" in said
    assert run("export", folder, "--html", "--out", second, "--cache", cache) == 0
    told = tables_of(second)["grids"][0]
    assert told["states"] == states
    assert told["rank"] == tables_of(first)["grids"][0]["rank"]


def test_crops_are_asked_for_and_counted(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ("--cache", tmp_path / "none", "--out", tmp_path / "a.html")
    assert run("export", folder, "--html", *options) == 2
    assert "--crops" in capsys.readouterr().err
    assert run("export", folder, "--html", "--crops", *options) == 0
    assert "real crops of" in capsys.readouterr().out
    assert "crops" in tables_of(tmp_path / "a.html")["traits"]["capabilities"]


def test_the_name_is_the_layers_and_nothing_is_overwritten(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys
) -> None:
    monkeypatch.chdir(tmp_path)
    command = ("export", folder, "--html", "--crops", "--cache", tmp_path / "none")
    assert run(*command) == 0
    before = (tmp_path / "2.html").stat().st_mtime_ns
    assert run(*command) == 2
    assert "--overwrite" in capsys.readouterr().err
    assert (tmp_path / "2.html").stat().st_mtime_ns == before
    assert run(*command, "--overwrite") == 0


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (("--grids", "5"), "the atlas has the grids 4"),
        (("--max-mb", "0.1"), "more than max_mb=0.1"),
        (("--images", "photos"), "--images goes with --model"),
        (("--model", f"{NETS}:make_net"), "--model needs --images"),
        (("--out", "page.txt"), "Did you mean 'page.html'"),
    ],
)
def test_bad_input(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys, more, said: str
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run("export", folder, "--html", "--crops", "--cache", "none", *more) == 2
    assert said in capsys.readouterr().err
    assert names_in(tmp_path) == []


def test_a_full_disk_has_its_own_exit_code(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    out = tmp_path / "a.html"
    options = ("--crops", "--cache", tmp_path / "none", "--out", out)
    assert run("export", folder, "--html", *options) == 5
    assert not out.exists()


def test_view_opens_a_page_of_ones_own_with_the_crops(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[str] = []
    monkeypatch.setattr("webbrowser.open", lambda address: opened.append(address) or True)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    assert run("view", folder, "--cache", tmp_path / "none") == 0
    (page,) = tmp_path.glob("*/atlas.html")
    assert opened == [page.as_uri()]
    assert tables_of(page)["crops"] is not None
    assert stat.S_IMODE(page.parent.stat().st_mode) == 0o700


def test_view_says_where_the_page_is_if_there_is_no_browser(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys
) -> None:
    monkeypatch.setattr("webbrowser.open", lambda _: False)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    assert run("view", folder, "--cache", tmp_path / "none") == 0
    assert "open file://" in capsys.readouterr().out


def test_view_leaves_nothing_of_an_atlas_that_is_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    assert run("view", tmp_path / "missing") == 2
    assert names_in(tmp_path) == []


def test_the_version_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    from atlas_widget import __version__

    assert run("--version") == 0
    assert __version__ in capsys.readouterr().out
