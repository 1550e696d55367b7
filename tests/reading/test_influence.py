"""Influence between layers on small networks in float64, by reverse and by forward mode."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
import torch
from torch import nn

from atlas_widget.errors import AtlasError, AttributionError
from tests.reading.networks import chain, image, lively, read

ALL = ["relu1", "relu2", "relu3"]


def by_hand(model, place):
    """The maps of relu1 and relu3, and the gradient of `place(h3)` for h1 by plain autograd."""
    with torch.no_grad():
        lower = model.relu1(model.conv1(image[None].double()))
    lower.requires_grad_()
    upper = model.relu3(model.conv3(model.pool(model.relu2(model.conv2(lower)))))
    (gradient,) = torch.autograd.grad(place(upper[0]), lower)
    return lower.detach()[0], upper.detach()[0], gradient[0]


def test_what_feeds_a_position_is_a_split_of_its_norm():
    model = chain(bias=False)
    with read(model, ALL) as seen:
        for position in [(0, 0), (3, 2), (5, 5)]:
            row, column = position
            lower, upper, gradient = by_hand(model, lambda h, r=row, c=column: h[:, r, c].norm())
            found = seen.between("relu1", "relu3", position=position)
            np.testing.assert_allclose(found.values, (lower * gradient).sum(0), atol=1e-13)
            norm = float(upper[:, row, column].norm())
            assert found.total == pytest.approx(norm, abs=1e-13)
            assert found.remainders == pytest.approx({"biases": 0, "rest": 0}, abs=1e-13)
            assert found.score == pytest.approx(norm, abs=1e-13)


def test_one_convolution_between_leaves_its_bias_along_the_direction():
    model = chain()
    position = (4, 7)
    with read(model, ALL) as seen:
        seen.spatial("relu1", 0)  # whose biases are not to be counted again
        found = seen.between("relu1", "relu2", position=position)
        upper = seen.activations("relu2")[:, 4, 7]
    norm = np.linalg.norm(upper)
    bias = float(upper / norm @ model.conv2.bias.detach().numpy())
    assert found.total == pytest.approx(norm - bias, abs=1e-13)
    assert found.remainders["biases"] == pytest.approx(bias, abs=1e-13)


@pytest.mark.parametrize("options", [{}, {"act": nn.GELU, "norm": True}, {"pool": "avg"}])
def test_reverse_and_forward_mode_give_one_table(options):
    with read(chain(**options), ALL) as seen:
        rows = np.stack(
            [seen.between("relu1", "relu3", position=(r, c)).values for r in range(6) for c in (2,)]
        )
        for at in [(0, 0), (5, 4), (11, 3)]:
            down = seen.between("relu1", "relu3", position=at, at="lower")
            np.testing.assert_allclose(down.values[:, 2], rows[:, at[0], at[1]], atol=1e-13)
            assert down.remainders == {}


def test_a_position_argues_for_classes_as_the_attribution_map_says():
    with read(chain(), ALL, labels=list("abcd")) as seen:
        found = seen.feeds("relu2", position=(6, 1))
        assert list(found.later) == ["relu3"]
        assert found.classes["label"].tolist() == list("abcd")
        for k in range(4):
            wanted = seen.spatial("relu2", k).values[6, 1]
            assert found.classes.loc[k, "contribution"] == pytest.approx(wanted, abs=1e-13)
        before = seen.fed_by("relu3", position=(0, 0))
        assert list(before) == ["relu1", "relu2"]
        last = seen.feeds("relu3", channel=2)
        assert last.later == {}
        assert last.classes.loc[1, "contribution"] == pytest.approx(
            seen.channels("relu3", 1).values[2], abs=1e-13
        )


def test_what_feeds_a_channel_is_a_split_of_its_sum():
    model = chain(bias=False)
    with read(model, ALL) as seen:
        for channel in range(3):
            lower, upper, gradient = by_hand(model, lambda h, c=channel: h[c].sum())
            found = seen.between("relu1", "relu3", channel=channel)
            np.testing.assert_allclose(found.values, (lower * gradient).sum((1, 2)), atol=1e-12)
            assert found.total == pytest.approx(float(upper[channel].sum()), abs=1e-12)
            for below in range(5):
                down = seen.between("relu1", "relu3", channel=below, at="lower")
                assert down.values[channel] == pytest.approx(found.values[below], abs=1e-12)


def test_of_a_convolution_by_one_it_is_the_weight_where_the_unit_is_active():
    model = chain(bias=False)
    model.conv2 = lively(nn.Conv2d(5, 6, 1, bias=False), seed=3)
    with read(model, ALL) as seen:
        lower, upper = seen.activations("relu1"), seen.activations("relu2")
        for channel in range(6):
            weights = model.conv2.weight.detach().numpy()[channel, :, 0, 0]
            wanted = weights * (lower * (upper[channel] > 0)).sum((1, 2))
            found = seen.between("relu1", "relu2", channel=channel)
            np.testing.assert_allclose(found.values, wanted, atol=1e-12)


def test_layers_that_nothing_joins_are_refused():
    class Apart(type(chain())):
        def before_head(self, x):
            x = self.relu2(self.conv2(self.relu1(self.conv1(x))))
            return self.relu3(self.conv3(self.pool(x.detach())))

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that no class values and no pictures are possible
        seen = read(lively(Apart()), ALL)
    with seen:
        assert seen.between("relu1", "relu2", position=(1, 1)).total != 0
        with pytest.raises(AttributionError, match="from 'relu3' back to 'relu2'"):
            seen.between("relu2", "relu3", position=(1, 1))
        with pytest.raises(AttributionError, match="from 'relu1' back to 'relu2'"):
            seen.between("relu2", "relu1", position=(1, 1))
        assert seen.fed_by("relu3", position=(1, 1)) == {}


def test_places_that_there_are_not_are_refused():
    with read(chain(), ALL) as seen:
        for options, words in [
            ({"position": (6, 0)}, "rows are 0 to 5, columns 0 to 5"),
            ({"position": (0, -1)}, "columns 0 to 5"),
            ({"position": (0.5, 1)}, "two whole numbers"),
            ({"position": 3}, "two whole numbers"),
            ({"channel": 7}, "units 0 to 6"),
            ({}, "one of the two"),
            ({"channel": 1, "position": (0, 0)}, "one of the two"),
            ({"channel": 1, "at": "top"}, "'upper' or 'lower'"),
        ]:
            with pytest.raises(AtlasError, match=words):
                seen.between("relu1", "relu3", **options)
