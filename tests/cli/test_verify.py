"""Figures verified from the command line."""

from __future__ import annotations

from pathlib import Path

import pytest

from atlas_widget import AtlasWidget, cli
from atlas_widget.cli.models import named_object

NETS = str(Path(__file__).with_name("nets.py"))
OPTIONS = (
    *("--model", f"{NETS}:make_net", "--images", f"{NETS}:dataset"),
    *("--transform", f"{NETS}:normalise", "--quiet"),
)


def verify(figure: Path, *more: str) -> int:
    return cli.main(["verify", str(figure), *OPTIONS, *more])


@pytest.fixture(scope="module")
def figure(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("figure")
    widget = AtlasWidget(
        named_object(f"{NETS}:make_net", "--model")(),
        "1",
        named_object(f"{NETS}:dataset", "--images")(),
        transform=named_object(f"{NETS}:normalise", "--transform"),
        num_samples=100,
        grids=4,
        input_size=32,
        layout_method="umap-torch",
        device="cpu",
        cache_dir=folder / "cache",
    )
    try:
        widget.wait(60)
        return widget.export(folder / "figure.svg", widget.atlas.grid(4).ids.tolist()[:3])
    finally:
        widget.close()


def test_the_same_is_said_and_ends_well(figure: Path, capsys) -> None:
    assert verify(figure) == 0
    assert "The same to the byte: 3 pictures made again" in capsys.readouterr().out


def test_what_differs_is_said_with_an_exit_code_of_its_own(figure: Path, capsys) -> None:
    other = ("--model", f"{NETS}:make_other_net")
    assert verify(figure, *other) == 2
    assert "Other weights" in capsys.readouterr().err
    assert verify(figure, *other, "--anyway") == 7
    said = capsys.readouterr().err
    assert "Not the same: 0 of 3 pictures" in said
    assert "levels of 255 apart in the median" in said
    assert "cosine to the cell" in said


def test_a_figure_without_a_record_is_told_before_a_model_is_loaded(tmp_path: Path, capsys) -> None:
    (tmp_path / "a.svg").write_text("<svg/>")
    assert verify(tmp_path / "a.svg", "--model", "no:such") == 2
    assert "no record of how it was made" in capsys.readouterr().err
