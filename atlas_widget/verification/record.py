"""The record of a figure, checked: it comes from a file that may be anybody's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from atlas_widget.errors import FigureError
from atlas_widget.figures import Mark, Name
from atlas_widget.protocol.messages import MAX_GRID
from atlas_widget.session.subjects import KINDS
from atlas_widget.session.tasks.proof import PROOF_VERSION, Drawn

__all__ = ["FigureRecord"]

_MAX_TEXT = 4000


@dataclass(frozen=True)
class FigureRecord:
    """The things that a figure was made of.

    Attributes
    ----------
    model, layer, weights_hash
        The model.
    input_size, preprocessing
        How it is given images.
    images, count, fingerprint
        The images: their description, number and hash.
    settings
        Parameters of the atlas.
    layout, min_count
        Hash of the samples' places, and how many samples a cell needs.
    subject
        What the atlas is about; empty for all samples.
    grid, base, cells
        The grid and the coarsest one there is; the cells drawn, None for all of the grid.
    seed, inversion
        Seed and settings of the pictures.
    states, hashes, cosines, ranks
        Of each cell's picture.
    judge
        What a second network said of them, or None.
    drawn, labels
        What is around the pictures; each cell's label, None where none are drawn.
    versions, machine, device, threads
        What the pictures were made with, and where.
    whole
        The whole record.
    """

    model: str
    layer: str
    weights_hash: str
    input_size: int
    preprocessing: str
    images: str
    count: int
    fingerprint: str
    settings: Mapping[str, Any]
    layout: str
    min_count: int | None
    subject: tuple[str, ...]
    grid: int
    base: int
    cells: tuple[int, ...] | None
    seed: int
    inversion: str
    states: tuple[str, ...]
    hashes: tuple[str, ...]
    cosines: tuple[float | None, ...]
    ranks: tuple[int | None, ...]
    judge: Mapping[str, Any] | None
    drawn: Drawn
    labels: tuple[str | None, ...] | None
    versions: Mapping[str, str]
    machine: str
    device: str
    threads: int
    whole: Mapping[str, Any]

    @classmethod
    def of(cls, record: Mapping[str, Any], path: str) -> FigureRecord:
        """Check a record.

        Raises
        ------
        FigureError
            It is of an earlier version, incomplete, or says what cannot be.
        """
        figure = _Fields(record["figure"], path)
        if "proof" not in figure.values:
            raise FigureError(
                f"{path!r} was exported before figures carried what makes them again: its record "
                "says what it was made of, but not each picture. Export it anew."
            )
        if figure.values["proof"] != PROOF_VERSION:
            raise FigureError(
                f"{path!r} has a record of version {figure.values['proof']!r:.20}; this version "
                f"of atlas-widget reads version {PROOF_VERSION}."
            )
        atlas, each = _Fields(record, path), _Fields(figure.of("each", dict), path)
        missing = {"weights_hash", "settings", "images", "input_size"} - record.keys()
        if missing:
            raise FigureError(
                f"{path!r} does not say what its atlas was made of ({', '.join(sorted(missing))} "
                "missing): it is of an atlas that was not made by Atlas.build or a widget."
            )
        images = _Fields(atlas.of("images", dict), path)
        count = figure.number("count", MAX_GRID**2)
        cells = figure.values.get("cells")
        grid = figure.number("grid", MAX_GRID)
        return cls(
            model=atlas.text("model"),
            layer=atlas.text("layer"),
            weights_hash=atlas.text("weights_hash"),
            input_size=atlas.number("input_size", 1 << 14),
            preprocessing=atlas.text("preprocessing"),
            images=images.text("description"),
            count=images.number("count"),
            fingerprint=images.text("fingerprint"),
            settings=atlas.of("settings", dict),
            layout=figure.text("layout"),
            min_count=figure.number("min_count") if figure.values.get("min_count") else None,
            subject=_subject(figure),
            grid=grid,
            base=figure.number("base", MAX_GRID),
            cells=None if cells == "all" else tuple(figure.numbers("cells", count, grid**2 - 1)),
            seed=figure.number("seed"),
            inversion=figure.text("inversion"),
            states=tuple(str(state) for state in each.list("state", count)),
            hashes=tuple(str(value) for value in each.list("hash", count)),
            cosines=tuple(_real(value) for value in each.list("cosine", count)),
            ranks=tuple(_whole(value) for value in each.list("rank", count)),
            judge=_judge(figure, count, path),
            drawn=_drawn(figure),
            labels=_labels(figure, count),
            versions={str(k): str(v) for k, v in figure.of("versions", dict).items()},
            machine=figure.text("machine"),
            device=figure.text("device"),
            threads=max(1, figure.number("threads", 1024)),
            whole=record,
        )


@dataclass(frozen=True)
class _Fields:
    values: Mapping[str, Any]
    path: str

    def wrong(self, name: str, wanted: str) -> FigureError:
        found = self.values.get(name)
        return FigureError(
            f"{self.path!r} is damaged: its record has {name}={found!r:.60}, which is not {wanted}."
        )

    def of(self, name: str, kind: type) -> Any:
        if not isinstance(self.values.get(name), kind):
            raise self.wrong(name, f"a {kind.__name__}")
        return self.values[name]

    def text(self, name: str) -> str:
        value = self.of(name, str)
        if len(value) > _MAX_TEXT:
            raise self.wrong(name, f"a text of at most {_MAX_TEXT} characters")
        return str(value)

    def number(self, name: str, most: int = 2**53) -> int:
        value = _whole(self.values.get(name))
        if value is None or not 0 <= value <= most:
            raise self.wrong(name, f"a whole number from 0 to {most}")
        return value

    def list(self, name: str, count: int) -> Sequence[Any]:
        values = self.of(name, list)
        if len(values) != count:
            raise self.wrong(name, f"a list of {count} values")
        return list(values)

    def numbers(self, name: str, count: int, most: int) -> Sequence[int]:
        values = [_whole(value) for value in self.list(name, count)]
        if any(value is None or not 0 <= value <= most for value in values):
            raise self.wrong(name, f"a list of whole numbers from 0 to {most}")
        return [value for value in values if value is not None]


def _subject(figure: _Fields) -> tuple[str, ...]:
    subject = figure.of("subject", list)
    known = not subject or (
        all(isinstance(part, str) for part in subject)
        and len(subject) == 1 + KINDS.get(subject[0], -2)
    )
    if not known:
        raise figure.wrong("subject", "what an atlas can be about")
    return tuple(subject)


def _drawn(figure: _Fields) -> Drawn:
    names = []
    for entry in figure.of("names", list):
        if not isinstance(entry, list) or len(entry) != 3 or not isinstance(entry[0], str):
            raise figure.wrong("names", "a list of names with their places")
        x, y = _real(entry[1]), _real(entry[2])
        names.append(Name(entry[0][:_MAX_TEXT], x or 0.0, y or 0.0))
    marks = []
    for entry in figure.of("notes", list):
        if not isinstance(entry, list) or len(entry) != 4 or not isinstance(entry[3], str):
            raise figure.wrong("notes", "a list of notes with their places")
        number, x, y = _whole(entry[0]), _real(entry[1]), _real(entry[2])
        marks.append(Mark(number or 0, x or 0.0, y or 0.0, entry[3][:_MAX_TEXT]))
    dpi = _real(figure.values.get("dpi"))
    if dpi is None:
        raise figure.wrong("dpi", "a number")
    caption = figure.values.get("caption")
    return Drawn(
        None if caption is None else figure.text("caption"),
        figure.values.get("labels") is not None,
        dpi,
        tuple(names),
        tuple(marks),
    )


def _labels(figure: _Fields, count: int) -> tuple[str | None, ...] | None:
    if figure.values.get("labels") is None:
        return None
    found = figure.list("labels", count)
    return tuple(None if label is None else str(label)[:_MAX_TEXT] for label in found)


def _judge(figure: _Fields, count: int, path: str) -> Mapping[str, Any] | None:
    if figure.values.get("judge") is None:
        return None
    judge = _Fields(figure.of("judge", dict), path)
    return {
        "name": judge.text("name"),
        "weights_hash": judge.text("weights_hash"),
        "among": judge.number("among"),
        "rank": [_whole(value) for value in judge.list("rank", count)],
    }


def _whole(value: object) -> int | None:
    whole = isinstance(value, int) and not isinstance(value, bool)
    return value if whole else None  # type: ignore[return-value]


def _real(value: object) -> float | None:
    real = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if real else None  # type: ignore[arg-type]
