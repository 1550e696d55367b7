"""The lock file of npm ties nobody to somebody's mirror."""

from __future__ import annotations

import json

from tests.packaging.conftest import ROOT


def test_no_package_comes_from_a_private_place() -> None:
    lock = json.loads((ROOT / "js" / "package-lock.json").read_text(encoding="utf-8"))
    places = {package.get("resolved", "") for package in lock["packages"].values()}
    strange = [place for place in places if place and "//registry.npmjs.org/" not in place]
    assert strange == []


def test_every_package_is_pinned_by_its_contents() -> None:
    lock = json.loads((ROOT / "js" / "package-lock.json").read_text(encoding="utf-8"))
    unpinned = [
        name for name, package in lock["packages"].items() if name and "integrity" not in package
    ]
    assert unpinned == []
