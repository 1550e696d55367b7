"""Print the oldest versions that pyproject.toml allows: ``python tools/oldest.py``.

One requirement a line, ``numpy==1.26``, for `pip install -r`.
"""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]


def oldest(requirements: list[str]) -> list[str]:
    """Return each requirement with its floor as the only version.

    Raises
    ------
    ValueError
        A requirement has no floor.
    """
    pinned = []
    for requirement in requirements:
        found = re.match(r"([\w.-]+)\s*>=\s*([\d.]+)", requirement)
        if found is None:
            raise ValueError(f"{requirement!r} names no oldest version (name>=1.2).")
        pinned.append(f"{found[1]}=={found[2]}")
    return pinned


if __name__ == "__main__":
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    print("\n".join(oldest(project["dependencies"])))
