"""Make a figure again from the record that it carries, and compare."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from atlas_widget import figures
from atlas_widget.errors import AtlasError, FigureError
from atlas_widget.figures.reading import ReadFigure, decode, read_figure
from atlas_widget.progress import CancelledCallback, TextProgress
from atlas_widget.session.cells.scene import Scene
from atlas_widget.session.pictures.picture import Picture, State
from atlas_widget.session.tasks.judging import CellJudgements, judge_pictures
from atlas_widget.session.tasks.proof import hash_layout, hash_pixels, machine, versions
from atlas_widget.verification.comparing import between_cells, cell_differences
from atlas_widget.verification.making import make_pictures
from atlas_widget.verification.record import FigureRecord
from atlas_widget.verification.result import Verification

if TYPE_CHECKING:
    from torch import nn

    from atlas_widget.atlas import Atlas
    from atlas_widget.probe import LayerProbe

__all__ = ["verify_figure"]


def verify_figure(
    path: str | os.PathLike[str],
    model: nn.Module,
    images: Any = None,
    *,
    transform: Any = None,
    labels: Sequence[str] | Mapping[int, str] | None = None,
    target: Any = None,
    atlas: Atlas | str | os.PathLike[str] | None = None,
    judge: nn.Module | None = None,
    device: Any = None,
    anyway: bool = False,
    progress: bool = True,
    cancelled: CancelledCallback | None = None,
) -> Verification:
    """Make a figure again from the record that it carries, and compare picture by picture.

    Activations, layout and pictures are computed anew; nothing comes from a cache. Captions, labels
    and names of regions are drawn as the record has them.

    Parameters
    ----------
    path
        A figure from `AtlasWidget.export` or the widget's export menu: SVG, PNG or PDF.
    model, images, transform, labels, target, device
        As for :class:`~atlas_widget.AtlasWidget`; `device` is by default that of the figure.
    atlas
        The atlas that the figure is of, or its folder: its layout is taken as it is, and only the
        pictures are made again. Needed where the layout came from elsewhere.
    judge
        The second network that looked at the pictures, if one did.
    anyway
        Whether to go on with other weights or other images than the figure's, and tell by how much
        it then differs. Copies of image files count as other images if their times differ.
    progress
        Whether to write progress to stderr.
    cancelled
        Asked now and then; once it returns True, `Cancelled` is raised.

    Returns
    -------
    Verification
        With `verdict`, a table `pictures`, and what differs; `str` of it is a report.

    Raises
    ------
    FigureError
        The file has no record, is damaged, or is of another model or other images.
    """
    from atlas_widget.images.opening import as_image_source
    from atlas_widget.probe import LayerProbe

    file = read_figure(Path(path).expanduser())
    record = FigureRecord.of(file.record, str(path))
    text = TextProgress(progress)
    with (
        _threads(record.threads),
        LayerProbe(
            model,
            record.layer,
            transform=transform,
            device=record.device if device is None else device,
            input_size=record.input_size,
            target=target,
        ) as probe,
    ):
        source = as_image_source(images, preprocessing=probe.preprocessing)
        others = _others(record, probe, source)
        if others and not anyway:
            raise FigureError(
                f"{str(path)!r} is not of what was given. "
                + " ".join(others)
                + " anyway=True (--anyway) compares all the same."
            )
        whole = _atlas(record, model, source, atlas, transform, probe, progress, path, cancelled)
        shown = _about(
            record, whole, model, source, transform=transform, labels=labels, target=target,
            device=probe.device,
        )  # fmt: skip
        grids = {size: shown.grid(size) for size in (record.base, record.grid)}
        scene = Scene(0, record.layer, grids, shown.samples, shown, record.subject)
        numbers = _cells(record, scene)
        now = dict(_differences(record, probe))
        exact = not now and not others and hash_layout(shown) == record.layout
        pictures = _pictures(record, scene, numbers, probe, exact, text, cancelled)
        judged = _judged(record, scene, numbers, pictures, judge, device)
    if judged is not None and judged.weights_hash != (record.judge or {}).get("weights_hash"):
        then = record.judge["name"] if record.judge is not None else "none"
        now["judge"] = f"second network: {then} then, {judged.name} with other weights now"
    return _compared(
        file, record, scene, numbers, pictures, judged, layout_made=atlas is None,
        differences=[*others, *now.values()],
    )  # fmt: skip


@contextmanager
def _threads(count: int) -> Iterator[None]:
    """Compute on as many of PyTorch's threads as before: sums depend on it."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _others(record: FigureRecord, probe: LayerProbe, source: Any) -> list[str]:
    """Say in what the model and the images are not the figure's."""
    found = []
    if probe.weights_hash != record.weights_hash:
        found.append(
            f"Other weights: the figure is of {record.model} with the weights "
            f"{record.weights_hash}, this model's are {probe.weights_hash}."
        )
    if probe.preprocessing.description != record.preprocessing:
        found.append(
            f"Another preprocessing: {probe.preprocessing.description} in place of "
            f"{record.preprocessing}."
        )
    fingerprint = source.fingerprint()
    if fingerprint != record.fingerprint:
        found.append(
            f"Other images: the figure is of {record.images} (fingerprint "
            f"{record.fingerprint}), these are {source.description} ({fingerprint}); of files it "
            "is made of names, sizes and times of change."
        )
    return found


def _differences(record: FigureRecord, probe: LayerProbe) -> Iterator[tuple[str, str]]:
    """Yield what is not as it was and may change the last bits, or all."""
    from atlas_widget.inversion import InversionSettings

    found = versions()
    for package in sorted({*found, *record.versions}):
        old, new = record.versions.get(package), found.get(package)
        if old != new:
            yield package, f"{package}: {old or 'not there'} then, {new or 'not there'} now"
    device = str(probe.device)
    if machine(device) != record.machine:
        yield "machine", f"machine: {record.machine} then, {machine(device)} now"
    elif device != record.device:
        yield "device", f"device: {record.device} then, {device} now"
    settings = f"{InversionSettings.icon().description}; seed={record.seed}"
    if settings != record.inversion:
        yield "settings", f"picture settings: {record.inversion} then, {settings} now"


def _atlas(
    record: FigureRecord,
    model: nn.Module,
    source: Any,
    given: Any,
    transform: Any,
    probe: LayerProbe,
    progress: bool,
    path: Any,
    cancelled: CancelledCallback | None,
) -> Atlas:
    """Return the atlas of all samples: the one that was given, or a new one."""
    from atlas_widget.atlas import Atlas
    from atlas_widget.atlas.files import find_atlas

    if given is not None:
        if isinstance(given, Atlas):
            return given
        return Atlas.load(find_atlas(Path(given).expanduser(), record.layer))
    settings, whole = record.settings, record.whole
    selected = whole.get("selected") if record.subject else None
    reason = next(
        (
            words
            for name, words in (
                ("layout", "its samples lie where a layout of your own put them"),
                ("like", "it was built at the places of another atlas's samples"),
            )
            if name in whole
        ),
        "",
    )
    method = settings.get("layout_method")
    if isinstance(method, dict) and "class" in method:
        reason = f"it was laid out by {str(method['class'])!r:.60}"
    if settings.get("fit_samples") is not None and not record.subject:
        reason = "it was built with fit_samples=, in a folder"
    if reason:
        raise FigureError(
            f"The atlas of {str(path)!r} cannot be made again from the record: {reason}. Give the "
            "atlas itself (atlas=, --atlas)."
        )
    named = "umap" if isinstance(method, dict) else (method or "umap-torch")
    count = selected.get("from_samples") if isinstance(selected, dict) else None
    scale = settings.get("crop_scale")
    try:
        built = Atlas.build(
            model,
            record.layer,
            source,
            transform=transform,
            input_size=record.input_size,
            num_samples=int(count or settings["num_samples"]),
            grids=sorted({record.base, record.grid}),
            seed=record.seed if record.subject else int(settings["seed"]),
            device=probe.device,
            progress=progress,
            crop_scale=None if scale is None else (float(scale[0]), float(scale[1])),
            positions_per_crop=int(settings["positions_per_crop"]),
            neighbors=None if record.subject else settings.get("neighbors"),
            layout_method=named,
            min_count=record.min_count,
            cancelled=cancelled,
        )
    except (KeyError, TypeError, IndexError) as error:
        raise FigureError(
            f"{str(path)!r} is damaged: the settings in its record are not those of an atlas "
            f"({type(error).__name__}: {error})."
        ) from error
    return built


def _about(
    record: FigureRecord, whole: Atlas, model: nn.Module, source: Any, **options: Any
) -> Atlas:
    """Return the atlas that the figure shows: of all samples, of a class or of two."""
    if not record.subject:
        return whole
    from atlas_widget.widget import AtlasWidget

    with tempfile.TemporaryDirectory(prefix="atlas_widget-") as folder:
        widget = AtlasWidget(
            model,
            record.layer,
            source,
            atlas=whole,
            grids=sorted({record.base, record.grid}),
            seed=record.seed,
            input_size=record.input_size,
            cache_dir=folder,
            **options,
        )
        try:
            widget.subject = list(record.subject)
            shown = widget.wait().shown_atlas
        finally:
            widget.close()
    if shown is None:
        raise AtlasError(f"There is no atlas of {' '.join(record.subject)!r}.")
    return shown


def _cells(record: FigureRecord, scene: Scene) -> tuple[int, ...]:
    """Return the cells of the figure, in its order; all where it has all of a grid."""
    if record.cells is not None:
        return record.cells
    cells = tuple(scene.cells(record.grid))
    if len(cells) != len(record.hashes):
        raise FigureError(
            f"The figure shows all {len(record.hashes)} cells of a {record.grid} × {record.grid} "
            f"grid; made again, that has {len(cells)}. The layout is another one: give the atlas "
            "itself (atlas=, --atlas)."
        )
    return cells


def _pictures(
    record: FigureRecord,
    scene: Scene,
    cells: Sequence[int],
    probe: LayerProbe,
    exact: bool,
    text: TextProgress,
    cancelled: CancelledCallback | None,
) -> dict[int, Picture]:
    """Make what the figure shows of each cell that is there: inversions and real crops."""
    hashes = dict(zip(cells, record.hashes, strict=True))
    states = dict(zip(cells, record.states, strict=True))
    there = [cell for cell in cells if scene.has(record.grid, cell)]
    final = {cell: hashes[cell] for cell in there if states[cell] == State.FINAL.word}
    crops = [cell for cell in there if states[cell] == State.CROP.word]
    made = make_pictures(
        probe,
        scene,
        record.grid,
        final,
        record.seed,
        exact=exact,
        progress=text.stage("pictures"),
        cancelled=cancelled,
    )
    return made | {cell: scene.crop(record.grid, cell) for cell in crops}


def _judged(
    record: FigureRecord,
    scene: Scene,
    cells: Sequence[int],
    pictures: Mapping[int, Picture],
    judge: nn.Module | None,
    device: Any,
) -> CellJudgements | None:
    if judge is None:
        return None
    from atlas_widget.inversion.judge import Judge

    looker = Judge(judge, device=device)
    try:
        there = [cell for cell in cells if scene.has(record.grid, cell)]
        return judge_pictures(looker, scene, record.grid, there, pictures, record.seed)
    finally:
        looker.close()


def _compared(
    file: ReadFigure,
    record: FigureRecord,
    scene: Scene,
    cells: Sequence[int],
    pictures: Mapping[int, Picture],
    judged: CellJudgements | None,
    *,
    layout_made: bool,
    differences: Sequence[str],
) -> Verification:
    import pandas as pd

    labels = record.labels or (None,) * len(cells)
    tiles, rows = [], []
    there = [cell for cell in cells if scene.has(record.grid, cell)]
    judge_now = dict(zip(there, judged.ranks, strict=True)) if judged is not None else {}
    judge_then = record.judge["rank"] if record.judge is not None else [None] * len(cells)
    for at, cell in enumerate(cells):
        picture = pictures.get(cell)
        row, col = divmod(cell, record.grid)
        if picture is not None:
            word = picture.state.word
            tiles.append(figures.Tile(row, col, picture.pixels, word, labels[at]))
        again = None if picture is None else hash_pixels(picture.pixels)
        rows.append(
            {
                "cell": cell,
                "state": record.states[at],
                "same": None if again is None else again == record.hashes[at],
                "cosine": record.cosines[at],
                "cosine_now": None if picture is None else picture.cosine,
                "rank": record.ranks[at],
                "rank_now": None if picture is None else picture.rank,
                "judge": judge_then[at],
                "judge_now": judge_now.get(cell),
                "mean": np.nan,
                "most": np.nan,
            }
        )
    table = pd.DataFrame(rows)
    for name in ("cosine", "cosine_now", "rank", "rank_now", "judge", "judge_now"):
        table[name] = pd.to_numeric(table[name])
    same_file = False
    if tiles:
        meaning = scene.atlas.axes if scene.atlas is not None else None
        drawing = record.drawn.figure(tiles, record.grid, meaning)
        redrawn = figures.encode(drawing, record.whole, file.kind, dpi=record.drawn.dpi)
        same_file = redrawn == file.data
        framed = drawing if file.kind == "png" else None
        apart = cell_differences(file.drawn, decode(redrawn, file.kind)[1], tiles, framed)
        compared = [at for at, cell in enumerate(cells) if cell in pictures]
        table.loc[compared, ["mean", "most"]] = apart
    done = table[table["same"].notna()]
    return Verification(
        path=file.path,
        same_file=same_file,
        same_pictures=bool(len(done)) and bool(done["same"].all()),
        same_layout=scene.atlas is not None and hash_layout(scene.atlas) == record.layout,
        layout_made=layout_made,
        pictures=table,
        between_cells=between_cells(tiles) if tiles else float("nan"),
        differences=differences,
        missing=[cell for cell in cells if not scene.has(record.grid, cell)],
    )
