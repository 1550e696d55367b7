"""The page of a check: one HTML file that asks nobody for anything, and gives a CSV."""

from __future__ import annotations

import base64
import binascii
import hashlib
import html
import io
import json
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from atlas_widget.errors import AtlasError
from atlas_widget.forced_choice.trials import DIFFICULTIES, KINDS, Check, Trial
from atlas_widget.page import check_target
from atlas_widget.page.document import program
from atlas_widget.page.writing import write_parts

__all__ = ["WrittenCheck", "read_check", "write_check"]

_DATA = "aw-check"
_FORMAT = 1
_MAX_BYTES = 256 << 20
_MAX_SIDE = 512

_STYLE = """
:root { color-scheme: light dark; --page: #fff; --text: #1c2430; --quiet: #5b6472;
  --line: #d5dae1; --accent: #1565cb; --on-accent: #fff; }
@media (prefers-color-scheme: dark) {
  :root { --page: #121417; --text: #e8ebf0; --quiet: #a3adba; --line: #343a43;
    --accent: #6cb0ff; --on-accent: #0b1420; }
}
* { box-sizing: border-box; }
body { margin: 0; padding: 24px 16px; background: var(--page); color: var(--text);
  font: 15px/1.55 system-ui, -apple-system, "Segoe UI", Helvetica, Arial, sans-serif; }
main { max-width: 640px; margin: 0 auto; }
h1 { margin: 0 0 8px; font-size: 20px; line-height: 1.3; }
p { margin: 0 0 12px; }
small, .quiet { color: var(--quiet); }
label { display: grid; gap: 4px; max-width: 260px; margin: 0 0 16px; }
input, textarea { padding: 7px 10px; border: 1px solid var(--line); border-radius: 8px;
  background: transparent; color: inherit; font: inherit; }
textarea { width: 100%; height: 120px; font: 12px/1.4 ui-monospace, Menlo, Consolas, monospace; }
button { font: inherit; color: inherit; cursor: pointer; }
.main { padding: 9px 18px; border: 0; border-radius: 8px; background: var(--accent);
  color: var(--on-accent); font-weight: 600; text-decoration: none; display: inline-block; }
.plain { padding: 8px 14px; border: 1px solid var(--line); border-radius: 8px; background: none; }
.trial { display: grid; justify-items: center; gap: 18px; text-align: center; }
.trial p, .trial h1 { margin: 0; font-size: 15px; font-weight: 500; }
.trial img { display: block; width: 100%; border-radius: 10px; }
.reference { width: min(232px, 60vw); }
.choices { display: grid; grid-template-columns: 1fr 1fr; gap: 20px; width: min(440px, 100%); }
.choices button { padding: 6px; border: 2px solid var(--line); border-radius: 14px;
  background: none; }
.choices button:hover, .choices button:focus-visible { border-color: var(--accent); outline: 0; }
.choices span { display: block; padding-top: 4px; color: var(--quiet); }
progress { width: min(440px, 100%); height: 6px; accent-color: var(--accent); }
.row { display: flex; flex-wrap: wrap; gap: 12px; align-items: center; margin: 0 0 16px; }
"""


@dataclass(frozen=True)
class WrittenCheck(os.PathLike[str]):
    """A check that was written.

    Attributes
    ----------
    path
        The file.
    id
        The check's hash, which its answers carry.
    size
        Bytes of the file.
    trials, crops
        Number of trials, and of parts of images in them.
    """

    path: Path
    id: str
    size: int
    trials: int
    crops: int

    def __fspath__(self) -> str:
        """Return the path as text, so that `open` and `Path` take the check itself."""
        return str(self.path)

    def __str__(self) -> str:
        """Describe it in one line."""
        return (
            f"{self.path}: {self.size / 1e6:.1f} MB, {self.trials} trials with {self.crops} parts "
            "of your images"
        )


def write_check(
    path: str | os.PathLike[str], check: Check, *, overwrite: bool = False
) -> WrittenCheck:
    """Write a check as one HTML file; what was there stays until it is whole.

    Raises
    ------
    ExportError
        The file is there already, or cannot be written.
    """
    target = check_target(path, overwrite=overwrite)
    code = program("check.js")
    record = {
        "format": _FORMAT,
        "id": check.id,
        "model": check.model,
        "layer": check.layer,
        "weights_hash": check.weights_hash,
        "grid": check.grid,
        "difficulty": check.difficulty,
        "seed": check.seed,
        "trials": [
            {
                "kind": trial.kind,
                "cell": trial.cell,
                "other": trial.other,
                "reference": _encoded(trial.reference),
                "right": _encoded(trial.right),
                "wrong": _encoded(trial.wrong),
            }
            for trial in check.trials
        ],
    }
    data = json.dumps(record, separators=(",", ":")).replace("<", "\\u003c")
    digest = base64.b64encode(hashlib.sha256(code.encode()).digest()).decode()
    policy = (
        f"default-src 'none'; script-src 'sha256-{digest}'; style-src 'unsafe-inline'; "
        "img-src data: blob:; base-uri 'none'; form-action 'none'"
    )
    title = html.escape(f"Which one belongs to it? {check.model}, {check.layer}")
    text = (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="referrer" content="no-referrer">\n<link rel="icon" href="data:,">\n'
        f"<title>{title}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n"
        '<main id="aw-place"><noscript>This page needs JavaScript, which it brings along.'
        "</noscript></main>\n"
        f'<script type="application/json" id="{_DATA}">{data}</script>\n'
        f"<script>{code}</script>\n</body>\n</html>\n"
    ).encode("utf-8", "replace")
    write_parts(target, [text], overwrite=overwrite)
    crops = sum(3 if trial.kind == "crop" else 2 for trial in check.trials)
    return WrittenCheck(target, check.id, len(text), len(check.trials), crops)


def read_check(path: str | os.PathLike[str]) -> Check:
    """Return the check in a page.

    Raises
    ------
    AtlasError
        It is no page of a check, or is damaged.
    """
    file = Path(path).expanduser()
    try:
        if file.stat().st_size > _MAX_BYTES:
            raise AtlasError(f"{str(file)!r} is too large to be a check.")
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise AtlasError(f"{str(file)!r} cannot be read: {error}") from error
    found = re.search(rf'<script type="application/json" id="{_DATA}">([^<]*)</script>', text)
    if found is None:
        raise AtlasError(f"{str(file)!r} is no page of a check, as w.human_check(…) writes it.")
    try:
        record = json.loads(found[1])
        if record["format"] != _FORMAT:
            raise ValueError(f"its format is {record['format']!r:.20}, not {_FORMAT}")
        check = Check(
            [_trial(entry) for entry in record["trials"]],
            int(record["grid"]),
            str(record["model"]),
            str(record["layer"]),
            str(record["weights_hash"]),
            str(record["difficulty"]),
            int(record["seed"]),
        )
        if check.difficulty not in DIFFICULTIES or check.id != record["id"]:
            raise ValueError("its trials are not those that were written")
    except (ValueError, KeyError, TypeError, OSError) as error:
        raise AtlasError(f"{str(file)!r} is damaged: {error}") from error
    return check


def _trial(entry: dict[str, Any]) -> Trial:
    if entry["kind"] not in KINDS:
        raise ValueError(f"there are no trials of kind {entry['kind']!r:.30}")
    pictures = [_decoded(entry[name]) for name in ("reference", "right", "wrong")]
    return Trial(entry["kind"], int(entry["cell"]), int(entry["other"]), *pictures)


def _encoded(pixels: npt.NDArray[np.uint8]) -> str:
    """Return a picture as a file without loss and without metadata, in base64."""
    from PIL import Image

    buffer = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(pixels)).save(buffer, "WEBP", lossless=True)
    return base64.b64encode(buffer.getvalue()).decode()


def _decoded(text: str) -> npt.NDArray[np.uint8]:
    from PIL import Image

    try:
        data = base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise ValueError(f"a picture is damaged ({error})") from error
    with Image.open(io.BytesIO(data), formats=["WEBP"]) as image:
        if max(image.size) > _MAX_SIDE:
            raise ValueError(f"a picture has {image.width} × {image.height} pixels")
        return np.array(image.convert("RGB"))
