"""Several layers in one pass give what each gives alone, and memory that runs out is no end."""

from __future__ import annotations

import pytest
import torch

from atlas_widget.probe import LayerProbe
from atlas_widget.probe.several import LayersReader, open_layers

LAYERS = ["middle", "stem.0", "pool"]


@pytest.fixture
def rgb() -> torch.Tensor:
    return torch.rand(6, 3, 64, 64, generator=torch.Generator().manual_seed(1))


def test_each_layer_is_what_it_is_alone(tiny_model, rgb) -> None:
    """One of them is a convolution, whose batch norm must not be folded into it here."""
    probes = open_layers(tiny_model, LAYERS, input_size=64, device="cpu")
    maps = LayersReader(probes)(rgb)
    for layer, found in zip(LAYERS, maps, strict=True):
        with LayerProbe(tiny_model, layer, input_size=64, device="cpu") as alone:
            torch.testing.assert_close(found, alone.activations(rgb), rtol=1e-4, atol=1e-5)


def test_layers_share_one_set_of_weights(tiny_model) -> None:
    one, other, _ = open_layers(tiny_model, LAYERS, input_size=64, device="cpu")
    assert one.model.head.weight is other.model.head.weight
    assert one.model.head.weight is not tiny_model.head.weight


def test_nothing_beyond_the_last_layer_runs(tiny_model, rgb) -> None:
    probes = open_layers(tiny_model, ["stem", "middle"], input_size=64, device="cpu")
    reader = LayersReader(probes)
    ran = []
    encoders = [encoder for probe in probes for encoder in (probe.plain, probe.accelerated())]
    for encoder in encoders:
        encoder.runner.model.last.register_forward_hook(lambda *_: ran.append(1))
    reader(rgb)
    assert not ran


class Greedy(torch.nn.Module):
    """Has memory for two pictures at once."""

    def __init__(self, inner: torch.nn.Module) -> None:
        super().__init__()
        self.inner = inner

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if len(x) > 2:
            raise torch.OutOfMemoryError("CUDA out of memory.")
        return self.inner(x)


def test_a_batch_too_large_for_memory_is_halved(tiny_model, rgb) -> None:
    probes = open_layers(Greedy(tiny_model), ["inner.middle"], input_size=64, device="cpu")
    reader = LayersReader(probes)
    (found,) = reader(rgb)
    assert reader.most == 2
    (plain,) = LayersReader(open_layers(tiny_model, ["middle"], input_size=64, device="cpu"))(rgb)
    torch.testing.assert_close(found, plain)


def test_memory_that_does_not_suffice_for_one_picture(tiny_model, rgb) -> None:
    probes = open_layers(tiny_model, ["middle"], input_size=64, device="cpu")
    reader = LayersReader(probes)

    def refuse(*_) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory.")

    for encoder in (probes[0].plain, probes[0].accelerated()):
        encoder.runner.model.stem.register_forward_pre_hook(refuse)
    with pytest.raises(torch.OutOfMemoryError):
        reader(rgb)
