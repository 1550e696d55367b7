"""Validation of the messages between Python and the browser against one table.

The table is ``messages.json`` beside this file; the TypeScript side is checked against it too.
:func:`parse` turns content from the browser into a :class:`Message` or raises what is wrong with
it; :func:`build` makes a message for the browser and rejects kinds and fields not in the table.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from atlas_widget.errors import AtlasError, did_you_mean

__all__ = [
    "MAX_BUFFER",
    "MAX_CELLS",
    "MAX_GRID",
    "MAX_INTEGERS",
    "MAX_LONG_TEXT",
    "MAX_TEXT",
    "Message",
    "MessageError",
    "build",
    "parse",
    "table",
]

# The finest grid is 160 x 160; a message may list all its cells.
MAX_GRID = 160
MAX_CELLS = MAX_GRID**2
MAX_TEXT = 200
MAX_LONG_TEXT = 2000
MAX_INTEGERS = 64
MAX_BUFFER = 8 << 20  # bytes that the browser may send with a message
_MAX_INTEGER = 2**53  # beyond this, JavaScript's numbers lose whole numbers


class MessageError(AtlasError):
    """A message that does not follow the table."""


@dataclass(frozen=True, slots=True)
class Message:
    """A checked message from the browser.

    Attributes
    ----------
    kind
        A kind listed under ``from_browser`` in the table.
    fields
        Exactly the fields of that kind, each of the type given in the table; and, of kinds that
        come with a buffer, its bytes as ``buffer``.
    """

    kind: str
    fields: Mapping[str, Any]

    def __getitem__(self, name: str) -> Any:
        return self.fields[name]


@cache
def table() -> Mapping[str, Mapping[str, Any]]:
    """Return the table: ``from_browser`` and ``from_kernel``, each kind with its fields."""
    loaded: dict[str, dict[str, Any]] = json.loads(
        Path(__file__).with_name("messages.json").read_text(encoding="utf-8")
    )
    return loaded


def parse(content: object, buffers: Sequence[bytes | memoryview] = ()) -> Message:
    """Check a message that came from the browser.

    Parameters
    ----------
    content
        The content as received; nothing about it is trusted.
    buffers
        What came with it.

    Returns
    -------
    Message
        The message, with only the fields listed in the table. Lists have become tuples.

    Raises
    ------
    MessageError
        If the kind is unknown, or a field or the buffer is missing, of the wrong type or too large.
    """
    if not isinstance(content, Mapping):
        raise MessageError(f"A message must be an object, not {_shown(content)}.")
    kinds = table()["from_browser"]
    kind = content.get("kind")
    if not isinstance(kind, str) or kind not in kinds:
        hint = did_you_mean(kind, kinds) if isinstance(kind, str) and len(kind) < 50 else ""
        raise MessageError(f"There is no message of kind {_shown(kind)}.{hint}")
    fields: dict[str, Any] = {}
    for name, type_name in kinds[kind]["fields"].items():
        if name not in content:
            raise MessageError(f"The message {kind!r} lacks the field {name!r}.")
        fields[name] = _FROM_BROWSER[type_name](content[name], f"{kind}.{name}")
    for prefix in ("", "other_"):
        if f"{prefix}grid" in fields:
            _check_cells(kind, prefix, fields)
    if "buffers" in kinds[kind]:
        fields["buffer"] = _buffer(kind, buffers)
    return Message(kind, fields)


def build(kind: str, **fields: Any) -> dict[str, Any]:
    """Make a message for the browser.

    Parameters
    ----------
    kind
        A kind listed under ``from_kernel`` in the table.
    **fields
        Exactly the fields of that kind. Numbers that are not finite become ``null``, because JSON
        has no notation for them.

    Returns
    -------
    dict
        The content to send.

    Raises
    ------
    MessageError
        If the kind is not in the table, or has other fields.
    """
    kinds = table()["from_kernel"]
    if kind not in kinds:
        raise MessageError(f"There is no message of kind {kind!r}.{did_you_mean(kind, kinds)}")
    known = kinds[kind]["fields"]
    if fields.keys() != known.keys():
        raise MessageError(
            f"The message {kind!r} has the fields {sorted(known)}, but was given {sorted(fields)}."
        )
    content: dict[str, Any] = {"kind": kind}
    for name, type_name in known.items():
        content[name] = _TO_BROWSER[type_name](fields[name], f"{kind}.{name}")
    return content


def _check_cells(kind: str, prefix: str, fields: Mapping[str, Any]) -> None:
    grid = fields[f"{prefix}grid"]
    if kind == "save_note" and not fields["cells"]:  # on a unit, or one that is there
        return
    if not 1 <= grid <= MAX_GRID:
        raise MessageError(f"{kind}.{prefix}grid is {grid}, but must be from 1 to {MAX_GRID}.")
    for name in (f"{prefix}cell", f"{prefix}cells", f"{prefix}near"):
        value = fields.get(name, ())
        for cell in value if isinstance(value, tuple) else (value,):
            if not 0 <= cell < grid * grid:
                raise MessageError(
                    f"{kind}.{name} names the cell {cell}, "
                    f"but a {grid} x {grid} grid has the cells 0 to {grid * grid - 1}."
                )


def _buffer(kind: str, buffers: Sequence[bytes | memoryview]) -> bytes:
    if len(buffers) != 1:
        raise MessageError(f"The message {kind!r} comes with one buffer, not {len(buffers)}.")
    size = memoryview(buffers[0]).nbytes
    if not 0 < size <= MAX_BUFFER:
        raise MessageError(
            f"The buffer of {kind!r} has {size:,} bytes; it may have up to {MAX_BUFFER:,}."
        )
    return bytes(buffers[0])


def _shown(value: object) -> str:
    """Return a short description of an untrusted value."""
    if isinstance(value, str | int | float | bool) or value is None:
        text = repr(value if not isinstance(value, str) else value[:60])
        return text if len(text) <= 70 else text[:67] + "..."
    return f"a {type(value).__name__}"


def _text(value: object, where: str, most: int = MAX_TEXT) -> str:
    if not isinstance(value, str):
        raise MessageError(f"{where} must be a text, not {_shown(value)}.")
    if len(value) > most:
        raise MessageError(f"{where} is {len(value)} characters long; the most is {most}.")
    return value


def _long_text(value: object, where: str) -> str:
    return _text(value, where, MAX_LONG_TEXT)


def _integer(value: object, where: str) -> int:
    # JavaScript has one number type: 3.0 is a whole number there. True is not.
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        raise MessageError(f"{where} must be a whole number, not {_shown(value)}.")
    if abs(value) >= _MAX_INTEGER:
        raise MessageError(f"{where} is too large.")
    return value


def _integers(value: object, where: str) -> tuple[int, ...]:
    if not isinstance(value, list | tuple):
        raise MessageError(f"{where} must be a list of whole numbers, not {_shown(value)}.")
    if len(value) > MAX_INTEGERS:
        raise MessageError(f"{where} holds {len(value)} numbers; the most is {MAX_INTEGERS}.")
    return tuple(_integer(number, where) for number in value)


def _texts(value: object, where: str) -> tuple[str, ...]:
    if not isinstance(value, list | tuple):
        raise MessageError(f"{where} must be a list of texts, not {_shown(value)}.")
    if len(value) > MAX_INTEGERS:
        raise MessageError(f"{where} holds {len(value)} texts; the most is {MAX_INTEGERS}.")
    return tuple(_text(text, where) for text in value)


def _fraction(value: object, where: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
        raise MessageError(f"{where} must be a number from 0 to 1, not {_shown(value)}.")
    return float(value)


def _finite(value: object, where: str) -> float:
    # NaN is not below anything
    if (
        isinstance(value, bool)
        or not isinstance(value, int | float)
        or not abs(value) < _MAX_INTEGER
    ):
        raise MessageError(f"{where} must be a finite number, not {_shown(value)}.")
    return float(value)


def _boolean(value: object, where: str) -> bool:
    if not isinstance(value, bool):
        raise MessageError(f"{where} must be true or false, not {_shown(value)}.")
    return value


def _cells(value: object, where: str) -> tuple[int, ...]:
    if not isinstance(value, list | tuple):
        raise MessageError(f"{where} must be a list of cells, not {_shown(value)}.")
    if len(value) > MAX_CELLS:
        raise MessageError(f"{where} names {len(value)} cells; the most is {MAX_CELLS}.")
    return tuple(_integer(cell, where) for cell in value)


def _number(value: object, _where: str) -> float | None:
    if value is None:
        return None
    number = float(value)  # type: ignore[arg-type]
    return number if math.isfinite(number) else None


def _interval(entry: Mapping[str, Any]) -> dict[str, Any]:
    values = {name: _number(entry[name], name) for name in ("value", "low", "high")}
    return {"index": int(entry["index"]), "label": str(entry["label"]), **values}


def _axis(entry: Mapping[str, Any]) -> dict[str, Any]:
    texts = {name: str(entry[name]) for name in ("label", "low_label", "high_label")}
    return {**texts, **{name: _number(entry[name], name) for name in ("low", "high")}}


def _grid(entry: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "size": int(entry["size"]),
        "ids": [int(cell) for cell in entry["ids"]],
        "counts": [int(count) for count in entry["counts"]],
    }


_Check = Callable[[object, str], Any]

_FROM_BROWSER: dict[str, _Check] = {
    "string": _text,
    "text": _long_text,
    "integer": _integer,
    "boolean": _boolean,
    "cells": _cells,
    "integers": _integers,
    "fraction": _fraction,
    "number": _finite,
    "strings": _texts,
}

_TO_BROWSER: dict[str, Callable[[Any, str], Any]] = {
    "string": lambda value, _where: str(value),
    "string?": lambda value, _where: None if value is None else str(value),
    "integer": lambda value, where: _integer(int(value), where),
    "number": _number,
    "number?": _number,
    "boolean": lambda value, _where: bool(value),
    "cells": lambda value, _where: [int(cell) for cell in value],
    "integers": lambda value, _where: [int(number) for number in value],
    "numbers": lambda value, where: [_number(number, where) for number in value],
    "strings": lambda value, _where: [None if text is None else str(text) for text in value],
    "classes?": lambda value, _where: (
        None if value is None else [_interval(entry) for entry in value]
    ),
    "axes": lambda value, _where: [_axis(entry) for entry in value],
    "grids": lambda value, _where: [_grid(entry) for entry in value],
}
