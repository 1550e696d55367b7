"""The photos that the package ships: all there, all with a licence that lets it ship them."""

from __future__ import annotations

import re
from collections import Counter

import pytest
from PIL import Image

from atlas_widget import demo
from atlas_widget.demo.credits import FOLDER

ALLOWED = {
    "LicenseRef-Public-Domain": "publicdomain/mark/1.0/",
    "CC0-1.0": "publicdomain/zero/1.0/",
    "CC-BY-2.0": "licenses/by/2.0/",
    "CC-BY-3.0": "licenses/by/3.0/",
    "CC-BY-4.0": "licenses/by/4.0/",
    "CC-BY-SA-4.0": "licenses/by-sa/4.0/",
}


def test_files_and_credits_are_the_same() -> None:
    files = sorted(path.name for path in FOLDER.iterdir() if path.suffix != ".csv")
    assert files == sorted(credit.file for credit in demo.credits())
    assert all(file.endswith(".webp") for file in files)


@pytest.mark.parametrize("credit", demo.credits(), ids=lambda credit: credit.name)
def test_credits_are_complete(credit: demo.Credit) -> None:
    assert all(vars(credit).values()), "no field is empty"
    assert credit.licence_url == f"https://creativecommons.org/{ALLOWED[credit.licence]}"
    assert re.match(r"https?://\S+$", credit.origin)
    for told in (credit.title, credit.author, credit.licence_url, credit.origin, credit.changes):
        assert told in str(credit)


def test_the_package_names_the_licences(pytestconfig: pytest.Config) -> None:
    text = (pytestconfig.rootpath / "pyproject.toml").read_text(encoding="utf-8")
    (expression,) = re.findall(r'^license = "(.*)"$', text, re.MULTILINE)
    told = set(expression.split(" AND ")) - {"BSD-3-Clause", "LicenseRef-WordNet-3.0"}
    assert told == {credit.licence for credit in demo.credits()}


def test_sizes() -> None:
    sizes = [(FOLDER / credit.file).stat().st_size for credit in demo.credits()]
    assert sum(sizes) < 4_000_000, "bytes"
    for credit in demo.credits():
        with Image.open(FOLDER / credit.file) as photo:
            assert 110 <= min(photo.size) <= 256, credit.file
            assert max(photo.size) >= 250, credit.file


def test_variety() -> None:
    kinds = Counter(demo.images().labels)
    assert len(demo.images()) >= 250
    assert kinds.most_common(1)[0][1] < len(demo.images()) / 3
    assert {"animals", "buildings", "food", "people", "plants", "tools", "water"} <= set(kinds)


def test_source(demo_images) -> None:
    assert f"{len(demo.credits())} photos" in demo_images.description
    assert all(picture.mode == "RGB" for picture in demo_images[:20])
    assert demo_images["chelsea"].size == (385, 256)
    assert demo_images.fingerprint() == demo.images().fingerprint()
    index = demo_images.names.index("toucan")
    assert demo_images.labels[index] == "animals"
    assert "CC-BY" in demo_images.credit(index) or "public domain" in demo_images.credit(index)
