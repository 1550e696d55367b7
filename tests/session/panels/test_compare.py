"""The atlas beside that of another layer, network or checkpoint."""

from __future__ import annotations

import copy
import gc

import numpy as np
import pytest
import torch
from torch import nn

from atlas_widget import Atlas, compare_atlases
from atlas_widget.errors import AtlasError, LayerNotFoundError, OtherCollectionError
from tests.conftest import TinyNet, make_tiny_model, tiny_picture
from tests.session.panels.opened import forget, opened_browser


@pytest.fixture(scope="module")
def browser(tiny_images, tmp_path_factory):
    cache = tmp_path_factory.mktemp("cache")
    with opened_browser(tiny_images, cache, num_samples=200) as browser:
        yield browser


@pytest.fixture(autouse=True)
def fresh(browser):
    forget(browser)


def changed(model: nn.Module, by: float, seed: int = 7) -> nn.Module:
    torch.manual_seed(seed)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(by * torch.randn_like(parameter))
    return model


def rows_of(buffer: bytes) -> np.ndarray:
    return np.frombuffer(buffer, "<u2").reshape(7, -1)


def test_another_layer_is_compared_as_the_engine_does_it(browser, tiny_images):
    w = browser.widget
    assert w.compare("last") is w
    assert w.mode == "compare"
    found = w.wait(120).comparison
    assert found is not None
    assert found.a is w.atlas
    b = Atlas.build(
        make_tiny_model(), "last", tiny_images,
        like=w.atlas, device="cpu", layout_method="umap-torch", progress=False,
    )  # fmt: skip
    expected = compare_atlases(w.atlas, b)
    np.testing.assert_array_equal(found.b.xy, expected.b.xy)
    assert found.table().equals(expected.table())
    assert found.names == ("middle", "last")

    message, buffer = browser.answers("comparison")[-1]
    assert message["names"] == ["middle", "last"]
    assert (message["samples"], message["grid"]) == (len(w.atlas), 4)
    assert message["scores"] == expected.table().index.tolist()
    assert message["value"] == expected.table()["value"].tolist()
    units = expected.units
    pairs = zip(message["units"], message["matches"], message["correlations"], strict=True)
    for unit, match, r in pairs:
        row = units.table.loc[unit]
        assert (row["match"], row["mutual"]) == (match, True)
        assert row["r"] == pytest.approx(r)
    assert message["correlations"] == sorted(message["correlations"], reverse=True)
    assert (message["gone"], message["new"]) == (len(units.gone), len(units.new))
    rows = rows_of(buffer)
    np.testing.assert_allclose(rows[:2].T / 65535, found.a.xy, atol=1 / 65535)
    np.testing.assert_allclose(rows[2:4].T / 65535, found.b.xy, atol=1 / 65535)
    for side, at in (("a", 4), ("b", 5)):
        cells, _ = browser.answers("compared_cells", side=side)[-1]
        table = found.cells(of=side)
        assert cells["cells"] == table.index.tolist()
        assert cells["counts"] == [int((rows[at] == cell).sum()) for cell in table.index]
        assert cells["partner"] == table["partner"].fillna(-1).tolist()
        np.testing.assert_allclose(
            np.array(cells["agreement"], float), table["agreement"], equal_nan=True
        )
    running = [message["running"] for message in browser.of("comparing")]
    assert running[0] is True
    assert running[-1] is False


def test_its_cells_show_crops_at_once_and_pictures_once_in_sight(browser):
    w = browser.widget
    w.compare("last").wait(120)
    cells, _ = browser.answers("compared_cells", side="b")[-1]
    shown = cells["cells"]

    def states():
        return {
            number: sheet["state"]
            for sheet in browser.of("sheet")
            if sheet["group"] == "compared:4"
            for number in sheet["numbers"]
        }

    browser.wait(lambda: set(states()) == set(shown))
    browser.say("compared_in_sight", numbers=[*shown[:2], 9999])
    browser.wait(lambda: all(states()[cell] == "final" for cell in shown[:2]))
    # a page that is loaded again gets all of it again
    forget(browser)
    browser.open_whole()
    browser.answers("comparison")
    browser.wait(lambda: set(states()) == set(shown))
    # until the comparison is ended
    browser.say("drop_comparison")
    browser.wait(lambda: w.comparison is None)


def test_a_checkpoint_is_compared_and_stays_as_it_is(browser):
    w = browser.widget
    other = changed(make_tiny_model(), 0.3)
    before = copy.deepcopy(other.state_dict())
    w.compare(other, name="later").wait(120)
    assert w.comparison.names == ("middle", "later")
    value = w.comparison.table()["value"]
    assert value["agreement"] < 0.9
    for name, parameter in other.state_dict().items():
        assert torch.equal(parameter, before[name])
    w.compare(make_tiny_model()).wait(120)
    assert w.comparison.table()["value"]["agreement"] == pytest.approx(1)
    assert len(set(w.comparison.names)) == 2


def test_all_layers_are_read_through_one_copy_of_the_network(browser):
    def copies() -> int:
        gc.collect()
        return sum(type(each) is TinyNet for each in gc.get_objects())

    w = browser.widget
    w.compare("last").wait(120)
    before = copies()
    w.compare("stem").wait(120)
    w.compare_series(["stem", "last"]).wait(120)
    assert copies() == before


def test_another_network_is_let_go_of_with_its_comparison(browser):
    class Marked(nn.Sequential):
        pass

    def copies() -> int:
        gc.collect()
        return sum(type(each) is Marked for each in gc.get_objects())

    w = browser.widget
    other = Marked(nn.Conv2d(3, 6, 3, stride=4), nn.ReLU())
    w.compare(other, "0").wait(120)
    kept = copies()
    for _ in range(2):
        w.compare(other, "0").wait(120)
    assert copies() == kept
    w.compare("last").wait(120)
    assert copies() == 1  # the user's own
    w.compare(other, "0").wait(120)
    browser.say("drop_comparison")
    browser.wait(lambda: w.comparison is None)
    assert copies() == 1


def test_a_saved_atlas_is_compared(browser, tiny_images, tmp_path):
    w = browser.widget
    b = Atlas.build(
        changed(make_tiny_model(), 0.2), "middle", tiny_images,
        like=w.atlas, device="cpu", layout_method="umap-torch", progress=False,
    )  # fmt: skip
    b.save(tmp_path / "later")
    w.compare(tmp_path / "later").wait(120)
    message, _ = browser.answers("comparison")[-1]
    assert message["inverted"] is False  # its network is not there
    assert w.comparison.table().equals(compare_atlases(w.atlas, b).table())


def test_the_browser_asks_for_a_layer_and_stops(browser):
    w = browser.widget
    browser.say("drop_comparison")
    browser.say("compare", layer="last")
    browser.answers("comparison")
    assert w.comparison.names == ("middle", "last")
    kept = w.comparison
    forget(browser)
    browser.say("compare", layer="stem")
    browser.say("stop_comparing")
    browser.wait(lambda: [m["running"] for m in browser.of("comparing")][-1:] == [False])
    browser.say("compare", layer="lost")
    browser.wait(lambda: any("'lost'" in state["message"] for state in browser.of("comparing")))
    assert w.comparison is kept
    assert browser.of("comparison") == []


def test_a_series_is_laid_out_in_turn(browser):
    w = browser.widget
    w.compare_series(["last", make_tiny_model()], names=["start", "last", "end"]).wait(120)
    series = w.comparison
    assert series.names == ("start", "last", "end")
    np.testing.assert_array_equal(series.places[0], w.atlas.xy)
    message, buffer = browser.answers("comparison_series")[-1]
    assert message["names"] == ["start", "last", "end"]
    assert message["agreement"][0] is None
    assert message["agreement"][1:] == series.table()["agreement"].tolist()[1:]
    rows = np.frombuffer(buffer, "<u2").reshape(7, -1)
    places = rows[:6].reshape(3, 2, -1).transpose(0, 2, 1) / 65535
    np.testing.assert_allclose(places, series.places, atol=1 / 65535)
    assert (rows[6] == 65535).all()  # these images say no class
    assert message["kinds"] == []
    with pytest.raises(AtlasError, match="3 different names"):
        w.compare_series(["last", "stem"], names=["one", "two"])
    with pytest.raises(AtlasError, match="a list of layers"):
        w.compare_series("last")
    assert w.comparison is series


def test_what_cannot_be_compared_is_refused_and_nothing_is_lost(browser, tmp_path):
    w = browser.widget
    w.compare("last").wait(120)
    kept = w.comparison
    with pytest.raises(LayerNotFoundError, match="lost"):
        w.compare("lost")
    with pytest.raises(LayerNotFoundError, match="middle"):
        w.compare(nn.Sequential(nn.Conv2d(3, 4, 3)))
    with pytest.raises(AtlasError, match="go with another network"):
        w.compare("last", "middle")
    with pytest.raises(AtlasError, match="another layer, by its name"):
        w.compare(7)
    folder = tmp_path / "others"
    folder.mkdir()
    for number in range(12):
        tiny_picture(100 + number).save(folder / f"other_{number:02d}.png")
    other_images = Atlas.build(
        make_tiny_model(), "last", folder,
        num_samples=60, device="cpu", layout_method="umap-torch", progress=False,
    )  # fmt: skip
    forget(browser)
    with pytest.raises(OtherCollectionError):
        w.compare(other_images).wait(120)
    told = browser.answers("comparing", running=False)[-1][0]
    assert "other images" in told["message"]
    assert w.comparison is kept
    w.wait(10)  # the error is raised once


def test_another_atlas_of_the_layer_has_none_and_the_way_back_shows_it_again(browser):
    w = browser.widget
    w.compare("last").wait(120)
    kept = w.comparison
    w.subject = ["class", "class 0"]
    w.wait(120)
    assert w.comparison is None
    forget(browser)
    w.whole_atlas().wait(120)
    assert w.comparison is kept
    message, _ = browser.answers("comparison")[-1]
    assert message["revision"] == browser.layouts[-1]["revision"]
    # the atlas of a class is compared as any other
    w.subject = ["class", "class 0"]
    w.compare("last").wait(120)
    assert w.comparison.a is w.shown_atlas
    assert len(w.comparison) == len(w.shown_atlas) < len(w.atlas)
    w.whole_atlas().wait(120)


def test_samples_know_the_class_of_their_image_where_these_say(tmp_path):
    for number in range(24):
        folder = tmp_path / "images" / ("ape" if number % 2 else "bee")
        folder.mkdir(parents=True, exist_ok=True)
        tiny_picture(number).save(folder / f"{number:02d}.png")
    with opened_browser(tmp_path / "images", tmp_path / "cache", num_samples=120) as browser:
        w = browser.widget
        w.compare("last").wait(120)
        message, buffer = browser.answers("comparison")[-1]
        assert message["kinds"] == ["ape", "bee"]
        samples = w.comparison.a.samples
        names = np.array(samples.image_names)[samples.image_ids]
        own = [
            message["kinds"][number] in name
            for number, name in zip(rows_of(buffer)[6], names, strict=True)
        ]
        assert all(own)
        w.compare_series(["last"]).wait(120)
        message, _ = browser.answers("comparison_series")[-1]
        assert message["kinds"] == ["ape", "bee"]
        assert None not in message["same_class"]


def test_it_may_be_asked_for_before_there_is_an_atlas(tiny_images, tmp_path):
    with opened_browser(tiny_images, tmp_path, num_samples=120) as browser:
        w = browser.widget
        w.layer = "last"
        w.compare("middle").wait(120)
        assert w.comparison.names == ("last", "middle")
    with pytest.raises(AtlasError, match="has been closed"):
        w.compare("middle")
