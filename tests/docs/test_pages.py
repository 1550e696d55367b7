"""The pages for users: their code runs, in order, and the reference lacks no public name."""

from __future__ import annotations

import itertools
import re
import runpy
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

import atlas_widget
from tests.conftest import tiny_picture

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = [DOCS / "tutorial.md", *sorted((DOCS / "how-to").glob("*.md"))]
PAGES += sorted((DOCS / "explanation").glob("*.md"))
BLOCK = re.compile(r"(<!-- not run: [^>]+ -->\n)?```python\n(.*?)```", re.DOTALL)


class SmallNet(torch.nn.Module):
    """Layers with the names that the pages use, 10 classes, untrained."""

    def __init__(self) -> None:
        super().__init__()
        sizes = (3, 8, 12, 16, 16)
        for number, (before, after) in enumerate(itertools.pairwise(sizes), 1):
            block = torch.nn.Sequential(
                torch.nn.Conv2d(before, after, 3, stride=3 if number == 1 else 2, padding=1),
                torch.nn.ReLU(),
            )
            setattr(self, f"layer{number}", block)
        self.fc = torch.nn.Linear(sizes[-1], 10)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.layer4(self.layer3(self.layer2(self.layer1(x))))
        return self.fc(x.mean((2, 3)))


def small_net(seed: int) -> torch.nn.Module:
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return SmallNet().eval()


def vit() -> torch.nn.Module:
    import timm

    with torch.random.fork_rng():
        torch.manual_seed(0)
        return timm.create_model(
            "vit_tiny_patch16_224", depth=4, embed_dim=24, num_heads=2, num_classes=10
        ).eval()


@pytest.fixture
def given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, Any]]:
    """What the pages take as given: a model and images, in the working folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ATLAS_WIDGET_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr("atlas_widget.collect.NUM_SAMPLES", 600)  # a widget's, if it is not told
    for number in range(12):
        folder = tmp_path / "photos" / ("cats" if number % 2 else "dogs")
        folder.mkdir(parents=True, exist_ok=True)
        tiny_picture(number, (96, 80)).save(folder / f"{number}.png")
    tiny_picture(99).save(tmp_path / "photo.jpg")
    names: dict[str, Any] = {
        "model": small_net(0),
        "other_model": small_net(1),
        "vit": vit(),
        "transform": lambda rgb: (rgb - 0.5) / 0.25,
        "labels": [f"class {number}" for number in range(10)],
    }
    yield names
    for value in list(names.values()):
        if isinstance(value, atlas_widget.AtlasWidget):
            value.close()


def blocks(page: Path) -> list[str]:
    """Return the code of a page that is run, each block at its own line, for tracebacks."""
    text = page.read_text(encoding="utf-8")
    return [
        "\n" * text.count("\n", 0, found.start(2)) + found[2]
        for found in BLOCK.finditer(text)
        if not found[1]
    ]


RUN = [page for page in PAGES if blocks(page)]


@pytest.mark.parametrize("page", RUN, ids=lambda page: page.stem)
def test_the_code_of_a_page_runs(page: Path, given: dict[str, Any]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for code in blocks(page):
            exec(compile(code, str(page), "exec"), given)


def test_the_pages_have_code_that_runs() -> None:
    assert len(RUN) >= 8


def test_every_public_name_is_in_the_reference_and_documented() -> None:
    hooks = runpy.run_path(str(ROOT / "tools" / "docs" / "hooks.py"))
    public = atlas_widget.__all__
    assert hooks["undocumented"](public, DOCS / "reference") == []
    assert hooks["undocumented"]([*public, "mystery"], DOCS / "reference") == ["mystery"]
    values = {name: getattr(atlas_widget, name) for name in public if name != "__version__"}
    assert [name for name, value in values.items() if not value.__doc__] == []


def test_the_help_of_commands_is_that_of_the_program() -> None:
    hooks = runpy.run_path(str(ROOT / "tools" / "docs" / "hooks.py"))
    assert "--layers LAYER" in hooks["command_help"]("build")
    page = (DOCS / "reference" / "command-line.md").read_text(encoding="utf-8")
    main = hooks["command_help"]("")
    listed = re.findall(r"^    ([a-z-]+)(?: {2,}|$)", main.partition("commands:")[2], re.MULTILINE)
    assert set(listed) == set(re.findall(r"<!-- help: ([\w-]+) -->", page)) != set()
