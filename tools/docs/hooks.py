"""Hooks of mkdocs: what the site takes from outside of docs/, and what it must not lack.

The site has CHANGELOG.md, the notebooks and the help of the command line, each from where it is
kept. A public name that is on no page of the reference is a warning, which ends `make docs`.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
_DIRECTIVE = re.compile(r"^::: ([\w.]+)", re.MULTILINE)
_HELP = re.compile(r"<!-- help: ?([\w-]*) -->")


def undocumented(public: list[str], reference: Path, package: str = "atlas_widget") -> list[str]:
    """Return the public names of a package that no page of the reference shows."""
    shown: set[str] = set()
    for page in reference.glob("*.md"):
        shown.update(_DIRECTIVE.findall(page.read_text(encoding="utf-8")))
    return [name for name in public if f"{package}.{name}" not in shown]


def command_help(command: str) -> str:
    """Return the help of a command, or of the program, as it is printed."""
    from atlas_widget.cli import main

    before = os.environ.get("COLUMNS")
    os.environ["COLUMNS"] = "90"
    try:
        return _printed(main, [command, "--help"] if command else ["--help"])
    finally:
        if before is None:
            del os.environ["COLUMNS"]
        else:
            os.environ["COLUMNS"] = before


def _printed(main: Any, arguments: list[str]) -> str:
    import contextlib
    import io

    with contextlib.redirect_stdout(io.StringIO()) as printed:
        main(arguments)
    return printed.getvalue()


def on_config(config: Any) -> Any:
    """Warn of public names without a place in the reference."""
    import atlas_widget

    missing = undocumented(atlas_widget.__all__, Path(config.docs_dir, "reference"))
    if missing:
        _log().warning("No page of docs/reference shows %s.", ", ".join(missing))
    return config


def on_files(files: Any, *, config: Any) -> Any:
    """Add the changelog and the notebooks."""
    from mkdocs.structure.files import File

    files.append(File.generated(config, "changelog.md", abs_src_path=str(ROOT / "CHANGELOG.md")))
    for notebook in sorted((ROOT / "notebooks").glob("*.ipynb")):
        name = f"notebooks/{notebook.name}"
        files.append(File.generated(config, name, abs_src_path=str(notebook)))
    return files


def on_page_markdown(markdown: str, *, page: Any, config: Any, files: Any) -> str:
    """Put the help of commands where a page asks for it, and lead links to where files are."""
    del config, files
    text = _HELP.sub(lambda found: f"```text\n{command_help(found[1])}```", markdown)
    if page.file.src_uri == "changelog.md":
        return text.replace("](docs/", "](")
    # On the site the notebooks lie beside the pages, not beside the folder of pages.
    return text.replace("](../notebooks/", "](notebooks/")


def _log() -> Any:
    from mkdocs.plugins import get_plugin_logger

    return get_plugin_logger("public names")
