import json
import math
from pathlib import Path

import pytest

from atlas_widget.errors import AtlasError
from atlas_widget.protocol import messages
from atlas_widget.protocol.messages import (
    MAX_BUFFER,
    MAX_CELLS,
    MAX_GRID,
    MAX_TEXT,
    MessageError,
    build,
    parse,
    table,
)

GOOD = {
    "ready": {"view": "a", "revision": -1},
    "visible": {"grid": 20, "cells": [0, 399], "near": [5]},
    "hover": {"grid": 20, "cell": 3},
    "inspect": {"grid": 20, "cell": 3, "request": 1, "seed": 0},
    "inspect_variants": {"grid": 20, "cell": 3, "request": 1, "seed": 0, "count": 4},
    "inspect_mix": {
        "grid": 20,
        "cell": 3,
        "other_grid": 40,
        "other_cell": 1599,
        "share": 0.25,
        "request": 1,
        "seed": 0,
    },
    "pause_inspect": {"request": 1, "paused": True},
    "more_steps": {"request": 1, "steps": 64},
    "stop_inspect": {"request": 1},
    "class_values": {"grid": 20, "cell": 3, "classes": [0, 999]},
    "diagnoses": {"grid": 20},
    "diagnosis": {"grid": 20, "cell": 3},
    "split": {"grid": 20, "cell": 3},
    "inspect_half": {"grid": 20, "cell": 3, "half": 1, "request": 7, "seed": 0},
    "crop_in_image": {"grid": 20, "cell": 3, "crop": 2},
    "acknowledge": {"sheet": 1},
    "missing": {"group": "cell:20", "numbers": []},
    "units": {},
    "units_in_sight": {"units": [3, 5], "near": [4]},
    "unit": {"unit": -1},
    "diverse_units": {"unit": 3},
    "start_unit_work": {"work": "scan"},
    "stop_unit_work": {"work": "scan"},
    "unit_map": {},
    "units_beside_in_sight": {"units": [3, 1]},
    "drop_units_beside": {},
    "compare": {"layer": "a.b"},
    "stop_comparing": {},
    "drop_comparison": {},
    "compared_in_sight": {"numbers": [3, 1]},
    "unit_values": {"grid": 20, "unit": 3},
    "graph": {},
    "graph_in_sight": {"nodes": [0, 1]},
    "prepare_image": {},
    "open_image": {"name": "a.png", "beside": False},
    "open_crop": {"grid": 20, "cell": 3, "crop": 0, "whole": True},
    "open_sample": {"sample": 17},
    "open_example": {"image": 3, "x": 0.25, "y": 1.0},
    "open_source_image": {"image": 3, "beside": True},
    "close_image": {"beside": False},
    "image_layers": {"layers": ["a", "b"]},
    "image_pictures": {"layers": [0, 2]},
    "image_position": {"layer": 1, "position": 24, "whole": True},
    "image_attribution": {"a": 281, "b": -1, "layer": 0},
    "image_groups": {"layer": 1, "count": 6, "a": 281, "b": 282},
    "image_channel": {"layer": 1, "channel": 17},
    "image_flow": {"lower": 0, "upper": 1, "count": 6},
    "image_trial": {
        "layer": 1,
        "what": "region",
        "numbers": [3, 4],
        "count": 6,
        "a": 281,
        "b": -1,
    },
    "start_image_work": {"work": "curves", "layer": 1, "class": 281},
    "stop_image_work": {"work": "curves"},
    "notes": {},
    "save_note": {
        "id": "",
        "name": "eyes",
        "text": "x" * 2000,
        "grid": 20,
        "cells": [3],
        "unit": -1,
    },
    "remove_note": {"id": "a1b2c3"},
    "influence": {"grid": 20, "class": 7, "cells": [3]},
    "strongest": {"grid": 20, "classes": [7]},
    "real_crops": {"grid": 20, "cells": [3]},
    "causal_test": {
        "grid": 20,
        "cells": [3],
        "request": 1,
        "change": "add",
        "amount": -1.5,
        "where": "sample",
        "classes": [7],
    },
    "source_images": {"first": 0, "count": 12},
    "patch_picture": {"image": 3},
    "try_patch": {
        "request": 1,
        "image": 3,
        "grid": 20,
        "cell": 3,
        "crop": -1,
        "x": 0.5,
        "y": 0.25,
        "size": 0.3,
        "class": 7,
        "corners": False,
    },
    "patch_test": {"request": 1, "grid": 20, "cell": 3, "crop": 2, "class": 7, "size": 0.3},
    "cue_classes": {"request": 1},
    "find_cues": {"request": 1, "grid": 20, "first": 7, "second": 8},
    "place_photo": {"name": "dog.jpg"},
    "remove_photo": {},
    "check_pictures": {"request": 1},
    "stop_task": {"request": 1},
    "export": {"grid": 20, "cells": [], "format": "png", "names": False, "notes": True},
    "retry": {},
}


def test_every_kind_from_the_browser_is_understood():
    assert GOOD.keys() == table()["from_browser"].keys()
    for kind, fields in GOOD.items():
        buffers = [b"JPEG"] if "buffers" in table()["from_browser"][kind] else []
        message = parse({"kind": kind, **fields}, buffers)
        assert message.kind == kind
        assert message.fields.keys() - {"buffer"} == fields.keys()
        assert message.fields.get("buffer") == (buffers[0] if buffers else None)


@pytest.mark.parametrize("buffers", [[], [b""], [b"a", b"b"], [bytes(MAX_BUFFER + 1)]])
def test_a_buffer_that_should_be_there_is_one_and_not_too_large(buffers):
    with pytest.raises(MessageError, match="buffer"):
        parse({"kind": "place_photo", "name": ""}, buffers)


def test_the_table_is_packaged_beside_the_module():
    path = Path(messages.__file__).with_name("messages.json")
    assert json.loads(path.read_text(encoding="utf-8")) == table()


def test_lists_become_tuples_and_unknown_fields_are_dropped():
    message = parse({"kind": "visible", "grid": 20.0, "cells": [1, 2.0], "near": [], "evil": 1})
    assert message["cells"] == (1, 2)
    assert "evil" not in message.fields


def test_all_of_the_finest_grid_may_be_in_sight():
    cells = list(range(MAX_GRID**2))
    message = parse({"kind": "visible", "grid": MAX_GRID, "cells": cells, "near": []})
    assert message["cells"] == tuple(cells)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "object"),
        ([], "object"),
        ("ready", "object"),
        ({}, "kind None"),
        ({"kind": 7}, "kind 7"),
        ({"kind": "hovr"}, "'hover'"),
        ({"kind": ["hover"]}, "a list"),
        ({"kind": "x" * 10**6}, "kind 'xxx"),
        ({"kind": "hover", "grid": 20}, "lacks the field 'cell'"),
        ({"kind": "hover", "grid": "20", "cell": 1}, "hover.grid must be a whole number"),
        ({"kind": "hover", "grid": True, "cell": 1}, "whole number"),
        ({"kind": "hover", "grid": 20, "cell": 1.5}, "whole number"),
        ({"kind": "hover", "grid": 20, "cell": math.nan}, "whole number"),
        ({"kind": "hover", "grid": 20, "cell": 400}, "0 to 399"),
        ({"kind": "hover", "grid": 20, "cell": -1}, "0 to 399"),
        ({"kind": "hover", "grid": 0, "cell": 0}, "1 to 160"),
        ({"kind": "hover", "grid": 10**30, "cell": 0}, "too large"),
        ({"kind": "visible", "grid": 20, "cells": "12", "near": []}, "list of cells"),
        ({"kind": "visible", "grid": 20, "cells": {"0": 1}, "near": []}, "list of cells"),
        ({"kind": "visible", "grid": 20, "cells": [None], "near": []}, "whole number"),
        ({"kind": "visible", "grid": 80, "cells": [0] * (MAX_CELLS + 1), "near": []}, "the most"),
        ({"kind": "class_values", "grid": 20, "cell": 0, "classes": 3}, "list of whole numbers"),
        ({"kind": "class_values", "grid": 20, "cell": 0, "classes": ["x"]}, "whole number"),
        ({"kind": "class_values", "grid": 20, "cell": 0, "classes": [0] * 65}, "the most is 64"),
        ({"kind": "inspect_mix", **GOOD["inspect_mix"], "other_cell": 1600}, "40 x 40"),
        ({"kind": "inspect_mix", **GOOD["inspect_mix"], "other_grid": 161}, "1 to 160"),
        ({"kind": "inspect_mix", **GOOD["inspect_mix"], "share": 1.01}, "from 0 to 1"),
        ({"kind": "inspect_mix", **GOOD["inspect_mix"], "share": math.nan}, "from 0 to 1"),
        ({"kind": "inspect_mix", **GOOD["inspect_mix"], "share": True}, "from 0 to 1"),
        ({"kind": "causal_test", **GOOD["causal_test"], "amount": math.inf}, "finite number"),
        ({"kind": "causal_test", **GOOD["causal_test"], "amount": "1"}, "finite number"),
        ({"kind": "causal_test", **GOOD["causal_test"], "amount": 10**400}, "finite number"),
        ({"kind": "try_patch", **GOOD["try_patch"], "x": 1.2}, "from 0 to 1"),
        ({"kind": "pause_inspect", "request": 1, "paused": 1}, "true or false"),
        ({"kind": "ready", "view": "v" * (MAX_TEXT + 1), "revision": 0}, "characters"),
        ({"kind": "ready", "view": 1, "revision": 0}, "must be a text"),
    ],
)
def test_what_does_not_follow_the_table_is_refused(content, said):
    with pytest.raises(MessageError, match=said) as caught:
        parse(content)
    assert isinstance(caught.value, AtlasError)
    assert len(str(caught.value)) < 300, "what arrived must not be echoed at length"


def test_messages_to_the_browser_have_exactly_the_fields_of_the_table():
    content = build("error", message="m", hint="h", fatal=False)
    assert content == {"kind": "error", "message": "m", "hint": "h", "fatal": False}
    with pytest.raises(MessageError, match="has the fields"):
        build("error", message="m")
    with pytest.raises(MessageError, match="'notice'"):
        build("notise", message="m")


def test_numbers_that_json_cannot_write_become_null():
    content = build(
        "sheet",
        sheet=1,
        revision=0,
        group="cell:20",
        state="final",
        numbers=[1, 2],
        cosine=[math.nan, 0.5],
        rank=[None, 1],
        tile=64,
        columns=2,
    )
    assert content["cosine"] == [None, 0.5]
    json.dumps(content, allow_nan=False)


def test_numpy_values_can_cross():
    np = pytest.importorskip("numpy")
    content = build(
        "layout",
        revision=np.int64(1),
        final=np.bool_(True),
        grids=[{"size": 20, "ids": np.array([1]), "counts": np.array([9])}],
        samples=np.int32(4),
        images=2,
        layer="l",
        subject=(),
        axes=[],
    )
    assert json.loads(json.dumps(content))["grids"] == [{"size": 20, "ids": [1], "counts": [9]}]


def test_labels_with_html_stay_text():
    entry = {"index": 3, "label": "<img src=x onerror=alert(1)>", "value": 1, "low": 0.5, "high": 2}
    content = build(
        "card",
        revision=0,
        grid=20,
        cell=1,
        count=3,
        cosine=None,
        rank=None,
        state="crop",
        made="",
        label=entry["label"],
        why_not="",
        look="",
        lead=None,
        classes=[entry],
        against=None,
        crops=0,
        tile=64,
    )
    assert content["label"] == entry["label"]
    assert content["classes"][0]["label"] == entry["label"]
