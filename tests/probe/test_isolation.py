"""However a model is wrapped, the private copy runs, or an error says that it cannot."""

from __future__ import annotations

import pytest
import torch

from atlas_widget import AtlasError, LayerProbe
from atlas_widget.probe import PrivateModel
from tests.probe.wrappers import FOLLOWED, REFUSED, Wrappable

PLAIN = {"mean": (0, 0, 0), "std": (1, 1, 1)}
pictures = torch.rand(2, 3, 32, 32, generator=torch.Generator().manual_seed(3))


@pytest.fixture
def model():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return Wrappable().train()  # in which a pass would change the batch norm


def state_of(model):
    return {name: value.clone() for name, value in model.state_dict().items()}


def same_state(model, before):
    return all(torch.equal(value, before[name]) for name, value in model.state_dict().items())


@pytest.mark.parametrize("wrap", FOLLOWED, ids=lambda wrap: wrap.__name__)
def test_a_wrapped_model_is_followed_to_its_copy(model, wrap):
    twin = Wrappable().eval()
    twin.load_state_dict(model.state_dict())
    wrap(model)
    before = state_of(model)
    with LayerProbe(model, "conv", transform=PLAIN, input_size=32, device="cpu") as probe:
        with torch.no_grad():
            wanted = twin.conv(twin.stem(pictures))
        torch.testing.assert_close(probe.activations(pictures), wanted)
        fast = probe.accelerated()
        torch.testing.assert_close(fast(pictures).detach(), wanted, rtol=1e-4, atol=1e-5)
        torch.testing.assert_close(probe.outputs(pictures), twin(pictures))
        assert probe.encode(pictures.clone().requires_grad_()).requires_grad
    assert same_state(model, before)
    if hasattr(model, "counter"):
        assert model.counter.calls == 0


@pytest.mark.parametrize("wrap", REFUSED, ids=lambda wrap: wrap.__name__)
def test_what_cannot_be_followed_is_refused_before_anything_changes(model, wrap):
    wrap(model)
    before = state_of(model)
    with pytest.raises(AtlasError, match=r"still leads to your own.*'stem\.\d\."):
        PrivateModel(model, input_size=32, device="cpu")
    assert same_state(model, before)


def test_a_model_that_catches_everything_does_not_hide_it(model):
    class Catching(torch.nn.Module):
        def __init__(self, inner):
            super().__init__()
            self.inner = inner

        def forward(self, x):
            try:
                return self.inner(x)
            except Exception:
                return torch.zeros(len(x), 5)

    REFUSED[0](model)
    with pytest.raises(AtlasError, match="still leads to your own"):
        PrivateModel(Catching(model), input_size=32, device="cpu")


def test_a_list_that_a_closure_writes_to_stays_as_it_is(model):
    old, seen = model.stem.forward, []

    def forward(x):
        seen.append(x)
        return old(x)

    model.stem.forward = forward
    with LayerProbe(model, "conv", input_size=32, device="cpu") as probe:
        probe.activations(pictures)
    assert not seen


@pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::DeprecationWarning")
def test_a_part_that_is_compiled_with_torchscript(model):
    twin = Wrappable().eval()
    twin.load_state_dict(model.state_dict())
    model.stem = torch.jit.script(model.stem.eval())
    with LayerProbe(model.eval(), "conv", transform=PLAIN, input_size=32, device="cpu") as probe:
        torch.testing.assert_close(
            probe.activations(pictures), twin.conv(twin.stem(pictures)).detach()
        )
    with pytest.raises(AtlasError, match="TorchScript"):
        LayerProbe(model, "stem.0", input_size=32, device="cpu")
