"""The plain English of names, docstrings and texts; see "Language" in CONTRIBUTING.md."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
MODULES = sorted((ROOT / "atlas_widget").rglob("*.py"))
# A first line says what the thing does (imperative) or is (noun phrase), not what one wonders.
RIDDLE = re.compile(r"(What|How|Whether|Where|When|Why|Which|Who|That|If|Of|In|So|As)\b")
CONSTANT = re.compile(r"_?(MOST|FEWEST|PATIENCE|ENOUGH|PLENTY|LONGEST|LARGEST|SMALLEST)(_|$)")
TEXTS = [
    *MODULES,
    *(ROOT / "js" / "src").rglob("*.ts*"),
    *(ROOT / "docs").glob("*.md"),
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "Makefile")),
    ROOT / "atlas_widget" / "protocol" / "messages.json",
]


def docstrings(tree: ast.Module) -> Iterator[tuple[str, str]]:
    """Yield name and docstring of all that has one, constants included."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            text = ast.get_docstring(node)
            if text:
                yield getattr(node, "name", "module"), text
        if isinstance(node, ast.Module | ast.ClassDef):
            for before, after in zip(node.body, node.body[1:], strict=False):
                if (
                    isinstance(before, ast.Assign | ast.AnnAssign)
                    and isinstance(after, ast.Expr)
                    and isinstance(after.value, ast.Constant)
                    and isinstance(after.value.value, str)
                ):
                    target = (
                        before.target if isinstance(before, ast.AnnAssign) else before.targets[0]
                    )
                    yield ast.unparse(target), after.value.value


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_docstring_says_at_once_what_the_thing_does(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    riddles = [name for name, text in docstrings(tree) if RIDDLE.match(text)]
    assert riddles == []


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_constants_are_called_min_and_max(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    named = [
        target.id
        for node in tree.body
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    ]
    assert [name for name in named if CONSTANT.match(name)] == []


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_who_uses_the_package_is_the_user(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert re.findall(r"\b(?:[Pp]erson|[Pp]eople)\b(?!s? at work)", text) == []
