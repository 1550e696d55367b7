"""`python -m atlas_widget info`: what a report of a fault needs, on a broken machine as well."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
import torch

from atlas_widget import __version__, cli
from atlas_widget.cli.info import versions


@pytest.fixture(autouse=True)
def no_host(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("COLAB_RELEASE_TAG", "JPY_SESSION_NAME", "VSCODE_PID", "JUPYTERHUB_API_URL"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.delitem(sys.modules, "marimo", raising=False)


def test_versions_are_printed_for_a_report(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["info"]) == 0
    page = capsys.readouterr().out
    lines = dict(line.split(None, 1) for line in page.splitlines())
    assert lines["atlas-widget"] == __version__
    assert lines["torch"].startswith(torch.__version__.partition("+")[0])
    for wanted in ("Python", "umap-learn", "ipykernel", "anywidget", "jupyterlab", "device", "GPU"):
        assert lines[wanted]
    assert cli.main(["--version"]) == 0
    assert capsys.readouterr().out.strip() == f"atlas_widget {__version__}"


def test_hosts_are_recognised_by_what_they_set(monkeypatch: pytest.MonkeyPatch) -> None:
    assert versions()["host"] == "none recognised"
    monkeypatch.setenv("COLAB_RELEASE_TAG", "release-colab")
    monkeypatch.setenv("JPY_SESSION_NAME", "/content/a.ipynb")
    assert versions()["host"] == "Google Colab, Jupyter Server"


def test_the_cache_is_named_without_the_user(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    monkeypatch.setenv("ATLAS_WIDGET_CACHE", str(tmp_path / "pictures" / "deep"))
    assert versions()["cache"] == f"{Path('~', 'pictures', 'deep')} (not there yet)"
    (tmp_path / "pictures" / "deep").mkdir(parents=True)
    assert versions()["cache"] == str(Path("~", "pictures", "deep"))


def test_a_cache_that_cannot_be_written_to_is_said(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("ATLAS_WIDGET_CACHE", str(tmp_path))
    monkeypatch.setattr("os.access", lambda *_: False)  # root may write anywhere
    assert versions()["cache"].endswith("(cannot be written to)")


def test_a_broken_torch_is_reported_and_not_raised(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)  # its import fails from now on
    found = versions()
    assert "cannot be imported" in found["GPU"]
    assert found["Python"].startswith(f"{sys.version_info.major}.")
