from collections import OrderedDict, namedtuple

import pytest
import torch

from atlas_widget import LayerProbe
from atlas_widget.errors import LayerOutputError
from atlas_widget.probe.outputs import (
    Layout,
    class_scores,
    find_tensor,
    folded_rows,
    layouts_of,
    replaced,
    tensor_at,
)
from tests.probe.models import ChannelsLast, Returns, named_maps

Pair = namedtuple("Pair", "map extra")
x = torch.rand(2, 4, 6, 6)


def probe(make, layer="layer"):
    return LayerProbe(Returns(make), layer, input_size=32, device="cpu")


def test_tuple_with_one_map_uses_it():
    assert probe(lambda x: (x, None)).map_size == (8, 8)
    assert probe(lambda x: (x.mean((2, 3)), x)).kind == "map"
    assert probe(lambda x: Pair(extra=3, map=x)).channels == 4


def test_dictionary_with_several_maps_says_which_there_are():
    with pytest.raises(LayerOutputError, match=r"'layer\['fine'\]' is \(2, 4, 8, 8\)"):
        probe(named_maps)
    assert probe(named_maps, "layer['coarse']").map_size == (4, 4)
    assert probe(named_maps, "layer[fine]").map_size == (8, 8)
    with pytest.raises(LayerOutputError, match=r"no output \['nothing'\]"):
        probe(named_maps, "layer['nothing']")


def test_obvious_names():
    assert find_tensor({"last_hidden_state": x, "other": x}, (), "l", 2) == ("last_hidden_state",)


def test_attention_weights_beside_tokens_are_not_meant():
    tokens, attention = torch.rand(2, 17, 8), torch.rand(2, 4, 17, 17)
    assert find_tensor((tokens, attention), (), "l", 2) == (0,)


@pytest.mark.parametrize(
    "make",
    [
        lambda x: x.argmax(1),
        lambda x: x.flatten(),
        lambda x: x[:1].repeat(8, 1, 1, 1),  # windows folded into the batch
        lambda _: "text",
        lambda _: {},
        lambda _: None,
        lambda x: x[..., None, None],
    ],
)
def test_what_an_atlas_cannot_be_made_of(make):
    with pytest.raises(LayerOutputError, match="'layer'"):
        probe(make)


def test_replaced_keeps_the_kind_of_output():
    new = torch.zeros(1)
    assert replaced(x, (), new) is new
    pair = replaced(Pair(x, 3), (0,), new)
    assert isinstance(pair, Pair)
    assert pair.map is new
    assert pair.extra == 3
    nested = OrderedDict(a=[x, {"b": x}])
    changed = replaced(nested, ("a", 1, "b"), new)
    assert tensor_at(changed, ("a", 1, "b")) is new
    assert tensor_at(nested, ("a", 1, "b")) is x


@pytest.mark.parametrize(
    ("shape", "last"),
    [((2, 8, 5, 5), False), ((2, 5, 5, 8), True), ((2, 8, 1, 1), False), ((2, 1, 1, 8), True)],
)
def test_channels_first_or_last_by_shape(shape, last):
    layout = layouts_of(torch.rand(shape), torch.nn.Identity(), None, "l")[0]
    assert layout == Layout("map", channels_last=last)
    assert layout.channels(torch.rand(shape)) == 8


def test_where_the_shape_does_not_tell_the_module_does():
    cube = torch.rand(2, 6, 6, 6)
    assert layouts_of(cube, torch.nn.LayerNorm(6), None, "l")[0].channels_last
    assert layouts_of(cube, torch.nn.Linear(3, 6), None, "l")[0].channels_last
    assert not layouts_of(cube, torch.nn.Conv2d(3, 6, 1), None, "l")[0].channels_last


@pytest.mark.parametrize(
    ("tokens", "hint", "prefix"),
    [
        (197, None, 1),
        (196, None, 0),
        (198, None, 2),
        (201, 5, 5),
        (196, 5, 0),
        (5, 1, 1),
        (9, 5, 5),
    ],
)
def test_prefix_tokens(tokens, hint, prefix):
    assert layouts_of(torch.rand(2, tokens, 3), torch.nn.Identity(), hint, "l")[0].prefix == prefix


def test_tokens_that_are_no_square():
    with pytest.raises(LayerOutputError, match="615 tokens"):
        layouts_of(torch.rand(2, 615, 3), torch.nn.Identity(), None, "l")


def test_tokens_fold_row_by_row_and_the_map_is_a_view():
    tokens = torch.arange(2 * 7 * 3.0).reshape(2, 7, 3)
    layout = Layout("tokens", prefix=1)
    folded = layout.as_map(tokens, aspect=2 / 3)
    assert folded.shape == (2, 3, 2, 3)
    assert torch.equal(folded[0, :, 1, 0], tokens[0, 4])
    folded[0, :, 1, 0] = -1
    assert torch.equal(tokens[0, 4], torch.full((3,), -1.0))


def test_folded_rows():
    assert folded_rows(16, 1.0) == 4
    assert folded_rows(12, 3 / 4) == 3
    assert folded_rows(7, 1.0) is None


def test_channels_last_maps_through_the_probe():
    model = ChannelsLast().eval()
    pictures = torch.rand(2, 3, 32, 32)
    with LayerProbe(model, "norm", input_size=32, device="cpu") as one:
        assert (one.kind, one.channels, one.map_size) == ("map", 6, (8, 8))
        wanted = model.norm(model.conv(one.preprocessing(pictures)).permute(0, 2, 3, 1))
        torch.testing.assert_close(one.activations(pictures), wanted.permute(0, 3, 1, 2).detach())


def test_class_scores():
    scores = torch.rand(2, 5)
    assert class_scores(scores, 2) is scores
    assert class_scores({"logits": scores, "loss": None}, 2) is scores
    assert class_scores((scores, x), 2) is scores
    assert class_scores({"last_hidden_state": torch.rand(2, 3, 4), "pooler": scores}, 2) is None
    assert class_scores(x, 2) is None
