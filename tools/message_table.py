"""Write the table of messages in CONTRIBUTING.md out of ``atlas_widget/protocol/messages.json``.

The JSON file is what both languages are checked against; a test fails when the table differs.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
BEGIN = "<!-- messages: written by `make messages`, do not edit -->"
END = "<!-- end of messages -->"
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


def main() -> None:
    """Rewrite CONTRIBUTING.md."""
    page = ROOT / "CONTRIBUTING.md"
    source = ROOT / "atlas_widget" / "protocol" / "messages.json"
    messages = json.loads(source.read_text(encoding="utf-8"))
    page.write_text(with_table(page.read_text(encoding="utf-8"), messages), encoding="utf-8")


if __name__ == "__main__":
    main()
