import io

import numpy as np
import pytest
from PIL import Image

from atlas_widget.session.pictures.picture import Picture, State
from atlas_widget.session.pictures.sheets import (
    MAX_TILES,
    MAX_UNCONFIRMED,
    Outbox,
    encode,
    pack,
)


class Clock:
    def __init__(self):
        self.now = 100.0

    def __call__(self):
        return self.now


@pytest.fixture
def sent():
    return []


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def outbox(sent, clock):
    made = Outbox(lambda content, buffers: sent.append((content, buffers)), tile=8, clock=clock)
    made.begin(3)
    return made


def picture(value, state=State.FINAL, size=8):
    return Picture(np.full((size, size, 3), value, np.uint8), state, 0.5, 1)


def test_pack_lays_tiles_row_by_row_and_resizes():
    sheet = pack([picture(10).pixels, picture(20).pixels, picture(30, size=16).pixels], 8, 2)
    assert sheet.shape == (16, 16, 3)
    assert (sheet[:8, :8] == 10).all()
    assert (sheet[:8, 8:] == 20).all()
    assert (sheet[8:, :8] == 30).all()
    assert (sheet[8:, 8:] == 128).all()


def test_jpegs_keep_their_colours_apart():
    pixels = np.zeros((8, 8, 3), np.uint8)
    pixels[::2] = (255, 0, 0)
    back = Image.open(io.BytesIO(encode(pixels)))
    assert back.layers == 3
    assert [component[1:3] for component in back.layer] == [(1, 1)] * 3, "no colour subsampling"


def test_many_pictures_travel_in_full_sheets(outbox, sent):
    for cell in range(150):
        outbox.put("cell:20", cell, picture(cell % 256))
    outbox.flush(linger=False)
    assert [len(content["numbers"]) for content, _ in sent] == [64, 64, 22]
    assert sorted(cell for content, _ in sent for cell in content["numbers"]) == list(range(150))
    content, buffers = sent[1]
    assert content["revision"] == 3
    assert content["state"] == "final"
    sheet = np.asarray(Image.open(io.BytesIO(buffers[0])))
    for index, cell in enumerate(content["numbers"]):
        row, col = divmod(index, content["columns"])
        assert abs(int(sheet[row * 8 + 4, col * 8 + 4, 0]) - cell % 256) <= 3
    assert all(type(buffers[0]) is bytes for _, buffers in sent)


def test_at_most_eight_sheets_are_unconfirmed_and_none_is_lost(outbox, sent):
    cells = MAX_TILES * (MAX_UNCONFIRMED + 2)
    for cell in range(cells):
        outbox.put("cell:80", cell, picture(1))
    assert outbox.flush() is not None
    assert len(sent) == MAX_UNCONFIRMED
    outbox.confirm(sent[0][0]["sheet"])
    outbox.confirm(12345)
    outbox.flush()
    assert len(sent) == MAX_UNCONFIRMED + 1
    for content, _ in list(sent):
        outbox.confirm(content["sheet"])
    outbox.flush()
    assert sorted(cell for content, _ in sent for cell in content["numbers"]) == list(range(cells))
    assert outbox.waiting == 0


def test_sheets_that_nobody_confirms_do_not_stop_the_rest(outbox, sent, clock):
    for cell in range(MAX_TILES * (MAX_UNCONFIRMED + 1)):
        outbox.put("cell:80", cell, picture(1))
    assert outbox.flush() == pytest.approx(2.0)
    clock.now += 2.01
    outbox.flush()
    assert len(sent) == MAX_UNCONFIRMED + 1


def test_a_picture_that_got_better_meanwhile_is_sent_once(outbox, sent):
    outbox.put("cell:20", 7, picture(1, State.CROP))
    outbox.put("cell:20", 7, picture(2, State.ROUGH))
    outbox.put("cell:20", 7, picture(3, State.FINAL))
    outbox.put("cell:40", 7, picture(4, State.CROP))
    outbox.flush(linger=False)
    assert sorted((content["group"], content["state"]) for content, _ in sent) == [
        ("cell:20", "final"),
        ("cell:40", "crop"),
    ]


def test_a_sheet_that_is_not_full_waits_a_moment_for_more(outbox, sent, clock):
    outbox.put("cell:20", 1, picture(1))
    wait = outbox.flush()
    assert not sent
    assert 0 < wait < 1
    outbox.put("cell:20", 2, picture(1))
    clock.now += wait
    assert outbox.flush() is None
    assert sent[0][0]["numbers"] == [1, 2]


def test_a_new_revision_drops_what_waits(outbox, sent):
    outbox.put("cell:20", 1, picture(1))
    outbox.begin(4)
    outbox.put("cell:20", 2, picture(1))
    outbox.flush(linger=False)
    assert [(content["revision"], content["numbers"]) for content, _ in sent] == [(4, [2])]
