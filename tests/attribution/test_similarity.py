"""Likeness to a picture, for networks without a head."""

from collections import OrderedDict

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from atlas_widget import attribute, attribution_map
from atlas_widget.attribution import similarity_to
from atlas_widget.errors import AttributionError
from atlas_widget.probe.similarity import pooled_embedding
from tests.attribution.networks import pictures, positions, probed

prompts = torch.rand(2, 3, 32, 32, generator=torch.Generator().manual_seed(9))


@pytest.fixture
def headless():
    torch.manual_seed(1)
    body = nn.Sequential(nn.Conv2d(3, 6, 4, stride=4), nn.Tanh(), nn.Conv2d(6, 5, 3), nn.Tanh())
    with probed(body, "0") as probe:
        yield probe


def test_is_the_derivative_of_the_cosine(headless) -> None:
    values = attribute(headless, None, pictures, positions, target=similarity_to(prompts))
    assert values.shape == (3, 2)
    maps = attribution_map(headless, None, pictures, target=similarity_to(prompts))
    h = headless.activations(pictures).requires_grad_()
    rest = headless.model[1:]
    goals = F.normalize(headless.run(prompts).mean((2, 3)))
    for number in range(2):
        cosine = F.normalize(rest(h).mean((2, 3))) @ goals[number]
        (gradient,) = torch.autograd.grad(cosine.sum(), h)
        wanted = (h * gradient).sum(1).detach().numpy()
        np.testing.assert_allclose(maps[:, number], wanted, atol=1e-6)
        for picture, (row, column) in enumerate(positions):
            assert values[picture, number] == pytest.approx(wanted[picture, row, column], abs=1e-6)
    assert np.abs(values).max() > 1e-3


def test_is_greatest_for_the_prompt_itself(headless) -> None:
    ready = similarity_to(prompts, names=["one", "other"]).for_probe(headless)
    cosine = ready.scores(headless.run(prompts), 2)
    assert ready.names == ("one", "other")
    assert torch.allclose(cosine.diagonal(), torch.ones(2), atol=1e-5)
    assert ready.key == similarity_to(prompts).for_probe(headless).key
    assert ready.key != similarity_to(prompts[:1]).for_probe(headless).key
    assert similarity_to(prompts[0]).for_probe(headless).names == ("similarity",)


def test_the_vector_of_a_picture_in_any_output() -> None:
    vector, tokens, grid = torch.rand(3, 4), torch.rand(3, 7, 4), torch.rand(3, 4, 2, 2)
    assert pooled_embedding(vector, 3) is vector
    assert torch.equal(pooled_embedding((tokens, vector), 3), tokens.mean(1))
    assert torch.equal(pooled_embedding([grid], 3), grid.mean((2, 3)))
    named = OrderedDict(last_hidden_state=tokens, pooler_output=vector)
    assert pooled_embedding(named, 3) is vector
    with pytest.raises(AttributionError, match="embedding=lambda"):
        pooled_embedding({"boxes": torch.rand(9, 4)}, 3)


def test_a_person_may_say_which_vector_is_meant(headless) -> None:
    corner = similarity_to(prompts[0], embedding=lambda output: output[:, :, 0, 0])
    values = attribution_map(headless, None, pictures, target=corner)
    assert np.abs(values[:, 0, :3, :3]).max() > 0
    assert np.abs(values[:, 0, 3:, 3:]).max() == 0  # the corner does not see that far
    wrong = similarity_to(prompts[0], embedding=lambda output: output[:, 0])
    with pytest.raises(AttributionError, match=r"must give a tensor \(n, d\)"):
        attribution_map(headless, None, pictures, target=wrong)
    with pytest.raises(AttributionError, match="2 prompts but 1 names"):
        attribution_map(headless, None, pictures, target=similarity_to(prompts, names=["one"]))


def test_transformers_without_a_head() -> None:
    transformers = pytest.importorskip("transformers")
    sizes = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2}
    config = transformers.Dinov2Config(image_size=28, patch_size=7, mlp_ratio=2, **sizes)
    torch.manual_seed(0)
    with probed(transformers.Dinov2Model(config), "layernorm", 28) as probe:
        small = F.interpolate(pictures, (28, 28))
        target = similarity_to(
            prompts[0], embedding=lambda output: output.last_hidden_state.mean(1)
        )
        values = attribute(probe, None, small, positions, target=target)
        assert values.shape == (3, 1)
        assert values.any()
