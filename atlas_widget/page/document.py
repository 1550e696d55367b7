"""The HTML of a page: it names nothing outside itself, and its policy forbids all requests."""

from __future__ import annotations

import base64
import gzip
import hashlib
import html
import json
from collections.abc import Iterator, Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from atlas_widget.errors import ExportError

if TYPE_CHECKING:
    from atlas_widget.page.contents import PageContents

__all__ = ["about", "block", "document", "program"]

_PROGRAMS = Path(__file__).parents[1] / "static"

_STYLE = """
:root { color-scheme: light dark; --page: #fff; --text: #1c2430; --quiet: #5b6472; }
@media (prefers-color-scheme: dark) {
  :root { --page: #121417; --text: #e8ebf0; --quiet: #a3adba; }
}
* { box-sizing: border-box; }
body { margin: 0; padding: 8px 12px; background: var(--page); color: var(--text);
  font: 13px/1.5 system-ui, -apple-system, "Segoe UI", Helvetica, Arial, sans-serif; }
h1 { position: absolute; width: 1px; height: 1px; margin: 0; overflow: hidden;
  clip-path: inset(50%); white-space: nowrap; }
details { margin-top: 6px; color: var(--quiet); overflow-wrap: anywhere; }
summary { cursor: pointer; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 2px 14px; margin: 8px 0; }
dt { color: var(--quiet); }
dd { margin: 0; color: var(--text); }
pre { white-space: pre-wrap; font-size: 12px; }
"""


def program(name: str = "page.js") -> str:
    """Return a program of the bundle that stands in a page of its own.

    Parameters
    ----------
    name
        Its file; by default the widget's view with what answers it in place of a kernel.
    """
    file = _PROGRAMS / name
    if not file.is_file():
        raise ExportError(
            f"{str(file)!r} is not built: run `make bundle` in the checkout of atlas_widget."
        )
    text = file.read_text(encoding="utf-8")
    if "</script" in text.lower() or "<!--" in text:
        raise ExportError(f"{str(file)!r} would end its own element: build it anew.")
    return text


def block(name: str, data: bytes) -> bytes:
    """Return bytes as an element that the program reads; nothing executes or requests it."""
    text = base64.b64encode(data)
    return b'<script type="text/plain" id="' + name.encode() + b'">' + text + b"</script>\n"


def document(
    contents: PageContents,
    tables: Mapping[str, Any],
    blocks: Sequence[bytes],
    facts: Sequence[tuple[str, str]],
    credits: Sequence[str],
) -> Iterator[bytes]:
    """Yield the parts of the HTML file, in UTF-8.

    Parameters
    ----------
    contents
        The atlas, for its title and its provenance.
    tables
        What `tables.tables` returns.
    blocks
        The files that the tables refer to by number.
    facts
        Names and values for the section about the page.
    credits
        Authors, licences and origins of photos in the page.
    """
    code = program()
    title = f"Activation atlas of {contents.model}, layer {contents.atlas.layer}"
    yield (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_policy(code)}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="referrer" content="no-referrer">\n'
        f'<meta name="generator" content="atlas_widget {_own_version()}">\n'
        '<link rel="icon" href="data:,">\n'
        f"<title>{_text(title)}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n"
        f"<header><h1>{_text(title)}</h1></header>\n"
        '<main><div id="aw-place"><noscript>This page needs JavaScript, which it brings along.'
        "</noscript></div></main>\n"
    ).encode()
    yield _about(facts, credits).encode()
    yield _json_element("aw-provenance", contents.atlas.provenance)
    yield block("aw-tables", _packed(tables))
    for number, data in enumerate(blocks):
        yield block(f"aw-block-{number}", data)
    yield f"<script>{code}</script>\n</body>\n</html>\n".encode()


def about(contents: PageContents, counts: Mapping[str, str]) -> list[tuple[str, str]]:
    """Return what a reader wants to know of the page, as names and values."""
    record = contents.atlas.provenance
    images = record.get("images")
    described = images.get("description", "") if isinstance(images, dict) else ""
    settings = record.get("settings")
    found = {
        "Model": contents.model,
        "Layer": contents.atlas.layer,
        "Weights": str(record.get("weights_hash", "")),
        "Images": str(described),
        "Samples": f"{len(contents.atlas):,}",
        "Grids": ", ".join(f"{g.grid.size} × {g.grid.size}" for g in contents.grids),
        **counts,
        "Settings": _one_line(settings),
        "Preprocessing": str(record.get("preprocessing", "")),
        "Versions": _one_line(record.get("versions")),
        "Atlas built": str(record.get("created", "")),
    }
    return [(name, value) for name, value in found.items() if value]


def _about(facts: Sequence[tuple[str, str]], credits: Sequence[str]) -> str:
    rows = "".join(f"<dt>{_text(name)}</dt><dd>{_text(value)}</dd>" for name, value in facts)
    listed = "".join(f"<li>{_text(credit)}</li>" for credit in credits)
    photos = (
        f"<details><summary>Authors and licences of {len(credits):,} photos</summary>"
        f"<ul>{listed}</ul></details>"
        if credits
        else ""
    )
    return (
        "<footer><details><summary>About this page: a saved atlas, which asks no server for "
        f"anything</summary><dl>{rows}</dl>{photos}</details></footer>\n"
    )


def _policy(code: str) -> str:
    """Return a policy under which nothing runs but this program, and nothing is requested."""
    digest = base64.b64encode(hashlib.sha256(code.encode()).digest()).decode()
    return "; ".join(
        (
            "default-src 'none'",
            f"script-src 'sha256-{digest}'",
            "style-src 'unsafe-inline'",
            "img-src data: blob:",
            "worker-src blob:",
            "base-uri 'none'",
            "form-action 'none'",
        )
    )


def _packed(tables: Mapping[str, Any]) -> bytes:
    # ASCII, since labels need not be valid text; the packed size is the same
    text = json.dumps(tables, separators=(",", ":"), allow_nan=False)
    return gzip.compress(text.encode("ascii"), 9, mtime=0)


def _json_element(name: str, record: Mapping[str, Any]) -> bytes:
    text = json.dumps(record, default=str, sort_keys=True, separators=(",", ":"))
    # ASCII, and without <: it cannot end its element, nor begin a comment
    escaped = text.replace("<", "\\u003c")
    return f'<script type="application/json" id="{name}">{escaped}</script>\n'.encode()


def _one_line(record: object) -> str:
    if not isinstance(record, Mapping):
        return ""
    told = {name: value for name, value in record.items() if value is not None}
    return ", ".join(f"{name} {_value(value)}" for name, value in told.items())


def _value(value: object) -> str:
    if isinstance(value, Mapping):
        return " ".join(str(part) for part in value.values())
    if isinstance(value, Sequence) and not isinstance(value, str):
        return " to ".join(str(part) for part in value)
    return str(value)


def _text(value: str) -> str:
    return html.escape(value.encode("utf-8", "replace").decode(), quote=True)


def _own_version() -> str:
    try:
        return version("atlas-widget")
    except PackageNotFoundError:
        return ""
