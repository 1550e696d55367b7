"""The channels of a position and the norms of all."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import torch
from torchvision.transforms.functional import to_pil_image

from atlas_widget import scan_units
from atlas_widget.errors import AtlasError
from atlas_widget.reading import ActivationGrid
from tests.reading.atlases import atlas_of
from tests.reading.networks import chain, identity, read

ALL = ["relu1", "relu2", "relu3"]


def test_a_dictionary_has_the_channels_by_activation_the_lower_number_first():
    with read(chain(), ALL) as seen:
        own = seen.activations("relu3")[:, 2, 4]
        table = seen.dictionary("relu3", (2, 4), None)
        assert table.index.tolist() == sorted(range(7), key=lambda c: (-own[c], c))
        np.testing.assert_array_equal(table["activation"], own[table.index])
        assert table["share"].sum() == pytest.approx(1)
        some = seen.dictionary("relu3", (2, 4), 2)
        assert some.index.tolist() == table.index.tolist()[:2]
        assert some["share"].sum() == pytest.approx((some["activation"] ** 2).sum() / (own @ own))


def test_a_dictionary_by_a_class_is_sorted_by_what_argues_for_it():
    with read(chain(), ALL, labels=list("abcd")) as seen:
        table = seen.dictionary("relu2", (3, 3), None, by="c")
        assert (np.diff(table["contribution"]) <= 0).all()
        assert table["contribution"].sum() == pytest.approx(
            seen.spatial("relu2", "c").values[3, 3], abs=1e-13
        )


def test_a_dictionary_by_two_classes_is_sorted_by_what_tells_them_apart():
    with read(chain(), ALL, labels=list("abcd")) as seen:
        table = seen.dictionary("relu2", (3, 3), None, by="c", versus="a")
        one, other = (seen.dictionary("relu2", (3, 3), None, by=each) for each in "ca")
        assert (np.diff(table["contribution"]) <= 0).all()
        np.testing.assert_allclose(
            table["contribution"].sort_index(),
            one["contribution"].sort_index() - other["contribution"].sort_index(),
            atol=1e-14,
        )
        with pytest.raises(AtlasError, match="by="):
            seen.dictionary("relu2", (3, 3), versus="a")


def test_a_scan_says_which_activations_are_unusual():
    model, rgb = chain(), torch.rand(6, 3, 12, 12, generator=torch.Generator().manual_seed(1))
    pictures = [to_pil_image(each) for each in rgb]
    given = {"transform": identity, "device": "cpu", "input_size": 12}
    stats = scan_units(model.float(), "relu2", pictures, **given).stats("relu2")
    with read(model, ALL) as seen:
        own = seen.activations("relu2")[:, 5, 6]
        table = seen.dictionary("relu2", (5, 6), None, stats=stats)
        z = (own - stats["mean"].to_numpy()) / stats["std"].to_numpy()
        assert table.index.tolist() == np.argsort(-z, kind="stable").tolist()
        np.testing.assert_allclose(table["z"], z[table.index])
        by_class = seen.dictionary("relu2", (5, 6), None, by=1, stats=stats)
        assert (np.diff(by_class["contribution"]) <= 0).all()
        np.testing.assert_allclose(by_class["z"], z[by_class.index])
        never = pd.DataFrame({"mean": own, "std": np.zeros(6)})
        assert not seen.dictionary("relu2", (5, 6), stats=never)["z"].any()
        with pytest.raises(AtlasError, match=r"layer of 7 channels give scan_units"):
            seen.dictionary("relu3", (0, 0), stats=stats)
        with pytest.raises(AtlasError, match="the columns mean;"):
            seen.dictionary("relu2", (0, 0), stats=stats[["mean"]])


def test_an_atlas_says_how_usual_an_activation_is():
    with read(chain(), ALL) as seen:
        own = seen.activations("relu3")[:, 1, 1]
        samples = np.vstack([own - 0.1, own - 0.2, own - 0.3, own + 0.1])
        table = seen.dictionary("relu3", (1, 1), None, atlas=atlas_of(samples))
        np.testing.assert_allclose(table["percentile"], 75)
        with pytest.raises(AtlasError, match="of another model or layer"):
            seen.dictionary("relu2", (1, 1), atlas=atlas_of(samples))


def test_areas_follow_the_norms():
    with read(chain(), ALL) as seen:
        grid, own = seen.grid("relu2"), seen.activations("relu2")
        np.testing.assert_allclose(grid.norms, np.sqrt((own**2).sum(0)))
        assert grid.areas.max() == 1
        np.testing.assert_allclose(grid.areas * grid.norms.max(), grid.norms)
        assert grid.strongest[0] == np.unravel_index(grid.norms.argmax(), (12, 12))
        row, column = grid.strongest[5]
        np.testing.assert_array_equal(grid.directions[12 * row + column], own[:, row, column])
    nothing = ActivationGrid.of("dead", np.zeros((3, 2, 2)))
    assert not nothing.areas.any()
    assert nothing.strongest == []
    one = np.zeros((3, 2, 2))
    one[1, 0, 1] = -2
    assert ActivationGrid.of("dead", one).strongest == [(0, 1)]


def test_positions_and_counts_that_make_no_sense_are_refused():
    with read(chain(), ALL) as seen:
        with pytest.raises(AtlasError, match="rows are 0 to 5"):
            seen.dictionary("relu3", (6, 0))
        with pytest.raises(AtlasError, match="count=0"):
            seen.dictionary("relu3", (0, 0), 0)
        with pytest.raises(AtlasError, match="count=0"):
            seen.classes(0)
