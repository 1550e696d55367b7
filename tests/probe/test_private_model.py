"""One copy of a model serves any number of layers, and is freed with the last of them."""

from __future__ import annotations

import gc
import threading
import weakref

import pytest
import torch
from torch import nn

from atlas_widget import AtlasError, LayerProbe
from atlas_widget.probe import PrivateModel
from tests.probe.models import SmallNet

pictures = torch.rand(2, 3, 32, 32, generator=torch.Generator().manual_seed(3))


def weight_bytes(*models: nn.Module) -> int:
    """Bytes of the distinct storages behind the parameters of some models."""
    storages = {
        parameter.untyped_storage().data_ptr(): parameter.untyped_storage().nbytes()
        for model in models
        for parameter in model.parameters()
    }
    return sum(storages.values())


def reachable_bytes(probes: list[LayerProbe]) -> int:
    """Bytes of all weights that some probes work with, the faster copies included."""
    encoders = [encoder for probe in probes for encoder in (probe.plain, probe.accelerated())]
    return weight_bytes(*(encoder.runner.model for encoder in encoders))


class Deep(nn.Module):
    """Twelve convolutions with batch norm, a layer after each."""

    def __init__(self) -> None:
        super().__init__()
        self.blocks = nn.ModuleList(
            nn.Sequential(
                nn.Conv2d(32 if i else 3, 32, 3, padding=1), nn.BatchNorm2d(32), nn.ReLU()
            )
            for i in range(12)
        )
        self.head = nn.Linear(32, 5)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        for block in self.blocks:
            x = block(x)
        return self.head(x.mean((2, 3)))


def test_many_layers_cost_one_set_of_weights() -> None:
    with PrivateModel(Deep(), input_size=32, device="cpu") as private:
        first = LayerProbe(private, "blocks.0")
        one = reachable_bytes([first])
        rest = [LayerProbe(private, f"blocks.{i}") for i in range(1, 12)]
        assert reachable_bytes([first, *rest]) == one
        # a convolution that is read without its norm is all that another layer can add
        raw = LayerProbe(private, "blocks.3.0")
        added = reachable_bytes([first, *rest, raw]) - one
        assert added <= weight_bytes(raw.model.get_submodule("blocks.3.0"))
        for probe in (first, *rest, raw):
            with LayerProbe(private.model, probe.layer, input_size=32, device="cpu") as alone:
                assert torch.equal(probe.activations(pictures), alone.activations(pictures))
                fast, theirs = probe.accelerated(), alone.accelerated()
                assert torch.equal(fast(pictures), theirs(pictures))
                assert fast.folded == theirs.folded


def test_the_copy_lives_as_long_as_a_layer_of_it_is_open() -> None:
    private = PrivateModel(SmallNet(), input_size=32, device="cpu")
    gone = weakref.ref(private.model)
    one, other = LayerProbe(private, "conv1"), LayerProbe(private, "conv2")
    private.close()
    one.accelerated()
    one.close()
    with pytest.raises(AtlasError, match="'conv1' has been closed"):
        one.activations(pictures)
    assert other.outputs(pictures).shape == (2, 7)
    third = LayerProbe(other.private_model, "relu:1")
    other.close()
    assert third.activations(pictures).shape[1] == 8
    third.close()
    gc.collect()
    assert gone() is None
    with pytest.raises(AtlasError, match="closed"):
        LayerProbe(private, "conv1")


def test_a_copy_that_is_open_itself_outlives_its_layers() -> None:
    with PrivateModel(SmallNet(), input_size=32, device="cpu") as private:
        LayerProbe(private, "conv1").close()
        with LayerProbe(private, "conv2") as probe:
            assert probe.map_size == (8, 8)
        assert private.outputs(pictures).shape == (2, 7)


def test_a_probe_that_is_dropped_does_not_keep_the_copy() -> None:
    private = PrivateModel(SmallNet(), input_size=32, device="cpu")
    gone = weakref.ref(private.model)
    LayerProbe(private, "conv1").accelerated()
    gc.collect()
    private.close()
    gc.collect()
    assert gone() is None


def test_what_the_model_is_asked_of_holds_for_all_layers() -> None:
    with PrivateModel(SmallNet(), input_size=32, device="cpu", target=[2, 5]) as private:
        assert LayerProbe(private, "conv1").num_classes == 2
        assert LayerProbe(private, "conv1", target=1).num_classes == 1
        assert LayerProbe(private, "conv2").outputs(pictures).shape == (2, 2)
        assert LayerProbe(private, "conv1").weights_hash == private.weights_hash
        with pytest.raises(AtlasError, match="pass them to PrivateModel"):
            LayerProbe(private, "conv1", input_size=64)


def test_layers_of_one_copy_may_be_read_in_several_threads() -> None:
    with PrivateModel(SmallNet(), input_size=32, device="cpu") as private:
        probes = [LayerProbe(private, layer) for layer in ("relu:0", "relu:1", "conv2")]
        wanted = [probe.activations(pictures) for probe in probes]
        scores = private.outputs(pictures)
        same: list[bool] = []

        def read(probe: LayerProbe, expected: torch.Tensor) -> None:
            for _ in range(30):
                same.append(torch.equal(probe.activations(pictures), expected))
                same.append(torch.equal(probe.outputs(pictures), scores))

        threads = [
            threading.Thread(target=read, args=pair) for pair in zip(probes, wanted, strict=True)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert same == [True] * 180


def test_layers_of_a_model_that_fails_later() -> None:
    class Half(SmallNet):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            self.bn1(self.conv1(x))
            raise RuntimeError("needs more")

    with PrivateModel(Half(), device="cpu") as private:
        assert not private.complete
        with LayerProbe(private, "conv1") as one, LayerProbe(private, "bn1") as other:
            assert one.accelerated().folded == 0
            assert other.accelerated().folded == 1
            assert any("needs more" in notice for notice in other.notices)
        with pytest.raises(AtlasError, match="could not be run"):
            LayerProbe(private, "conv2")
