"""Write what repeats the Python side, so that nobody keeps it twice by hand.

* the table of messages in CONTRIBUTING.md, from ``atlas_widget/protocol/messages.json``;
* the constants from which TypeScript derives the messages' types and checks,
  ``js/src/protocol/message_tables.ts``, from the same table;
* the lists and limits that both sides know, ``js/src/protocol/shared.ts``, from the modules that
  `shared` names;
* the list of views, ``js/src/views/index.ts``, from the files in that folder.

Tests fail when one of them is stale.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
BEGIN = "<!-- messages: written by `make messages`, do not edit -->"
END = "<!-- end of messages -->"
PROTOCOL = ROOT / "js" / "src" / "protocol"
VIEWS = ROOT / "js" / "src" / "views"
LINE_WIDTH = 100  # as in js/biome.json
TYPESCRIPT_HEAD = """\
/**
 * Written by `make messages` out of `atlas_widget/protocol/messages.json`: do not edit.
 * Constants, so that TypeScript derives the types from them.
 */
"""
SHARED_HEAD = """\
/** Written by `make messages` out of the Python package: do not edit. */
"""
VIEWS_HEAD = """\
/** Written by `make messages` out of the files in this folder: do not edit. */
"""
TITLES = {"from_browser": "Browser → kernel", "from_kernel": "Kernel → browser"}


def table(messages: dict[str, Any]) -> str:
    """Return both directions as Markdown."""
    parts = []
    for direction, title in TITLES.items():
        lines = [f"**{title}**", "", "| `kind` | fields | meaning |", "|---|---|---|"]
        for kind, message in messages[direction].items():
            fields = [f"`{name}`: {type_}" for name, type_ in message["fields"].items()]
            fields += [f"buffer: {content}" for content in message.get("buffers", [])]
            meaning = message["meaning"].replace("|", "\\|")
            lines.append(f"| `{kind}` | {'; '.join(fields) or '–'} | {meaning} |")
        parts.append("\n".join(lines))
    return "\n\n".join(parts)


def with_table(text: str, messages: dict[str, Any]) -> str:
    """Return CONTRIBUTING.md's text with what is between the markers replaced."""
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise SystemExit(f"CONTRIBUTING.md lacks {BEGIN!r} or {END!r}")
    return f"{before}{BEGIN}\n\n{table(messages)}\n\n{END}{after}"


def typescript(messages: dict[str, Any]) -> str:
    """Return both directions as TypeScript, formatted as biome does."""
    parts = [TYPESCRIPT_HEAD]
    for direction in TITLES:
        lines = [f"export const {direction.upper()} = {{"]
        for kind, message in messages[direction].items():
            fields = [f'{name}: "{type_}"' for name, type_ in message["fields"].items()]
            line = f"  {kind}: {{ {', '.join(fields)} }}," if fields else f"  {kind}: {{}},"
            if len(line) > LINE_WIDTH:
                line = "\n".join([f"  {kind}: {{", *(f"    {field}," for field in fields), "  },"])
            lines.append(line)
        parts.append("\n".join([*lines, "} as const;\n"]))
    return "\n".join(parts)


def shared() -> dict[str, tuple[str, Any]]:
    """Return the lists and limits that both sides know: name, meaning and value of each."""
    from atlas_widget.diagnostics.neighbors import NEIGHBORS
    from atlas_widget.notes import MAX_NAME, MAX_NOTE_TEXT
    from atlas_widget.protocol.messages import MAX_CELLS, MAX_INTEGERS, MAX_TEXT
    from atlas_widget.session.image.opened import MAX_LAYERS
    from atlas_widget.session.image.work import WORKS as IMAGE_WORKS
    from atlas_widget.session.panels.patch_lab import MAX_THUMBNAILS
    from atlas_widget.session.pictures.gallery import TILE
    from atlas_widget.session.pictures.picture import State
    from atlas_widget.session.pictures.sheets import MAX_TILES
    from atlas_widget.session.status import STAGES
    from atlas_widget.session.subjects import KINDS
    from atlas_widget.session.units.long_work import WORKS
    from atlas_widget.session.units.targets import KINDS as UNIT_PICTURES
    from atlas_widget.widget.overlays import INFLUENCE, OVERLAYS, UNIT
    from atlas_widget.widget.validation import MODES

    return {
        "STAGES": ("The stages of a status.", STAGES),
        "PICTURE_STATES": ("The states of a picture, the least first.", [it.word for it in State]),
        "SUBJECT_KINDS": ("The number of classes that each kind of subject names.", KINDS),
        "OVERLAYS": ("The overlays that need no class.", OVERLAYS),
        "INFLUENCE": ("The beginning of an influence overlay's text.", INFLUENCE),
        "UNIT": ("The beginning of a unit overlay's text.", UNIT),
        "UNIT_PICTURES": ("The kinds of pictures of a unit.", UNIT_PICTURES),
        "UNIT_WORKS": ("The long computations of the view of units.", WORKS),
        "IMAGE_WORKS": ("The long computations of the view of one image.", IMAGE_WORKS),
        "MAX_LAYERS": ("The most layers that one image is read in.", MAX_LAYERS),
        "MODES": ("The views of a widget, the one that it opens with first.", MODES),
        "MAX_CELLS": ("The most cells that a message may name.", MAX_CELLS),
        "MAX_TEXT": ("The most characters of a text in a message.", MAX_TEXT),
        "MAX_INTEGERS": ("The most numbers in a field of `integers`.", MAX_INTEGERS),
        "MAX_NAME": ("The most characters of a note's name.", MAX_NAME),
        "MAX_NOTE_TEXT": ("The most characters of a note's text.", MAX_NOTE_TEXT),
        "TILE": ("The side of a picture as it is sent, in pixels.", TILE),
        "MAX_TILES": ("The most pictures in one message.", MAX_TILES),
        "MAX_THUMBNAILS": ("The most images whose thumbnails are sent at once.", MAX_THUMBNAILS),
        "NEIGHBORS": ("The number of a sample's nearest neighbours that are compared.", NEIGHBORS),
    }


def shared_typescript(constants: dict[str, tuple[str, Any]]) -> str:
    """Return constants as TypeScript, formatted as biome does."""
    parts = [SHARED_HEAD]
    for name, (meaning, value) in constants.items():
        if isinstance(value, dict):
            entries = [f"{key}: {json.dumps(item)}" for key, item in value.items()]
            begin, end = "{", "}"
        elif isinstance(value, list | tuple):
            entries = [json.dumps(item) for item in value]
            begin, end = "[", "]"
        else:
            parts.append(f"/** {meaning} */\nexport const {name} = {json.dumps(value)};\n")
            continue
        space = " " if begin == "{" else ""
        line = f"export const {name} = {begin}{space}{', '.join(entries)}{space}{end} as const;"
        if len(line) > LINE_WIDTH:
            lines = "".join(f"  {entry},\n" for entry in entries)
            line = f"export const {name} = {begin}\n{lines}{end} as const;"
        parts.append(f"/** {meaning} */\n{line}\n")
    return "\n".join(parts)


def views_typescript(names: Iterable[str]) -> str:
    """Return the module that imports all views, so that they register themselves."""
    return VIEWS_HEAD + "".join(f'import "./{name}";\n' for name in sorted(names))


def view_names() -> list[str]:
    """Return the modules in the folder of views."""
    return [path.stem for path in VIEWS.glob("*.ts*") if path.stem != "index"]


def generated() -> dict[Path, str]:
    """Return all files that are written, with what they are to hold."""
    source = ROOT / "atlas_widget" / "protocol" / "messages.json"
    messages = json.loads(source.read_text(encoding="utf-8"))
    page = ROOT / "CONTRIBUTING.md"
    return {
        page: with_table(page.read_text(encoding="utf-8"), messages),
        PROTOCOL / "message_tables.ts": typescript(messages),
        PROTOCOL / "shared.ts": shared_typescript(shared()),
        VIEWS / "index.ts": views_typescript(view_names()),
    }


def main() -> None:
    """Write them all."""
    for path, text in generated().items():
        path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
