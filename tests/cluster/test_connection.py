"""What is missing is said."""

from __future__ import annotations

import sys

import pytest

from atlas_widget.cluster import connect
from atlas_widget.errors import ClusterError, MissingExtraError


def test_ray_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(MissingExtraError, match=r"atlas-widget\[ray\]"):
        connect("auto")


@pytest.mark.parametrize("address", ["", None, True])
def test_no_address(address: object) -> None:
    with pytest.raises(ClusterError, match="the address of a Ray cluster"):
        connect(address)  # type: ignore[arg-type]
