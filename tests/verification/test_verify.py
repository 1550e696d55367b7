"""Figures made again from the record that they carry."""

from __future__ import annotations

import io
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from atlas_widget import Atlas, AtlasWidget, verify_figure
from atlas_widget.errors import FigureError
from tests.conftest import make_tiny_model, tiny_picture

SETTINGS = {"num_samples": 200, "grids": (4, 8), "layout_method": "umap-torch", "device": "cpu"}


@pytest.fixture(scope="module")
def exported(tiny_images, tmp_path_factory) -> Path:
    """Figures of some cells in every format, and of a class, with the atlas that they are of."""
    folder = tmp_path_factory.mktemp("figures")
    judge = make_tiny_model()
    with torch.no_grad():
        judge.head.weight.mul_(1.5)
    widget = AtlasWidget(
        make_tiny_model(),
        "middle",
        tiny_images,
        cache_dir=folder / "cache",
        judge=judge,
        **SETTINGS,
    )
    try:
        widget.wait(60)
        cells = widget.atlas.grid(4).ids.tolist()[:11]
        for kind in ("svg", "png", "pdf"):
            widget.export(folder / f"cells.{kind}", cells, labels=True)
        widget.atlas.save(folder / "atlas")
        widget.class_atlas(3).wait(60)
        widget.export(folder / "class.svg", caption="what argues for 3 <& more>")
    finally:
        widget.close()
    return folder


def verify(path: Path, images: Path, **options):
    model = options.pop("model", None) or make_tiny_model()
    return verify_figure(path, model, images, progress=False, **options)


@pytest.mark.parametrize("kind", ["svg", "png", "pdf"])
def test_every_format_comes_out_the_same_to_the_byte(exported, tiny_images, kind):
    atlas = None if kind == "svg" else exported / "atlas"
    found = verify(exported / f"cells.{kind}", tiny_images, atlas=atlas)
    assert found.passed
    assert found.same_file
    assert found.same_layout
    assert found.layout_made == (atlas is None)
    assert not found.differences
    assert found.pictures["same"].all()
    assert (found.pictures["cosine"] - found.pictures["cosine_now"]).abs().max() < 1e-5
    assert found.pictures["rank"].eq(found.pictures["rank_now"]).all()
    assert f"The same to the byte: {len(found.pictures)} pictures" in str(found)


def test_a_figure_about_a_class_comes_out_the_same(exported, tiny_images):
    found = verify(exported / "class.svg", tiny_images)
    assert found.same_file
    assert found.same_layout


def test_with_the_atlas_only_the_pictures_are_made(exported, tiny_images):
    found = verify(exported / "cells.svg", tiny_images, atlas=exported / "atlas")
    assert found.same_file
    assert not found.layout_made
    moved = Atlas.load(exported / "atlas")
    moved = moved.with_layout(moved.xy[:, ::-1].copy())
    found = verify(exported / "cells.svg", tiny_images, atlas=moved)
    assert not found.passed
    assert not found.same_layout
    assert "layout: another one (of the atlas given, not made again)" in str(found)


def test_the_second_networks_ranks_stay_in_it(exported, tiny_images):
    judge = make_tiny_model()
    with torch.no_grad():
        judge.head.weight.mul_(1.5)
    found = verify(exported / "cells.svg", tiny_images, judge=judge, atlas=exported / "atlas")
    assert found.pictures["judge"].notna().all()
    assert found.pictures["judge"].eq(found.pictures["judge_now"]).all()
    other = make_tiny_model()
    found = verify(exported / "cells.svg", tiny_images, judge=other, atlas=exported / "atlas")
    assert any("second network" in line for line in found.differences)


def test_a_picture_that_was_changed_in_the_file_is_found(exported, tiny_images, tmp_path):
    with Image.open(exported / "cells.png") as image:
        pixels, record = np.asarray(image.convert("RGBA")).copy(), image.text["atlas-widget"]
        dpi = image.info["dpi"]
    pixels[20:30, 20:30, 0] ^= 64
    words = PngInfo()
    words.add_text("atlas-widget", record)
    changed = tmp_path / "changed.png"
    Image.fromarray(pixels).save(changed, pnginfo=words, dpi=dpi)
    found = verify(changed, tiny_images, atlas=exported / "atlas")
    assert not found.passed
    assert found.same_pictures
    assert "it was changed at cell " in found.verdict
    assert found.pictures["most"].max() == 64
    assert (found.pictures["most"] > 0).sum() == 1


def test_a_file_that_was_only_saved_anew_shows_the_same(exported, tiny_images, tmp_path):
    with Image.open(exported / "cells.png") as image:
        words = PngInfo()
        words.add_text("atlas-widget", image.text["atlas-widget"])
        image.save(tmp_path / "anew.png", pnginfo=words)
    found = verify(tmp_path / "anew.png", tiny_images, atlas=exported / "atlas")
    assert found.passed
    assert not found.same_file
    assert "the file around them differs" in found.verdict


def test_other_weights_are_an_error_and_told_anyway(exported, tiny_images):
    other = make_tiny_model()
    with torch.no_grad():
        other.stem[0].weight.mul_(1.2)
    with pytest.raises(FigureError, match="Other weights"):
        verify(exported / "cells.svg", tiny_images, model=other)
    found = verify(exported / "cells.svg", tiny_images, model=other, anyway=True)
    assert not found.passed
    assert any("Other weights" in line for line in found.differences)


def test_other_images_are_an_error_that_names_both(exported, tmp_path):
    for number in range(12):
        tiny_picture(number + 50).save(tmp_path / f"picture_{number:02d}.png")
    with pytest.raises(FigureError, match="Other images") as caught:
        verify(exported / "cells.svg", tmp_path)
    assert str(tmp_path) in str(caught.value)
    assert "--anyway" in str(caught.value)


def test_other_versions_are_named(exported, tiny_images, tmp_path):
    text = (exported / "cells.svg").read_text(encoding="utf-8")
    old = tmp_path / "old.svg"
    now = version("torch")
    old.write_text(text.replace(f'"torch": "{now}"', '"torch": "1.0"'), "utf-8")
    found = verify(old, tiny_images, atlas=exported / "atlas")
    assert f"torch: 1.0 then, {now} now" in found.differences


def _png_without_a_record() -> bytes:
    written = io.BytesIO()
    tiny_picture(1).save(written, "PNG")
    return written.getvalue()


BOMB = b'<!DOCTYPE svg [<!ENTITY a SYSTEM "file:///etc/passwd">]><svg><description>&a;</description></svg>'


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("a.png", _png_without_a_record(), "no record of how it was made"),
        ("a.svg", b"<svg xmlns='http://www.w3.org/2000/svg'><rect/></svg>", "no record"),
        ("a.pdf", b"%PDF-1.4\n1 0 obj\n<< >>\nendobj\n", "no record"),
        ("a.svg", BOMB, "declares entities"),
        ("a.svg", b"<svg><description>{</description></svg>", "record cannot be read"),
        ("a.svg", b"<svg><description>[1]</description></svg>", "not one of a figure"),
        (
            "a.svg",
            b'<svg><description>{"figure": {"grid": 4}}</description></svg>',
            "Export it anew",
        ),
        ("a.svg", b"<svg><description>", "damaged"),
        ("a.png", b"GIF89a", "no PNG"),
        ("a.png", _png_without_a_record()[:200], "damaged"),
        ("a.pdf", b"%PDF-1.4 /Keywords ({", "no end"),
        ("a.html", b"<!doctype html>", "is a page"),
        ("a.jpg", b"", "no figure"),
    ],
)
def test_files_that_prove_nothing_say_why(tmp_path, tiny_images, name, data, said):
    path = tmp_path / name
    path.write_bytes(data)
    with pytest.raises(FigureError, match=said):
        verify(path, tiny_images)


def test_a_file_that_is_not_there_has_a_neighbour(exported, tiny_images):
    with pytest.raises(FigureError, match=r"Did you mean 'cells\.svg'"):
        verify(exported / "cell.svg", tiny_images)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('"grid": 4', '"grid": -4', "grid=-4"),
        ('"proof": 1', '"proof": 7', "version 7"),
        ('"subject": []', '"subject": ["nonsense"]', "subject"),
        ('"layer": "middle"', '"layer": 3', "layer=3"),
        ('"num_samples": 200', '"samples": 200', "num_samples"),
    ],
)
def test_a_record_that_cannot_be_is_refused(exported, tiny_images, tmp_path, old, new, said):
    text = (exported / "cells.svg").read_text(encoding="utf-8")
    assert old in text
    (tmp_path / "a.svg").write_text(text.replace(old, new), encoding="utf-8")
    with pytest.raises(FigureError, match=said):
        verify(tmp_path / "a.svg", tiny_images)
