"""Scores of a check: of humans, and of a second network that answers the same trials."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from atlas_widget import legibility
from atlas_widget.errors import AtlasError, ExportError
from atlas_widget.forced_choice import read_check, write_check
from atlas_widget.forced_choice.scores import wilson
from tests.conftest import make_tiny_model
from tests.forced_choice.checks import answer, small_check


def test_wilsons_interval_is_that_of_the_books():
    assert wilson(8, 10) == pytest.approx((0.4902, 0.9433), abs=1e-4)
    assert wilson(0, 20) == pytest.approx((0.0, 0.1611), abs=1e-4)
    assert wilson(20, 20) == pytest.approx((0.8389, 1.0), abs=1e-4)


def test_one_participant_is_scored_by_kind_and_scaled_by_real_crops(tmp_path):
    check = small_check(pictures=10, crops=10, catches=4)
    csv = answer(check, tmp_path / "a.csv", lambda trial, kind: kind != "picture" or trial < 7)
    found = legibility(csv)
    rows = found.table.set_index("kind")
    assert rows["correct"].to_dict() == {"picture": 0.7, "crop": 1.0, "catch": 1.0}
    assert tuple(rows.loc["picture", ["low", "high"]]) == pytest.approx(wilson(7, 10))
    assert found.scaled == pytest.approx(0.4)
    assert found.scaled_low < 0.4 < found.scaled_high
    assert "70% of 10 right" in str(found)


def test_answers_that_are_all_right_leave_a_doubt(tmp_path):
    found = legibility(answer(small_check(crops=10), tmp_path / "a.csv", lambda *_: True))
    assert found.scaled == 1.0
    assert found.scaled_low < 0.85
    assert found.scaled_high > 1.0


def test_whoever_fails_catch_trials_does_not_count(tmp_path):
    check = small_check()
    careful = answer(check, tmp_path / "a.csv", lambda *_: True)
    careless = answer(check, tmp_path / "b.csv", lambda *_: False, seed=1)
    found = legibility([careful, careless])
    assert found.participants["kept"].tolist() == [True, False]
    assert found.table.set_index("kind").loc["picture", "correct"] == 1.0
    with pytest.raises(AtlasError, match="Nobody"):
        legibility(careless)


def test_intervals_of_several_come_from_the_trials(tmp_path):
    check = small_check(pictures=30)
    hard = lambda trial, kind: kind != "picture" or trial % 2 == 0  # noqa: E731
    files = [answer(check, tmp_path / f"{n}.csv", hard, seed=n) for n in range(6)]
    one, many = legibility(files[0]), legibility(files)
    assert many.table["answers"].sum() == 6 * one.table["answers"].sum()
    low, high = many.table.set_index("kind").loc["picture", ["low", "high"]]
    # six who all say the same are no more news than one
    assert high - low > 0.25


def test_real_crops_that_are_not_told_themselves_give_no_scale(tmp_path):
    csv = answer(small_check(crops=10), tmp_path / "a.csv", lambda _, kind: kind != "crop")
    found = legibility(csv)
    assert np.isnan(found.scaled)
    assert "hardly told" in str(found)


def test_a_second_network_answers_the_same_trials(tmp_path):
    check = small_check()
    page = write_check(tmp_path / "check.html", check)
    csv = answer(check, tmp_path / "a.csv", lambda *_: True)
    found = legibility(csv, page, judge=make_tiny_model(), device="cpu")
    rows = found.table.set_index("kind")
    assert rows.loc["catch", "network"] == 1.0  # the same picture is the likest
    assert rows["network"].between(0, 1).all()
    assert found.agreement == rows.loc["picture", "network"]  # beside one who is always right
    assert "TinyNet" in str(found)
    with pytest.raises(AtlasError, match="page="):
        legibility(csv, judge=make_tiny_model())


def test_a_page_holds_its_trials_without_loss(tmp_path):
    check = small_check()
    written = write_check(tmp_path / "check.html", check)
    back = read_check(written)
    assert back.id == check.id == written.id
    assert all(
        np.array_equal(getattr(one, part), getattr(other, part))
        for one, other in zip(check.trials, back.trials, strict=True)
        for part in ("reference", "right", "wrong")
    )
    text = written.path.read_text(encoding="utf-8")
    assert "Net &lt;b&gt;" in text
    assert "Net <b>" not in text
    with pytest.raises(ExportError, match="there already"):
        write_check(written.path, check)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda _: "<html></html>", "no page of a check"),
        (lambda text: text.replace('"format":1', '"format":9'), "format"),
        (lambda text: text.replace('"cell":3,', '"cell":4,'), "not those that were written"),
        (lambda text: re.sub(r'"reference":"[^"]{9}', '"reference":"!', text, count=1), "damaged"),
    ],
)
def test_a_damaged_page_is_told(tmp_path, change, said):
    path = write_check(tmp_path / "check.html", small_check()).path
    path.write_text(change(path.read_text(encoding="utf-8")), encoding="utf-8")
    with pytest.raises(AtlasError, match=said):
        read_check(path)


def _replaced(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("right_side", "side", "lacks right_side"),
        (",picture,", ",photo,", "kind='photo'"),
        (",2.5", ",soon", "seconds='soon'"),
        (",left,", ",up,", "'up'"),
    ],
)
def test_a_file_that_is_none_of_answers_is_told(tmp_path, old, new, said):
    csv = answer(small_check(), tmp_path / "a.csv", lambda *_: True)
    _replaced(csv, old, new)
    with pytest.raises(AtlasError, match=said):
        legibility(csv)


def test_answers_to_another_page_and_two_answers_to_a_trial_are_refused(tmp_path):
    check, other = small_check(), small_check(pictures=11)
    csv = answer(check, tmp_path / "a.csv", lambda *_: True)
    page = write_check(tmp_path / "other.html", other)
    with pytest.raises(AtlasError, match="the page is"):
        legibility(csv, page)
    with pytest.raises(AtlasError, match="2 checks"):
        legibility([csv, answer(other, tmp_path / "b.csv", lambda *_: True)])
    lines = csv.read_text(encoding="utf-8").splitlines()
    csv.write_text("\n".join([*lines, lines[-1]]), encoding="utf-8")
    with pytest.raises(AtlasError, match="twice"):
        legibility(csv)


def test_the_column_correct_is_not_believed(tmp_path):
    csv = answer(small_check(), tmp_path / "a.csv", lambda _, kind: kind == "catch")
    csv.write_text(csv.read_text(encoding="utf-8").replace(",0,2.5", ",1,2.5"), encoding="utf-8")
    assert legibility(csv).table.set_index("kind").loc["picture", "correct"] == 0.0
