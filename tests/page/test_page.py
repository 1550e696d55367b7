"""A page: the same bytes for the same atlas, nothing that asks the network, nothing that harms."""

from __future__ import annotations

import base64
import errno
import hashlib
import html
import io
import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from atlas_widget import demo
from atlas_widget.diagnostics import diagnose
from atlas_widget.errors import CellError, ExportError
from atlas_widget.page import (
    PageContents,
    PageGrid,
    check_target,
    page_grids,
    ships_its_photos,
    write_page,
)
from atlas_widget.page.crops import collect_crops, credits_of
from atlas_widget.progress import Cancelled
from tests.page.contents import (
    NASTY,
    SECRET,
    block_of,
    elements,
    names_in,
    page_of,
    small_atlas,
    tables_of,
)


@pytest.fixture(scope="module")
def contents() -> PageContents:
    return page_of(small_atlas(), crops=True)


@pytest.fixture(scope="module")
def page(contents: PageContents, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_page(tmp_path_factory.mktemp("page") / "atlas.html", contents).path


class _Tags(HTMLParser):
    """All tags of a document with their attributes, as a browser would see them."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.titles: list[str] = []
        self._in_title = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self._in_title = tag == "title"

    def handle_data(self, data: str) -> None:
        if self._in_title:
            self.titles.append(data)
            self._in_title = False


def parsed(path: Path) -> _Tags:
    parser = _Tags()
    parser.feed(path.read_text(encoding="utf-8"))
    return parser


# -- The same input gives the same bytes


def test_the_same_atlas_gives_the_same_bytes(page: Path, tmp_path: Path) -> None:
    again = write_page(tmp_path / "other name.html", page_of(small_atlas(), crops=True))
    assert again.path.read_bytes() == page.read_bytes()


def test_another_picture_gives_other_bytes(page: Path, tmp_path: Path) -> None:
    other = page_of(small_atlas(), crops=True)
    icons = other.grids[0].icons
    cell = next(iter(icons))
    icons[cell].pixels[20:40, 20:40] = 255
    assert write_page(tmp_path / "a.html", other).path.read_bytes() != page.read_bytes()


# -- Nothing is requested


def test_the_policy_allows_this_program_and_no_request(page: Path) -> None:
    tags = parsed(page).tags
    (policy,) = (
        attributes["content"] or ""
        for tag, attributes in tags
        if attributes.get("http-equiv") == "Content-Security-Policy"
    )
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    assert rules["default-src"] == "'none'"
    assert "connect-src" not in rules  # so that it is as default-src
    sources = " ".join(rules.values())
    assert not re.search(r"https?:|\*|'self'|unsafe-eval", sources)
    programs = re.findall(rb"<script>(.*?)</script>", page.read_bytes(), re.DOTALL)
    assert len(programs) == 1
    digest = base64.b64encode(hashlib.sha256(programs[0]).digest()).decode()
    assert rules["script-src"] == f"'sha256-{digest}'"


def test_no_element_names_anything_outside(page: Path) -> None:
    for tag, attributes in parsed(page).tags:
        for name in ("src", "href", "action", "data", "srcset", "poster"):
            value = attributes.get(name)
            assert value is None or value.startswith("data:"), (tag, name, value)


# -- Nothing does harm


def test_labels_and_names_cannot_leave_their_place(page: Path) -> None:
    parser = parsed(page)
    known = {
        *("html", "head", "meta", "link", "title", "style", "body", "h1", "main", "noscript"),
        *("header", "footer", "div", "details", "summary", "dl", "dt", "dd", "script"),
    }
    assert {tag for tag, _ in parser.tags} == known
    assert all("onerror" not in attributes for _, attributes in parser.tags)
    assert parser.titles == [f"Activation atlas of {NASTY}, layer layer<3>"]
    text = page.read_text(encoding="utf-8")
    assert text.count("<!--") == 0
    assert NASTY not in text
    assert html.escape(NASTY) in text


def test_labels_are_read_back_as_they_were(page: Path) -> None:
    tables = tables_of(page)
    assert tables["classes"]["names"] == ["tabby", NASTY, "Grüße 🐈"]
    assert NASTY in tables["grids"][0]["labels"]["labels"]
    assert tables["traits"]["status"]["model"] == NASTY


def test_provenance_is_inside(page: Path, contents: PageContents) -> None:
    record = json.loads(elements(page)["aw-provenance"])
    assert record == contents.atlas.provenance


def test_a_name_that_is_no_valid_text_does_no_harm(tmp_path: Path) -> None:
    atlas = small_atlas(model="caf\udce9")  # as os.fsdecode makes of a byte that is no UTF-8
    contents = page_of(atlas)
    odd = PageContents(atlas, contents.grids, model="caf\udce9", class_names=["\udce9", "b", "c"])
    written = write_page(tmp_path / "a.html", odd)
    written.path.read_text(encoding="utf-8")
    assert tables_of(written.path)["classes"]["names"][0] == "\udce9"


# -- What is in it


def test_layout_and_pictures_are_those_of_the_atlas(page: Path, contents: PageContents) -> None:
    tables = tables_of(page)
    for grid, told in zip(contents.grids, tables["layout"]["grids"], strict=True):
        assert told["ids"] == grid.grid.ids.tolist()
        assert told["counts"] == grid.grid.counts.tolist()
    pictures = {}
    for sheet in tables["sheets"]:
        message = sheet["message"]
        with Image.open(io.BytesIO(block_of(page, sheet["block"]))) as image:
            pixels = np.asarray(image.convert("RGB"))
        for at, cell in enumerate(message["numbers"]):
            top, left = (64 * part for part in divmod(at, message["columns"]))
            tile = pixels[top : top + 64, left : left + 64]
            pictures[message["group"], cell] = (tile, message["state"], message["rank"][at])
    assert len(pictures) == sum(len(grid.icons) for grid in contents.grids)
    for grid in contents.grids:
        for cell, icon in grid.icons.items():
            tile, state, rank = pictures[f"cell:{grid.grid.size}", cell]
            assert (state, rank) == (icon.state, icon.rank)
            # lossy, but of this cell and no other
            assert np.abs(tile.astype(float) - icon.pixels).mean() < 12


def test_neighbours_are_in_one_sheet_and_all_sheets_are_full(tmp_path: Path) -> None:
    atlas = small_atlas(4000, grids=(16,))
    written = write_page(tmp_path / "a.html", page_of(atlas))
    sheets = [sheet["message"] for sheet in tables_of(written.path)["sheets"]]
    finals = [sheet["numbers"] for sheet in sheets if sheet["state"] == "final"]
    assert [len(numbers) for numbers in finals[:-1]] == [64] * (len(finals) - 1)
    rows, columns = np.divmod(finals[0], 16)
    assert max(np.ptp(rows), np.ptp(columns)) < 16
    assert min(np.ptp(rows), np.ptp(columns)) < 9


def test_a_page_of_very_many_cells_is_thrifty_and_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    contents = page_of(small_atlas())
    cell, known = next(iter(contents.grids[0].cells.items()))
    many = [(number, float(number), 0.0, 99.0) for number in range(20)]
    contents.grids[0].cells[cell] = replace(known, clear=many)
    plain = write_page(tmp_path / "plain.html", contents)
    monkeypatch.setattr("atlas_widget.page.contents._MANY_CELLS", 5)
    thrifty = write_page(tmp_path / "thrifty.html", contents)
    assert thrifty.size < plain.size
    place = contents.grids[0].grid.ids.tolist().index(cell)
    kept = tables_of(thrifty.path)["grids"][0]["clear"][place][::4]
    assert kept == [*range(19, 7, -1)]  # the strongest
    assert "a search finds no more" in thrifty.path.read_text(encoding="utf-8")
    assert "a search finds no more" not in plain.path.read_text(encoding="utf-8")


def test_classes_are_those_of_the_cells(page: Path, contents: PageContents) -> None:
    for grid, told in zip(contents.grids, tables_of(page)["grids"], strict=True):
        cells = grid.grid.ids.tolist()
        assert told["pro"][0] is None  # of the first cell nothing is known
        assert told["labels"]["labels"][0] is None
        second = cells[1] % 3
        assert told["pro"][1] == [second, 0.512, 0.2, 0.7, 2, 0.1, None, None]
        assert told["clear"][1] == [second, 0.512, 0.2, 0.7]
        assert told["labels"]["winners"][1] == second


def test_doubts_are_those_of_diagnose(page: Path, contents: PageContents) -> None:
    for told in tables_of(page)["grids"]:
        table = diagnose(contents.atlas, told["size"])
        agreement = [None if np.isnan(value) else round(value, 4) for value in table["agreement"]]
        assert told["diagnoses"]["cells"] == table["id"].tolist()
        assert told["diagnoses"]["agreement"] == agreement


def test_of_very_many_samples_doubts_are_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("atlas_widget.page.contents._MAX_DIAGNOSED", 59)
    written = write_page(tmp_path / "a.html", page_of(small_atlas(60)))
    tables = tables_of(written.path)
    assert [grid["diagnoses"] for grid in tables["grids"]] == [None, None]
    assert tables["traits"]["capabilities"] == []
    assert "not computed, since there are 60 samples" in written.path.read_text("utf-8")


def test_the_page_says_what_it_holds(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert "<dt>Weights</dt><dd>a1b2</dd>" in text
    assert "<dt>Grids</dt><dd>4 × 4, 8 × 8</dd>" in text
    assert re.search(r"<dt>Real crops</dt><dd>\d+, cut from 6 images</dd>", text)


# -- Photos leave the machine only where that is asked for


def test_without_crops_no_photo_is_in_it(tmp_path: Path) -> None:
    written = write_page(tmp_path / "a.html", page_of(small_atlas()))
    assert (written.crops, written.images) == (0, 0)
    assert "no real crops" in str(written)
    tables = tables_of(written.path)
    assert tables["crops"] is None
    assert "crops" not in tables["traits"]["capabilities"]
    icons = {sheet["block"] for sheet in tables["sheets"]}
    blocks = {name for name in elements(written.path) if name.startswith("aw-block-")}
    assert blocks == {f"aw-block-{number}" for number in icons}
    assert "<dd>none in this page</dd>" in written.path.read_text(encoding="utf-8")


def test_crops_are_counted_and_without_metadata(page: Path, contents: PageContents) -> None:
    atlas = contents.atlas
    assert SECRET.encode() in atlas.samples.thumbnails.jpeg(0)
    crops = tables_of(page)["crops"]
    for number in crops["blocks"]:
        data = block_of(page, number)
        assert SECRET.encode() not in data
        with Image.open(io.BytesIO(data)) as image:
            assert not image.getexif()
            assert "exif" not in image.info
    named = {crop for cells in crops["nearest"].values() for cell in cells for crop in cell}
    pool = collect_crops(atlas, [grid.grid for grid in contents.grids])
    assert len(named) == len(pool.samples)
    for size in atlas.grids:
        grid = atlas.grid(size)
        for place, mine in enumerate(crops["nearest"][str(size)]):
            assert pool.samples[mine[0]] == grid.nearest(place)[0]
            assert len(mine) <= 4


def test_only_the_demos_photos_are_known_as_such() -> None:
    assert not ships_its_photos(small_atlas())
    shipped = {"images": {"fingerprint": demo.images().fingerprint()}}
    assert ships_its_photos(small_atlas(**shipped))
    assert not ships_its_photos(small_atlas(images={}))


def test_the_demos_photos_come_with_their_credits() -> None:
    atlas = small_atlas()
    atlas.samples.image_names[:] = ["alpaca", "camera", "igloo", "owl", "pig", "sun"]
    credits = credits_of(atlas, [0, 1, 6])  # sample 6 is of image 0 again
    assert len(credits) == 2
    assert all("http" in credit for credit in credits)


def test_the_credits_of_the_demos_photos_are_in_the_page(
    tmp_path: Path,
) -> None:
    shipped = {"images": {"fingerprint": demo.images().fingerprint(), "description": "photos"}}
    atlas = small_atlas(**shipped)
    names = ["alpaca", "camera", "igloo", "owl", "pig", "sun"]
    atlas.samples.image_names[:] = names
    text = write_page(tmp_path / "a.html", page_of(atlas, crops=True)).path.read_text("utf-8")
    assert "Authors and licences of 6 photos" in text
    by_name = {credit.name: credit for credit in demo.credits()}
    for name in names:
        assert html.escape(by_name[name].author) in text
    without = write_page(tmp_path / "b.html", page_of(atlas)).path.read_text("utf-8")
    assert "Authors and licences" not in without


# -- What cannot be written is said, and loses nothing


def test_an_existing_file_stays_unless_told(contents: PageContents, tmp_path: Path) -> None:
    path = tmp_path / "atlas.html"
    path.write_text("mine")
    with pytest.raises(ExportError, match=r"is there already.*overwrite=True"):
        write_page(path, contents)
    assert path.read_text() == "mine"
    write_page(path, contents, overwrite=True)
    assert path.read_text(encoding="utf-8").startswith("<!doctype html>")


def test_a_file_that_appears_meanwhile_is_not_replaced(
    contents: PageContents, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "atlas.html"
    monkeypatch.setattr("os.fsync", lambda _: path.write_text("theirs"))
    with pytest.raises(ExportError, match="by another program"):
        write_page(path, contents)
    assert path.read_text() == "theirs"
    assert names_in(tmp_path) == ["atlas.html"]


@pytest.mark.parametrize("before", ["old", None])
def test_a_full_disk_loses_nothing(
    contents: PageContents, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, before: str | None
) -> None:
    path = tmp_path / "atlas.html"
    if before is not None:
        path.write_text(before)

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(ExportError, match="No space left") as caught:
        write_page(path, contents, overwrite=True)
    assert isinstance(caught.value.__cause__, OSError)
    assert names_in(tmp_path) == ([] if before is None else ["atlas.html"])
    assert before is None or path.read_text() == before


def test_too_large_says_what_takes_how_much(contents: PageContents, tmp_path: Path) -> None:
    with pytest.raises(ExportError) as caught:
        write_page(tmp_path / "a.html", contents, max_mb=0.3)
    said = str(caught.value)
    assert re.search(r"would have 0\.\d MB, more than max_mb=0\.3", said)
    for part in ("pictures of the 4 × 4 grid", "pictures of the 8 × 8 grid", "crops=False"):
        assert part in said
    assert names_in(tmp_path) == []
    size = write_page(tmp_path / "a.html", contents).size
    assert size == (tmp_path / "a.html").stat().st_size
    write_page(tmp_path / "b.html", contents, max_mb=size / 1e6)


@pytest.mark.parametrize("limit", [0, -1, float("nan"), "40", True, None])
def test_a_limit_that_is_none(contents: PageContents, tmp_path: Path, limit: object) -> None:
    with pytest.raises(ExportError, match="megabytes above 0"):
        write_page(tmp_path / "a.html", contents, max_mb=limit)  # type: ignore[arg-type]


def test_nothing_to_show_is_an_error(tmp_path: Path) -> None:
    empty = page_of(small_atlas(), icons=False)
    with pytest.raises(ExportError, match=r"would be empty.*crops"):
        write_page(tmp_path / "a.html", empty)
    with_crops = page_of(small_atlas(), icons=False, crops=True)
    assert write_page(tmp_path / "a.html", with_crops).icons == 0


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("atlas.htlm", r"suffix '\.htlm'.*atlas\.html"),
        ("atlas", "no suffix"),
        ("no/such/atlas.html", "does not exist"),
        ("folder.html", "is a folder"),
    ],
)
def test_a_target_that_is_none(tmp_path: Path, name: str, said: str) -> None:
    (tmp_path / "folder.html").mkdir()
    with pytest.raises(ExportError, match=said):
        check_target(tmp_path / name)


def test_cancelled_it_writes_nothing(contents: PageContents, tmp_path: Path) -> None:
    with pytest.raises(Cancelled):
        write_page(tmp_path / "a.html", contents, cancelled=lambda: True)
    assert names_in(tmp_path) == []


def test_which_grids() -> None:
    assert page_grids((80, 20, 40), None) == (20, 40)
    assert page_grids((160, 80), None) == (80,)
    assert page_grids((20, 40, 80), 80) == (80,)
    assert page_grids((20, 40, 80), [80, 20, 80]) == (20, 80)
    with pytest.raises(CellError, match=r"has the grids 20, 40\. The nearest is 40"):
        page_grids((20, 40), [50])
    with pytest.raises(CellError, match="has the grids 20, 40"):
        page_grids((20, 40), [])


def test_one_grid_alone_can_be_a_page(tmp_path: Path) -> None:
    atlas = small_atlas()
    grid = page_of(atlas).grids[1]
    one = PageContents(atlas, [PageGrid(grid.grid, grid.icons)], model="m")
    tables = tables_of(write_page(tmp_path / "a.html", one).path)
    assert [each["size"] for each in tables["layout"]["grids"]] == [8]
    assert tables["traits"]["level"] == 8
    assert tables["classes"]["reason"]
