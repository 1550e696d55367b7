"""CONTRIBUTING.md says what is so: its table of messages, its commands, its files."""

from __future__ import annotations

import re
import runpy
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")


def test_what_is_generated_is_up_to_date() -> None:
    tool = runpy.run_path(str(ROOT / "tools" / "messages.py"))
    generated = tool["generated"]()
    stale = [path.name for path, text in generated.items() if path.read_text("utf-8") != text]
    assert not stale, "run `make messages`"


def test_every_target_it_names_is_in_the_makefile() -> None:
    named = set(re.findall(r"(?:`|^)make ([a-z-]+)", PAGE, re.MULTILINE))
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert named
    assert {name for name in named if not re.search(rf"^{name}:", makefile, re.MULTILINE)} == set()


def test_every_file_it_names_is_there() -> None:
    named = re.findall(r"`((?:atlas_widget|js|tests|tools|notebooks|benchmarks)/[\w./-]*)`", PAGE)
    # what is built is not in the repository
    missing = [name for name in named if "static/" not in name and not (ROOT / name).exists()]
    assert named
    assert missing == []
