"""A scan finds the strongest examples of every unit, and its numbers are those of all positions."""

from __future__ import annotations

import copy

import numpy as np
import pytest
import torch
from PIL import Image
from scipy import stats

from atlas_widget.errors import AtlasError, OtherCollectionError, SavedAtlasError
from atlas_widget.probe.pictures import as_rgb
from atlas_widget.progress import Cancelled
from atlas_widget.units import UnitScan, scan_units, shards
from atlas_widget.units import scan as scan_module
from atlas_widget.units.layer_scan import LayerScan
from tests.conftest import make_tiny_model, tiny_picture

COUNT = 40


@pytest.fixture(scope="module")
def pictures() -> list[Image.Image]:
    return [tiny_picture(number, (48, 48)) for number in range(COUNT)]


@pytest.fixture(scope="module")
def model() -> torch.nn.Module:
    return make_tiny_model()


def scanned(model, pictures, **options) -> UnitScan:
    options = {"input_size": 32, "device": "cpu", "progress": False} | options
    return scan_units(model, ["stem", "middle"], pictures, **options)


@pytest.fixture(scope="module")
def scan(model, pictures) -> UnitScan:
    return scanned(model, pictures, labels=[number % 3 for number in range(COUNT)])


@pytest.fixture(scope="module")
def maps(model, pictures) -> dict[str, np.ndarray]:
    """The layers' maps by plain hooks, all at once."""
    from atlas_widget import LayerProbe

    rgb = as_rgb(pictures, 32)
    found = {}
    for layer in ("stem", "middle"):
        with LayerProbe(model, layer, input_size=32, device="cpu") as probe:
            found[layer] = probe.activations(rgb).numpy()
    return found


@pytest.mark.parametrize("layer", ["stem", "middle"])
@pytest.mark.parametrize("part", ["top", "bottom"])
def test_examples_are_those_of_a_search_over_all_positions(scan, maps, layer, part):
    sign = 1 if part == "top" else -1
    h = sign * maps[layer].astype(np.float64)
    columns = h.shape[3]
    for unit in range(h.shape[1]):
        best = h[:, unit].reshape(COUNT, -1)
        order = np.argsort(-best.max(1), kind="stable")[:10]
        found = scan.examples(layer, unit, part, count=10)
        np.testing.assert_allclose(
            found.activation, sign * best.max(1)[order], atol=1e-5 * np.abs(h).max()
        )
        for row in found.itertuples():
            value = h[row.image, unit, row.row, row.column]
            assert value == pytest.approx(best[row.image].max(), abs=1e-5 * np.abs(h).max())
            assert 0 <= row.column < columns
        assert found.image.is_unique


@pytest.mark.parametrize("layer", ["stem", "middle"])
def test_statistics_are_those_of_all_positions(scan, maps, layer):
    h = np.moveaxis(maps[layer], 1, 0).reshape(maps[layer].shape[1], -1).astype(np.float64)
    table = scan.stats(layer)
    np.testing.assert_allclose(table["max"], h.max(1), rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(table["min"], h.min(1), rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(table["mean"], h.mean(1), rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(table["std"], h.std(1), rtol=1e-4, atol=1e-6)
    alive = h.std(1) > 0
    np.testing.assert_allclose(
        table["skew"][alive], stats.skew(h[alive], axis=1), rtol=1e-3, atol=1e-3
    )
    np.testing.assert_allclose(
        table["kurtosis"][alive], stats.kurtosis(h[alive], axis=1), rtol=1e-3, atol=1e-3
    )
    np.testing.assert_allclose(table["active"], (h > 0).mean(1), atol=1e-3)
    np.testing.assert_allclose(table["zero"], (h == 0).mean(1), atol=1e-3)


@pytest.mark.parametrize("layer", ["stem", "middle"])
def test_the_share_of_the_largest_positions_is_that_of_a_sort(scan, maps, layer):
    h = np.moveaxis(maps[layer], 1, 0).reshape(maps[layer].shape[1], -1).astype(np.float64)
    positive = np.sort(np.maximum(h, 0), axis=1)[:, ::-1]
    count = 0.01 * h.shape[1]
    whole, part = int(count), count % 1
    largest = positive[:, :whole].sum(1) + part * positive[:, whole]
    total = positive.sum(1)
    found = scan.stats(layer)["top1_share"].to_numpy()
    some = total > 0
    assert some.any()
    np.testing.assert_allclose(found[some], (largest[some] / total[some]), rtol=0.1)
    assert np.isnan(found[~some]).all()


def test_the_share_of_the_largest_positions_by_hand():
    row = torch.zeros(1, 3, 1, 1000)
    row[0, 0] = 3.0  # all alike: 1 % carry 1 %
    row[0, 1, 0, :5] = 7.0  # half a percent carry all
    row[0, 2] = -1.0
    shares = LayerScan.of(row, [0]).top_share()
    np.testing.assert_allclose(shares[:2], [0.01, 1])
    assert np.isnan(shares[2])


def test_statistics_by_hand():
    maps = torch.tensor([0.0, 0.0, 0.0, 4.0]).view(1, 1, 2, 2)
    scan = LayerScan.of(maps, [0])
    mean, std, _, kurtosis = scan.moments()
    assert mean[0] == 1
    assert std[0] == pytest.approx(np.sqrt(3))
    assert kurtosis[0] == pytest.approx(-2 / 3)
    assert (scan.positive[0], scan.zero[0]) == (1, 3)
    whole = UnitScan(
        {"layer": scan},
        {"layers": {"layer": {"map_size": [2, 2], "boxes": [[0, 0, 1, 1]] * 4}}},
        ["a"],
        [],
        np.array([-1]),
    )
    row = whole.stats("layer").iloc[0]
    assert row["sparseness"] == pytest.approx(3 / 4)
    assert row["active"] == 0.25
    example = whole.examples("layer", 0).iloc[0]
    assert (example.activation, example.row, example.column) == (4, 1, 1)


def test_equal_activations_come_by_image_and_then_row_by_row():
    maps = torch.tensor([[1.0, 3, 3, 0], [3, 0, 0, 3], [2, 0, 0, 0]]).view(3, 1, 2, 2)
    scan = LayerScan.of(maps, [4, 7, 9])
    assert scan.top_images[0].tolist() == [4, 7, 9]
    assert scan.top_positions[0].tolist() == [1, 0, 0]
    one, other = LayerScan.of(maps[1:], [7, 9]), LayerScan.of(maps[:1], [4])
    assert one.merge(other).top_images[0].tolist() == [4, 7, 9]


def test_parts_merge_in_any_order(model, pictures, scan):
    parts = [
        scanned(model, pictures, part=slice(start, start + 10), labels=list(range(COUNT)))
        for start in range(0, COUNT, 10)
    ]
    one = parts[0].merge(parts[1]).merge(parts[2]).merge(parts[3])
    other = parts[3].merge(parts[1].merge(parts[2].merge(parts[0])))
    for layer in ("stem", "middle"):
        for each in (one, other):
            np.testing.assert_allclose(
                each.stats(layer)[["max", "min", "mean", "std", "active", "zero"]],
                scan.stats(layer)[["max", "min", "mean", "std", "active", "zero"]],
                rtol=1e-4, atol=1e-5,
            )  # fmt: skip
        top, bottom = one.layers[layer], other.layers[layer]
        np.testing.assert_array_equal(top.top_images, bottom.top_images)
        np.testing.assert_array_equal(top.images, np.arange(COUNT))


def test_the_same_image_in_two_parts_is_refused(model, pictures):
    one = scanned(model, pictures, part=slice(0, 10))
    with pytest.raises(AtlasError, match="5 images are in both"):
        one.merge(scanned(model, pictures, part=slice(5, 15)))


def test_scans_of_other_models_or_images_do_not_merge(model, pictures):
    one = scanned(model, pictures, part=slice(0, 10))
    torch.manual_seed(1)
    changed = copy.deepcopy(model)
    with torch.no_grad():
        next(changed.parameters()).add_(0.1)
    with pytest.raises(OtherCollectionError, match="weights"):
        one.merge(scanned(changed, pictures, part=slice(10, 20)))
    with pytest.raises(OtherCollectionError, match="images"):
        one.merge(scanned(model, pictures[::-1], part=slice(10, 20)))


def test_an_interrupted_scan_goes_on_where_it_was(model, pictures, tmp_path, monkeypatch, scan):
    monkeypatch.setattr(scan_module, "_SHARD", 10)
    seen = []

    def stop() -> bool:
        return len(seen) > 0 and seen[-1] >= 20

    with pytest.raises(Cancelled):
        scanned(
            model, pictures, folder=tmp_path, batch_size=5, cancelled=stop,
            progress=lambda done, _total: seen.append(done),
        )  # fmt: skip
    kept = sorted(path.name for path in tmp_path.glob("shard-*"))
    assert len(kept) == 2
    opened = []
    monkeypatch.setattr(shards, "as_rgb", lambda *args: opened.append(1) or as_rgb(*args))
    again = scanned(model, pictures, folder=tmp_path, batch_size=5)
    assert len(opened) == COUNT - 20
    np.testing.assert_array_equal(again.layers["stem"].top_images, scan.layers["stem"].top_images)
    loaded = UnitScan.load(tmp_path)
    for name, array in again.layers["middle"].arrays().items():
        np.testing.assert_array_equal(array, loaded.layers["middle"].arrays()[name])
    with pytest.raises(OtherCollectionError, match="images"):
        scanned(model, pictures[::-1], folder=tmp_path, batch_size=5)


def test_what_is_no_scan_cannot_be_loaded(tmp_path, scan):
    with pytest.raises(SavedAtlasError, match="no readable scan"):
        UnitScan.load(tmp_path / "nothing")
    scan.save(tmp_path)
    (tmp_path / "scan.safetensors").write_bytes(b"damaged")
    with pytest.raises(SavedAtlasError, match="no readable scan"):
        UnitScan.load(tmp_path)


def test_labels_give_selectivity_with_an_interval(scan):
    table = scan.stats("middle")
    usable = table["selectivity"].notna()
    assert usable.any()
    some = table[usable]
    assert ((some.selectivity_low <= some.selectivity) | (some.selectivity_low < 1)).all()
    assert (some.selectivity_low <= some.selectivity_high).all()
    assert set(some.best_class) <= {"0", "1", "2"}
    assert scan.examples("middle", 0).label.isin(["0", "1", "2"]).all()


def test_without_labels_there_is_no_selectivity(model, pictures):
    plain = scanned(model, pictures[:10])
    assert "selectivity" not in plain.stats("stem")
    assert plain.examples("stem", 0).label.isna().all()
    with pytest.raises(AtlasError, match="11 labels were given for 10 images"):
        scanned(model, pictures[:10], labels=[0] * 11)


def test_what_was_not_scanned_is_named(scan):
    with pytest.raises(AtlasError, match="Did you mean 'middle'"):
        scan.stats("midle")
    last = scan.layers["stem"].units - 1
    with pytest.raises(AtlasError, match=f"units 0 to {last}"):
        scan.examples("stem", last + 1)
    with pytest.raises(AtlasError, match="'top' or 'bottom'"):
        scan.examples("stem", 0, "middle")


def test_images_that_cannot_be_read_are_left_out_and_named(model, tmp_path):
    for number in range(4):
        tiny_picture(number).save(tmp_path / f"{number}.png")
    (tmp_path / "2.png").write_bytes(b"no image")
    found = scanned(model, tmp_path)
    assert found.images == 3
    assert list(found.unreadable) == ["2.png"]
    assert 2 not in found.layers["stem"].images


def test_the_users_model_stays_as_it_is(pictures):
    model = make_tiny_model().train()
    before = copy.deepcopy(model.state_dict())
    scanned(model, pictures[:5])
    assert model.training
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert not any(module._forward_hooks for module in model.modules())
