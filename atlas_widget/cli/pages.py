"""Pages of saved atlases: with what is known of them, or with a model that makes the rest."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from atlas_widget.cli.build import as_images, as_labels, as_transform
from atlas_widget.cli.models import load_model
from atlas_widget.cli.options import add_model_options, positive
from atlas_widget.errors import AtlasError

if TYPE_CHECKING:
    from atlas_widget.atlas import Atlas
    from atlas_widget.page import WrittenPage
    from atlas_widget.widget import AtlasWidget

__all__ = ["add_page_options", "load_atlas", "open_widget", "write"]


def add_page_options(parser: argparse.ArgumentParser, *, required: bool = True) -> None:
    """Add what says which atlas goes into a page, and what of it."""
    parser.add_argument(
        "folder",
        nargs=None if required else "?",
        metavar="FOLDER",
        help="a saved atlas: what `build` or Atlas.save has written",
    )
    parser.add_argument(
        "--grids",
        type=positive,
        nargs="+",
        metavar="N",
        help="cells along a side, of each grid in the page (default: those of up to 40)",
    )
    parser.add_argument(
        "--cache",
        metavar="FOLDER",
        help="where widgets keep their pictures (default: $ATLAS_WIDGET_CACHE, else the user's)",
    )
    add_model_options(parser, required=False)
    inputs = parser.add_argument_group(
        "what makes the pictures and classes that are missing, with --model"
    )
    inputs.add_argument("--images", metavar="IMAGES", help="those of the atlas, as for `build`")
    inputs.add_argument("--transform", metavar="nets.py:NAME", help="as for `build`")
    inputs.add_argument("--labels", type=Path, metavar="FILE", help="as for `build`")
    inputs.add_argument("--device", metavar="DEVICE", help="cuda where there is one, else cpu")


def load_atlas(given: argparse.Namespace) -> Atlas:
    """Return the atlas that is named."""
    from atlas_widget.atlas import Atlas

    return Atlas.load(given.folder)


def write(
    given: argparse.Namespace,
    atlas: Atlas,
    path: Path,
    *,
    crops: bool | None,
    max_mb: float,
    overwrite: bool,
) -> WrittenPage:
    """Write the page of an atlas.

    Parameters
    ----------
    given
        The options of `add_page_options`.
    atlas
        The atlas.
    path
        Where to.
    crops
        Whether real crops go into it; None if they are of the photos that this package ships.
    max_mb, overwrite
        See `atlas_widget.page.write_page`.
    """
    if given.model is None:
        for name in ("images", "transform", "labels", "weights"):
            if getattr(given, name) is not None:
                raise AtlasError(f"--{name} goes with --model, which is missing.")
        return _write_known(given, atlas, path, crops=crops, max_mb=max_mb, overwrite=overwrite)
    from atlas_widget.page import page_grids

    sizes = page_grids(atlas.grids, given.grids)
    widget = open_widget(given, atlas)
    try:
        written = widget.to_html(path, grids=sizes, crops=crops, max_mb=max_mb, overwrite=overwrite)
        for notice in widget.notices:
            print(notice, file=sys.stderr)
    finally:
        widget.close()
    return written


def open_widget(given: argparse.Namespace, atlas: Atlas) -> AtlasWidget:
    """Return a widget of the atlas with the model that is named; the caller closes it."""
    from atlas_widget.page import ships_its_photos
    from atlas_widget.widget import AtlasWidget

    if given.images is None and not ships_its_photos(atlas):
        raise AtlasError(
            "--model needs --images, those that the atlas was made of: what cells argue for is "
            "computed from them."
        )
    loaded = load_model(given.model, given.weights, given.seed)
    return AtlasWidget(
        loaded.model,
        atlas.layer,
        None if given.images is None else as_images(given.images),
        transform=as_transform(given.transform, loaded),
        labels=loaded.labels if given.labels is None else as_labels(given.labels),
        seed=given.seed,
        device=given.device,
        cache_dir=given.cache,
        atlas=given.folder,  # where its notes are, too
        input_size=atlas.provenance.get("input_size"),  # what its activations were taken at
    )


def _write_known(
    given: argparse.Namespace,
    atlas: Atlas,
    path: Path,
    *,
    crops: bool | None,
    max_mb: float,
    overwrite: bool,
) -> WrittenPage:
    """Write a page with the pictures and labels that are there, without a model."""
    from atlas_widget.page import (
        CellRecord,
        PageContents,
        PageGrid,
        page_grids,
        ships_its_photos,
        write_page,
    )
    from atlas_widget.session.cells.cached_icons import cached_icons
    from atlas_widget.session.pictures.cache import cache_folder
    from atlas_widget.session.tasks.page import icon_of

    sizes = page_grids(atlas.grids, given.grids)
    icons = cached_icons(atlas, sizes, cache_folder(given.cache), seed=given.seed)
    grids = [
        PageGrid(
            atlas.grid(size),
            {cell: icon_of(picture) for cell, picture in icons[size].items()},
            {cell: CellRecord(label) for cell, label in atlas.cell_labels.get(size, {}).items()},
        )
        for size in sizes
    ]
    contents = PageContents(
        atlas,
        grids,
        model=str(atlas.provenance.get("model", "a model")),
        crops=ships_its_photos(atlas) if crops is None else crops,
        notes=_notes(given, atlas),
    )
    return write_page(path, contents, max_mb=max_mb, overwrite=overwrite)


def _notes(given: argparse.Namespace, atlas: Atlas) -> dict[str, Any] | None:
    """Return the notes in the atlas's folder, as a page takes them."""
    from atlas_widget.atlas.files import find_atlas
    from atlas_widget.notes import NoteStore, note_fields, notes_file
    from atlas_widget.session.tasks.proof import hash_layout

    file = notes_file(find_atlas(Path(given.folder).expanduser()))
    notes = NoteStore(file, lambda text: print(text, file=sys.stderr)).read()
    layout = hash_layout(atlas)
    here = [note.unit is not None or (not note.subject and note.layout == layout) for note in notes]
    return note_fields(notes, here) if notes else None
