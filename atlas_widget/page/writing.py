"""Writing a page: what is too large is not written, and what was there stays until it is whole."""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from atlas_widget.atlas.defaults import MAX_PAGE_MB
from atlas_widget.atlas.durable import sync_folder
from atlas_widget.errors import ExportError
from atlas_widget.figures import check_place
from atlas_widget.page.crops import CropPool, collect_crops, credits_of, ships_its_photos
from atlas_widget.page.document import about, document
from atlas_widget.page.sprites import icon_sheets
from atlas_widget.page.tables import CLEAR_OF_MANY, REVISION, tables
from atlas_widget.page.units import unit_sheets, unit_tables
from atlas_widget.progress import check_cancelled
from atlas_widget.protocol import messages

if TYPE_CHECKING:
    from atlas_widget.page.contents import PageContents
    from atlas_widget.page.sprites import IconSheet
    from atlas_widget.progress import CancelledCallback

__all__ = ["WrittenPage", "check_target", "write_page", "write_parts"]

_MEGABYTE = 1e6
_SUFFIXES = (".html", ".htm")


@dataclass(frozen=True)
class WrittenPage(os.PathLike[str]):
    """A page that was written.

    Attributes
    ----------
    path
        The file.
    size
        Its bytes.
    icons
        Number of pictures in it.
    crops, images
        Number of real crops in it, and of the images that they are cut from.
    """

    path: Path
    size: int
    icons: int
    crops: int
    images: int

    def __fspath__(self) -> str:
        """Return the path as text, so that `open` and `Path` take the page itself."""
        return str(self.path)

    def __str__(self) -> str:
        """Describe the page in one line."""
        photos = (
            f"{self.crops:,} real crops of {self.images:,} images"
            if self.crops
            else "no real crops"
        )
        return f"{self.path}: {self.size / _MEGABYTE:.1f} MB, {self.icons:,} pictures, {photos}"


def check_target(path: str | os.PathLike[str], *, overwrite: bool = False) -> Path:
    """Return the path of a page to be.

    Raises
    ------
    ExportError
        The suffix is not .html, the folder does not exist, or the file does.
    """
    target = Path(path).expanduser()
    if target.suffix.lower() not in _SUFFIXES:
        what = f"the suffix {target.suffix!r}" if target.suffix else "no suffix"
        hint = f" Did you mean {str(target.with_suffix('.html'))!r}?"
        raise ExportError(f"{str(target)!r} has {what}; a page is an .html file.{hint}")
    check_place(target)
    if target.exists() and not overwrite:
        raise ExportError(
            f"{str(target)!r} is there already. Give another name, or overwrite=True "
            "(--overwrite in a terminal)."
        )
    return target


def write_page(
    path: str | os.PathLike[str],
    contents: PageContents,
    *,
    max_mb: float = MAX_PAGE_MB,
    overwrite: bool = False,
    cancelled: CancelledCallback | None = None,
) -> WrittenPage:
    """Write an atlas as one HTML file. The same contents give the same bytes.

    Parameters
    ----------
    path
        Where to; ends in .html.
    contents
        What goes into it.
    max_mb
        Megabytes that the file may have.
    overwrite
        Whether it may take the place of a file that is there.
    cancelled
        Asked now and then; once it returns True, `Cancelled` is raised and nothing is written.

    Raises
    ------
    ExportError
        The target cannot be written or is there already, there is nothing to show, or the file
        would be too large; the message says what takes how much.
    """
    target = check_target(path, overwrite=overwrite)
    limit = _checked_limit(max_mb)
    icons = sum(len(grid.icons) for grid in contents.grids)
    if not icons and not contents.crops:
        raise ExportError(
            "No cell has a picture yet, so the page would be empty. Make the pictures first, as "
            "w.render() does (in a terminal: --model), or show real crops: crops=True (--crops)."
        )
    blocks: list[bytes] = []
    sheets, parts = _sheets(contents, blocks, cancelled)
    of_units = None
    if contents.units is not None:
        before = sum(map(len, blocks))
        sheets += unit_sheets(contents.units, blocks, REVISION, len(sheets))
        of_units = unit_tables(contents.units, blocks, REVISION)
        parts["pages of units"] = sum(map(len, blocks)) - before
    pool = None
    if contents.crops:
        pool = collect_crops(contents.atlas, [grid.grid for grid in contents.grids])
        first = len(blocks)
        blocks.extend(pool.sheets)
        record = pool.record(range(first, len(blocks)))
        parts["real crops (crops=False leaves them out)"] = sum(map(len, pool.sheets))
    check_cancelled(cancelled)
    known = tables(contents, sheets, record if pool else None, of_units, cancelled)
    credits: list[str] = []
    if pool is not None and ships_its_photos(contents.atlas):
        credits = credits_of(contents.atlas, pool.samples)
    facts = about(contents, _counts(contents, icons, pool))
    whole = list(document(contents, known, blocks, facts, credits))
    size = sum(map(len, whole))
    if size > limit:
        raise ExportError(_too_large(size, max_mb, parts))
    write_parts(target, whole, overwrite=overwrite)
    crops = len(pool.samples) if pool else 0
    return WrittenPage(target, size, icons, crops, pool.images if pool else 0)


def _sheets(
    contents: PageContents, blocks: list[bytes], cancelled: CancelledCallback | None
) -> tuple[list[dict[str, Any]], dict[str, int]]:
    """Add the pictures to the blocks; return their records, and the bytes of each grid's."""
    records: list[dict[str, Any]] = []
    parts: dict[str, int] = {}
    for of in contents.grids:
        size = of.grid.size
        name = f"pictures of the {size} × {size} grid"
        for sheet in icon_sheets(of.grid, of.icons, thrifty=contents.thrifty):
            check_cancelled(cancelled)
            records.append({"message": _message(len(records), size, sheet, of.icons)})
            records[-1]["block"] = len(blocks)
            blocks.append(sheet.data)
            parts[name] = parts.get(name, 0) + len(sheet.data)
    return records, parts


def _message(number: int, size: int, sheet: IconSheet, icons: Any) -> dict[str, Any]:
    from atlas_widget.page.sprites import TILE

    own = [icons[cell] for cell in sheet.cells]
    return messages.build(
        "sheet",
        sheet=number,
        revision=REVISION,
        group=f"cell:{size}",
        state=sheet.state,
        numbers=sheet.cells,
        cosine=[None if icon.cosine is None else round(icon.cosine, 4) for icon in own],
        rank=[icon.rank for icon in own],
        tile=TILE,
        columns=sheet.columns,
    )


def _counts(contents: PageContents, icons: int, pool: CropPool | None) -> dict[str, str]:
    photos = (
        f"{len(pool.samples):,}, cut from {pool.images:,} images" if pool else "none in this page"
    )
    found = {"Pictures": f"{icons:,}", "Real crops": photos}
    if contents.units is not None:
        listed = ", ".join(map(str, contents.units.pages))
        found["Pages of units"] = listed
        if contents.crops:
            found["Real crops"] += ", and the examples of these units"
    if not contents.diagnosed:
        found["Doubt"] = f"not computed, since there are {len(contents.atlas):,} samples"
    if contents.thrifty:
        found["Classes"] = (
            f"of each cell the strongest {CLEAR_OF_MANY} that it clearly argues for; a search "
            "finds no more"
        )
    return found


def _checked_limit(max_mb: float) -> float:
    if isinstance(max_mb, bool) or not isinstance(max_mb, int | float) or not max_mb > 0:
        raise ExportError(
            f"max_mb={max_mb!r}: a number of megabytes above 0, such as {MAX_PAGE_MB:g}."
        )
    return max_mb * _MEGABYTE


def _too_large(size: int, max_mb: float, parts: dict[str, int]) -> str:
    # base64 makes four characters of three bytes
    listed = ", ".join(
        f"{name} {taken * 4 / 3 / _MEGABYTE:.1f} MB" for name, taken in parts.items()
    )
    return (
        f"The page would have {size / _MEGABYTE:.1f} MB, more than max_mb={max_mb:g}: {listed}. "
        "Nothing was written. Leave out the finest grid (grids=...), or raise max_mb."
    )


def write_parts(target: Path, parts: Sequence[bytes], *, overwrite: bool) -> None:
    """Write beside the target and rename: at every moment the old file is there, or the new one."""
    temporary: Path | None = None
    try:
        # not mkstemp, whose files are for the owner alone: a page has the usual permissions
        temporary = target.with_name(f".{target.name}.{secrets.token_hex(8)}")
        with temporary.open("xb") as file:
            for part in parts:
                file.write(part)
            file.flush()
            os.fsync(file.fileno())
        if overwrite:
            temporary.replace(target)
        else:
            _rename_if_free(temporary, target)
        sync_folder(target.parent)
    except OSError as error:
        raise ExportError(f"{str(target)!r} cannot be written: {error}.") from error
    finally:
        if temporary is not None:
            with contextlib.suppress(OSError):
                temporary.unlink()


def _rename_if_free(temporary: Path, target: Path) -> None:
    """Rename a file unless the name was taken meanwhile."""
    try:
        os.link(temporary, target)  # unlike a rename, it fails where the target exists
    except FileExistsError:
        raise ExportError(f"{str(target)!r} was written by another program meanwhile.") from None
    except OSError:  # a file system without hard links
        temporary.replace(target)
