"""Write what repeats ``atlas_widget/protocol/messages.json``, which Python validates with.

That is the table of messages in CONTRIBUTING.md, and the constants from which TypeScript derives
its types and checks, ``js/src/protocol/message_tables.ts``. Tests fail when either differs.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
BEGIN = "<!-- messages: written by `make messages`, do not edit -->"
END = "<!-- end of messages -->"
LINE_WIDTH = 100  # as in js/biome.json
TYPESCRIPT_HEAD = """\
/**
 * Written by `make messages` out of `atlas_widget/protocol/messages.json`: do not edit.
 * Constants, so that TypeScript derives the types from them.
 */
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


def main() -> None:
    """Rewrite both."""
    source = ROOT / "atlas_widget" / "protocol" / "messages.json"
    messages = json.loads(source.read_text(encoding="utf-8"))
    page = ROOT / "CONTRIBUTING.md"
    page.write_text(with_table(page.read_text(encoding="utf-8"), messages), encoding="utf-8")
    (ROOT / "js" / "src" / "protocol" / "message_tables.ts").write_text(typescript(messages), encoding="utf-8")


if __name__ == "__main__":
    main()
