"""Photos come in every mode there is; a network gets upright 8-bit RGB."""

from __future__ import annotations

import contextlib
import io
import resource
import threading
import zlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from atlas_widget.errors import ImagesError
from atlas_widget.images import decode as decoding
from atlas_widget.images.decode import SHORTER_SIDE, UnreadableImageError, decode, to_rgb


def ramp(mode: str = "RGB") -> Image.Image:
    pixels = np.zeros((8, 16, 3), np.uint8)
    pixels[:, 8:] = (200, 100, 50)
    return Image.fromarray(pixels).convert(mode, palette=Image.Palette.ADAPTIVE)


@pytest.mark.parametrize("mode", ["RGB", "L", "1", "P", "CMYK", "YCbCr", "HSV", "LAB"])
def test_modes_become_rgb(mode: str) -> None:
    rgb = to_rgb(ramp(mode) if mode != "LAB" else Image.new("LAB", (16, 8)))
    assert rgb.mode == "RGB"
    assert rgb.size == (16, 8)
    if mode in ("RGB", "P", "CMYK", "YCbCr", "HSV"):
        difference = np.abs(np.asarray(rgb).astype(int) - np.asarray(ramp()).astype(int))
        assert difference.max() < 12


def test_what_is_transparent_becomes_grey() -> None:
    pixels = np.zeros((4, 4, 4), np.uint8)
    pixels[:2] = (255, 0, 0, 255)
    rgb = np.asarray(to_rgb(Image.fromarray(pixels)))
    assert (rgb[0, 0] == (255, 0, 0)).all()
    assert (rgb[3, 3] == 128).all()


def test_transparent_palette(tmp_path: Path) -> None:
    picture = Image.new("P", (4, 4), 0)
    picture.putpalette([0, 0, 0, 255, 255, 255])
    picture.save(tmp_path / "p.png", transparency=0)
    assert (np.asarray(decode(tmp_path / "p.png")) == 128).all()


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (np.array([[0, 65535]], np.uint16), [0, 255]),
        (np.array([[0, 70000]], np.int32), [0, 255]),
        (np.array([[0.0, 0.5]], np.float32), [0, 128]),
        (np.array([[0.0, 200.0]], np.float32), [0, 200]),
    ],
)
def test_deep_pixels(values: np.ndarray, expected: list[int]) -> None:
    assert np.asarray(to_rgb(Image.fromarray(values)))[0, :, 0].tolist() == expected


def test_sixteen_bit_png(tmp_path: Path) -> None:
    Image.fromarray(np.full((4, 4), 32768, np.uint16)).save(tmp_path / "deep.png")
    assert (np.asarray(decode(tmp_path / "deep.png")) == 128).all()


def test_rotated_by_exif(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # turn by 90° clockwise to see it upright
    ramp().save(tmp_path / "turned.jpg", exif=exif, quality=95)
    upright = decode(tmp_path / "turned.jpg")
    assert upright.size == (8, 16)
    assert np.asarray(upright)[12, 4, 0] > 150 > np.asarray(upright)[4, 4, 0]


def test_large_photos_are_decoded_smaller(tmp_path: Path) -> None:
    Image.new("RGB", (9000, 6000), (10, 200, 30)).save(tmp_path / "large.jpg")
    shorter = min(decode(tmp_path / "large.jpg").size)
    assert SHORTER_SIDE <= shorter < 2 * SHORTER_SIDE
    assert min(to_rgb(Image.new("RGB", (2500, 2100))).size) == 1050


def grey_jpeg(side: int, *, progressive: bool = False) -> bytes:
    """A grey JPEG of any size without an encoder: all its blocks are alike, in six bits each."""
    file = io.BytesIO()
    Image.new("L", (8, 8), 128).save(file, "JPEG", progressive=progressive)
    small = file.getvalue()
    frame = small.index(b"\xff\xc2" if progressive else b"\xff\xc0") + 5
    scan = small.index(b"\xff\xda")
    scan += 2 + int.from_bytes(small[scan + 2 : scan + 4])
    blocks = (side // 8) ** 2
    four = b"\x28\xa2\x8a"  # no difference to the block before (00), and its end (1010)
    size = side.to_bytes(2) * 2
    return small[:frame] + size + small[frame + 4 : scan] + four * (blocks // 4) + b"\xff\xd9"


def test_a_photo_of_nearly_a_billion_pixels_is_decoded_at_an_eighth(tmp_path: Path) -> None:
    (tmp_path / "huge.jpg").write_bytes(grey_jpeg(30_000 - 30_000 % 16))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    picture = decode(tmp_path / "huge.jpg")
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert SHORTER_SIDE <= min(picture.size) < 2 * SHORTER_SIDE
    assert (np.asarray(picture) == 128).all()
    assert grown < 300_000, "kilobytes; a byte a pixel would be 900,000"


@pytest.mark.parametrize("kind", ["progressive", "png"])
def test_what_would_fill_the_memory_is_not_read(tmp_path: Path, kind: str) -> None:
    if kind == "png":
        content = png_header(30_000, 30_000)
    else:
        content = grey_jpeg(30_000, progressive=True)[:2000]
    (tmp_path / "huge").write_bytes(content)
    with pytest.raises(UnreadableImageError, match=r"huge.*exceeds limit"):
        decode(tmp_path / "huge")


def test_large_images_are_decoded_one_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many threads read: each takes hundreds of megabytes meanwhile."""
    meeting, met, patience = threading.Barrier(2), [], 0.3

    def decoded(image: Image.Image) -> Image.Image:
        with contextlib.suppress(threading.BrokenBarrierError):
            meeting.wait(patience)
            met.append(image.size)
        return image

    monkeypatch.setattr(decoding, "upright", decoded)
    monkeypatch.setattr(decoding, "_ALONE", 16 * 8 - 1)
    file = io.BytesIO()
    ramp().save(file, "PNG")
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(decode, [file.getvalue()] * 2))
    assert met == []
    meeting, patience = threading.Barrier(2), 60
    monkeypatch.setattr(decoding, "_ALONE", 16 * 8)
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(decode, [file.getvalue()] * 2))
    assert met == [(16, 8)] * 2


def png_header(width: int, height: int) -> bytes:
    body = b"IHDR" + width.to_bytes(4) + height.to_bytes(4) + bytes([8, 2, 0, 0, 0])
    checksum = zlib.crc32(body).to_bytes(4)
    start_of_pixels = (16).to_bytes(4) + b"IDAT" + bytes(20)
    return b"\x89PNG\r\n\x1a\n" + (13).to_bytes(4) + body + checksum + start_of_pixels


def test_first_frame_of_an_animation() -> None:
    frames = [Image.new("RGB", (4, 4), colour) for colour in ("red", "blue")]
    file = io.BytesIO()
    frames[0].save(file, "GIF", save_all=True, append_images=frames[1:])
    assert np.asarray(decode(file.getvalue()))[0, 0].tolist() == [255, 0, 0]


@pytest.mark.parametrize("content", [b"", b"not an image", b"\x89PNG\r\n\x1a\n\x00\x00"])
def test_unreadable(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "broken.png").write_bytes(content)
    with pytest.raises(UnreadableImageError, match=r"broken\.png"):
        decode(tmp_path / "broken.png")
    assert issubclass(UnreadableImageError, ImagesError)


def test_truncated_photo(tmp_path: Path) -> None:
    file = io.BytesIO()
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (64, 64, 3), np.uint8)).save(
        file, "JPEG"
    )
    (tmp_path / "half.jpg").write_bytes(file.getvalue()[:1000])
    with pytest.raises(UnreadableImageError, match=r"half\.jpg"):
        decode(tmp_path / "half.jpg")


def test_users_keep_their_images_as_they_are() -> None:
    picture = ramp()
    to_rgb(picture).paste((0, 0, 0), (0, 0, 16, 8))
    assert np.asarray(picture).any()
