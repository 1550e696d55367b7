"""The lock file of npm ties nobody to one place to download from."""

from __future__ import annotations

import json

import pytest

from tests.packaging.conftest import ROOT


@pytest.fixture(scope="module")
def packages() -> dict[str, dict[str, object]]:
    lock = json.loads((ROOT / "js" / "package-lock.json").read_text(encoding="utf-8"))
    return {name: package for name, package in lock["packages"].items() if name}


def test_no_package_comes_from_a_fixed_place(packages) -> None:
    assert [name for name, package in packages.items() if "resolved" in package] == []


def test_every_package_is_pinned_by_its_contents(packages) -> None:
    assert [name for name, package in packages.items() if "integrity" not in package] == []
