"""Image sources: the interface, and the base class of those in this package."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Protocol, runtime_checkable

from PIL import Image

from atlas_widget.errors import did_you_mean
from atlas_widget.images.array_format import ArrayFormat
from atlas_widget.images.items import image_of
from atlas_widget.images.unreadable import UnreadableImageError, or_unreadable

__all__ = ["ImageSource", "NamedImages", "evenly", "open_image", "source_notices"]

_MUCH = 0.1  # of an image's numbers: if so many are cut off, that is said


@runtime_checkable
class ImageSource(Protocol):
    """Images by number, each with a name that stays the same from one day to the next.

    A source may also have `notices` (lines that say what was assumed), `labels` (one for each
    image), `crop_scale` (sizes of crops that suit it), `concurrent` (True if several threads may
    open images at once) and `hashed` (what `fingerprint` reads), as those of this package have.

    Attributes
    ----------
    description : str
        What these images are, for the record that goes with every figure.
    unreadable : list of str
        Names of images that could not be read so far.
    """

    description: str
    unreadable: list[str]

    def __len__(self) -> int:
        """Count the images."""
        ...

    def name(self, index: int) -> str:
        """Name an image; random crops are drawn from the name, not from the order."""
        ...

    def open(self, index: int) -> Image.Image:
        """Return the image as 8-bit RGB, or raise `UnreadableImageError`."""
        ...

    def fingerprint(self) -> str:
        """Hash cheaply what determines the images: equal in another process, else different."""
        ...


class NamedImages(Sequence[Image.Image]):
    """Base of the sources in this package: a source that is also a sequence of PIL images."""

    description: str = "images"
    crop_scale: tuple[float, float] | None = None
    """Sizes of crops that suit these images, if others do than `collect.CROP_SCALE`."""
    concurrent: bool = False
    """True if `open` may be called from several threads at once, as of few users' data sets."""
    hashed: str = "all images"
    """Description of what `fingerprint` reads, for the record that goes with every figure."""

    def __init__(self) -> None:
        self.unreadable: list[str] = []
        self.reasons: dict[str, str] = {}
        self.array_format = ArrayFormat()
        self._remarks: list[str] = []
        self._cut_off: dict[str, float] = {}
        self._of_another_kind: set[str] = set()

    def __len__(self) -> int:
        raise NotImplementedError

    def name(self, index: int) -> str:
        """Name an image."""
        raise NotImplementedError

    def open(self, index: int) -> Image.Image:
        """Return the image as 8-bit RGB."""
        raise NotImplementedError

    def fingerprint(self) -> str:
        """Hash cheaply what determines the images."""
        raise NotImplementedError

    @property
    def notices(self) -> list[str]:
        """Lines for the user: what was taken for what, and what was left out."""
        lines = [*self.array_format.notices, *self._remarks]
        if self._cut_off:
            name, share = next(iter(self._cut_off.items()))
            count = len(self._cut_off)
            images = "1 image has" if count == 1 else f"{count:,} images have"
            lines.append(
                f"{images} more than a tenth of the numbers beyond what was taken for white, and "
                f"cut off ({name}: {share:.0%}). To mend that, give "
                "images=as_image_source(…, value_range=(low, high))."
            )
        if self._of_another_kind:
            lines.append(
                f"{len(self._of_another_kind):,} of the images, such as "
                f"{min(self._of_another_kind)}, have another kind of numbers than those that were "
                "looked at: integers are taken from 0 (black) to 65,535 (white), floats from 0 to "
                "1. To say otherwise, give images=as_image_source(…, value_range=(low, high))."
            )
        return lines

    def remark(self, line: str) -> None:
        """Add to the notices."""
        self._remarks.append(line)

    def note_cut_off(self, index: int, share: float) -> None:
        """Note which part of an image's numbers is cut off."""
        if share > _MUCH:
            self._cut_off.setdefault(self.name(index), share)

    def note_other_kind(self, index: int) -> None:
        """Note that an image's numbers are of a kind that was not judged."""
        self._of_another_kind.add(self.name(index))

    def _finished(self, index: int, read: Any) -> Image.Image:
        """Make 8-bit RGB of what was read, by the one format of this data set."""
        image, outside = image_of(read, self.array_format)
        self.note_cut_off(index, outside)
        if not self.array_format.knows(read):
            self.note_other_kind(index)
        return image

    @property
    def labels(self) -> list[Any] | None:
        """Label of each image, where that is known: a name, a number, a tuple of synonyms."""
        return None

    def credit(self, index: int) -> str | None:  # noqa: ARG002
        """Name author, licence and origin of an image, where they are known."""
        return None

    @property
    def names(self) -> list[str]:
        """Names of all the images, in their order."""
        return [self.name(index) for index in range(len(self))]

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return [self.open(i) for i in range(*index.indices(len(self)))]
        if isinstance(index, str):
            try:
                index = self.names.index(index)
            except ValueError:
                hint = did_you_mean(index, self.names)
                raise KeyError(f"No image is named {index!r}.{hint}") from None
        if not -len(self) <= index < len(self):
            raise IndexError(f"image {index} of {len(self)}")
        return self.open(index % len(self))

    def __iter__(self) -> Iterator[Image.Image]:
        return (self.open(index) for index in range(len(self)))

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: {self.description}>"


def open_image(source: ImageSource, index: int) -> Image.Image:
    """Return an image of any source as 8-bit RGB.

    Raises
    ------
    UnreadableImageError
        Whatever the source raised, or what it returned is no image or has no pixels.
    """
    image = or_unreadable("The image cannot be read", source.open, index)
    if not isinstance(image, Image.Image) or 0 in image.size:
        raise UnreadableImageError(f"The images gave {image!r:.80}, which is no image.")
    return image if image.mode == "RGB" else image.convert("RGB")


def source_notices(source: ImageSource) -> list[str]:
    """Say what was assumed about images, and which could not be read; nothing if all is well."""
    names = list(source.unreadable)
    lines = list(getattr(source, "notices", []))
    if names:
        shown = ", ".join(names[:3]) + (" and others" if len(names) > 3 else "")
        lines.append(f"{len(names):,} of {len(source):,} images could not be read: {shown}.")
    return lines


def evenly(total: int, count: int) -> list[int]:
    """Return up to `count` numbers below `total`, the first and the last among them."""
    if total <= count:
        return list(range(total))
    return [at * (total - 1) // (count - 1) for at in range(count)]
