"""What a trial finds out when a layer is opened: it works, or the cause is named."""

from __future__ import annotations

import threading

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.utils import checkpoint
from torchvision.ops import DeformConv2d

from atlas_widget import AtlasError, LayerProbe, attribute, attribution_map
from atlas_widget.errors import AttributionError, LayerOutputError
from atlas_widget.probe.checkpointing import without_checkpointing
from tests.probe.models import SmallNet

PLAIN = {"mean": (0, 0, 0), "std": (1, 1, 1)}
pictures = torch.rand(3, 3, 32, 32, generator=torch.Generator().manual_seed(3))
where = np.array([[5, 5], [8, 3], [2, 9]])


def opened(model, layer):
    return LayerProbe(model.eval(), layer, transform=PLAIN, input_size=32, device="cpu")


def said(probe):
    return " ".join(probe.notices)


# -- A function of the picture


def test_an_ordinary_model_is_told_nothing():
    with opened(SmallNet(), "conv2") as probe:
        assert probe.notices == []


def test_batch_statistics_are_named():
    model = SmallNet()
    model.bn1 = nn.BatchNorm2d(6, track_running_stats=False)
    with opened(model, "conv2") as probe:
        assert "depends on the other pictures" in said(probe)
        assert "'bn1'" in said(probe)
    with opened(model, "conv1") as probe:  # the scores still do
        assert "depends on the other pictures" in said(probe)


def test_random_parts_are_told():
    class Random(SmallNet):
        def forward(self, x: Tensor) -> Tensor:
            return super().forward(nn.functional.dropout(x, 0.5))

    with opened(Random(), "conv2") as probe:
        assert "something else each time" in said(probe)
        assert "reverse mode" not in said(probe)


def test_a_model_for_one_batch_size():
    class Pairs(SmallNet):
        def forward(self, x: Tensor) -> Tensor:
            if len(x) == 1:
                raise RuntimeError("batch size is static")
            return super().forward(x)

    with opened(Pairs(), "conv2") as probe:
        assert "not on one alone" in said(probe)


# -- Derivatives


class Branched(nn.Module):
    """A plain branch, and another of a kind that forward mode may drop."""

    def __init__(self, branch) -> None:
        super().__init__()
        self.a, self.b, self.h = nn.Conv2d(3, 8, 3, 2, 1), nn.Conv2d(8, 8, 3, 1, 1), nn.Linear(8, 5)
        self.offset = nn.Conv2d(8, 18, 3, 1, 1)
        self.deformable = DeformConv2d(8, 8, 3, padding=1)
        self.branch = branch

    def forward(self, x: Tensor) -> Tensor:
        y = self.a(x)
        return self.h(y.mean((2, 3)) + 3 * self.branch(self, y).mean((2, 3)))


def plainly(net, y):
    return net.b(y)


def deformed(net, y):
    return net.deformable(y, net.offset(y).tanh())


def frozen(net, y):
    with torch.no_grad():
        return net.b(y)


@pytest.mark.parametrize(
    ("branch", "mode"),
    [(plainly, "forward"), (deformed, "reverse per score"), (frozen, "twice reverse")],
)
def test_attribution_is_what_plain_reverse_mode_gives(branch, mode):
    model, box = Branched(branch).eval(), {}

    def hook(_module, _args, out):
        box["h"] = out.detach().requires_grad_()
        return box["h"].clone()

    handle = model.a.register_forward_hook(hook)
    scores = model(pictures)
    handle.remove()
    right = []
    for number in range(5):
        (gradient,) = torch.autograd.grad(scores[:, number].sum(), box["h"], retain_graph=True)
        products = (gradient * box["h"]).sum(1).detach()
        right.append([float(products[i, r, c]) for i, (r, c) in enumerate(where)])
    with opened(model, "a") as probe:
        found = attribute(probe, None, pictures, where)
        assert probe.derivatives.mode == mode
        assert ("reverse mode" in said(probe)) == (mode != "forward")
    np.testing.assert_allclose(found, np.array(right).T, rtol=1e-4, atol=1e-6)


class Frozen(SmallNet):
    @torch.no_grad()
    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x)


def test_a_forward_under_no_grad_is_differentiated_all_the_same():
    plain, frozen_ = SmallNet(), Frozen()
    frozen_.load_state_dict(plain.state_dict())
    with opened(plain, "conv1") as one, opened(frozen_, "conv1") as other:
        assert "no_grad" in said(other)
        np.testing.assert_allclose(
            attribution_map(other, None, pictures, [1]), attribution_map(one, None, pictures, [1])
        )
        assert other.receptive_field() == one.receptive_field()


def test_inference_mode_is_named():
    class Inference(SmallNet):
        @torch.inference_mode()
        def forward(self, x: Tensor) -> Tensor:
            return super().forward(x)

    with opened(Inference(), "conv1") as probe:
        assert "inference_mode" in said(probe)
        assert "inference_mode" in probe.no_classes
        assert probe.activations(pictures).shape == (3, 6, 16, 16)


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::UserWarning")
def test_int8_is_named():
    model = SmallNet().eval()
    int8 = torch.ao.quantization.quantize_dynamic(model, {nn.Linear}, dtype=torch.qint8)
    with opened(int8, "conv2") as probe:
        assert "int8" in said(probe)
        with pytest.raises(AttributionError, match=r"'fc'.*int8"):
            attribution_map(probe, None, pictures, [0])
        with pytest.raises(AttributionError, match=r"'fc'.*int8"):
            attribute(probe, None, pictures, where[:, :2] % 8)


# -- Checkpointing


class Checkpointed(nn.Module):
    def __init__(self, reentrant: bool | None) -> None:
        super().__init__()
        self.a, self.b, self.h = nn.Conv2d(3, 8, 3, 2, 1), nn.Conv2d(8, 8, 3, 2, 1), nn.Linear(8, 5)
        self.reentrant = reentrant

    def forward(self, x: Tensor) -> Tensor:
        def run(y: Tensor) -> Tensor:
            return self.b(self.a(y).relu())

        if self.reentrant is None:
            return self.h(run(x).mean((2, 3)))
        return self.h(checkpoint.checkpoint(run, x, use_reentrant=self.reentrant).mean((2, 3)))


@pytest.mark.parametrize("reentrant", [True, False])
def test_checkpointing_changes_nothing(reentrant):
    plain, model = Checkpointed(None), Checkpointed(reentrant)
    model.load_state_dict(plain.state_dict())
    with opened(plain, "a") as one, opened(model, "a") as other:
        assert other.notices == []
        np.testing.assert_allclose(
            attribute(other, None, pictures, where), attribute(one, None, pictures, where)
        )
        np.testing.assert_allclose(
            attribution_map(other, None, pictures, [2]), attribution_map(one, None, pictures, [2])
        )
        assert other.receptive_field() == one.receptive_field()


def test_blocks_that_checkpointing_takes_apart_are_found():
    timm = pytest.importorskip("timm")
    model = timm.create_model("resnet10t", num_classes=5)
    model.set_grad_checkpointing(True)
    with LayerProbe(model.eval(), "layer3", input_size=32, device="cpu") as probe:
        assert probe.channels == 256
    assert model.grad_checkpointing


def test_checkpointing_in_another_thread_goes_on_meanwhile():
    ran = []

    def count(x: Tensor) -> Tensor:
        ran.append(threading.current_thread())
        return x * 2

    def theirs() -> None:
        x = torch.ones(2, requires_grad=True)
        for reentrant in (True, False):
            checkpoint.checkpoint(count, x, use_reentrant=reentrant).sum().backward()

    with without_checkpointing():
        thread = threading.Thread(target=theirs)
        thread.start()
        thread.join()
        # forward, and again in the backward pass (but for what needs no saved values)
        assert len(ran) >= 3
        ran.clear()
        theirs()
        assert len(ran) == 2
    assert checkpoint.CheckpointFunction.__module__ == "torch.utils.checkpoint"


# -- Places


class Tokens(nn.Module):
    """A patch embedding whose tokens are then put into some other order or shape."""

    def __init__(self, change) -> None:
        super().__init__()
        self.embed = nn.Conv2d(3, 8, 4, 4)
        self.order = nn.Identity()
        self.change = change
        self.h = nn.Linear(8, 5)

    def forward(self, x: Tensor) -> Tensor:
        y = self.order(self.change(self.embed(x)))
        return self.h(y.reshape(len(x), 8, -1).mean(2))


def test_where_rows_of_tokens_are_is_measured():
    for change, kind in (
        (lambda y: y, "map"),
        (lambda y: y.permute(0, 2, 3, 1), "map"),
        (lambda y: y.flatten(2).transpose(1, 2), "tokens"),
        (lambda y: y.flatten(2), "tokens"),
        (lambda y: nn.functional.pad(y.flatten(2).transpose(1, 2), (0, 0, 1, 0)), "tokens"),
        (lambda y: nn.functional.pad(y.flatten(2).transpose(1, 2), (0, 0, 0, 2)), "tokens"),
    ):
        with opened(Tokens(change), "order") as probe:
            assert (probe.kind, probe.channels, probe.map_size) == (kind, 8, (8, 8))
            wanted = probe.model.embed(pictures)
            assert torch.equal(probe.activations(pictures), wanted)


def test_channels_last_where_both_are_possible():
    class Square(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.embed, self.last, self.h = nn.Conv2d(3, 8, 4, 4), nn.Identity(), nn.Linear(8, 5)

        def forward(self, x: Tensor) -> Tensor:
            return self.h(self.last(self.embed(x).permute(0, 2, 3, 1)).mean((1, 2)))

    with opened(Square(), "last") as probe:  # 8 × 8 × 8
        assert torch.equal(probe.activations(pictures), probe.model.embed(pictures))


def blocks(y: Tensor) -> Tensor:
    """As NesT has them: (n, blocks, tokens of a block, channels)."""
    return y.reshape(len(y), 8, 2, 4, 2, 4).permute(0, 2, 4, 3, 5, 1).reshape(len(y), 4, 16, 8)


def inner_first(y: Tensor) -> Tensor:
    """As Hiera has them: places within a window before the window."""
    order = y.reshape(len(y), 8, 4, 2, 4, 2).permute(0, 3, 5, 2, 4, 1)
    return order.reshape(len(y), 64, 8)


def heads(y: Tensor) -> Tensor:
    return y.flatten(2).transpose(1, 2).reshape(len(y), 64, 2, 4).transpose(1, 2)


@pytest.mark.parametrize(
    "change",
    [blocks, inner_first, heads, lambda y: y.flatten(2).flip(2).transpose(1, 2)],
    ids=["blocks", "inner first", "heads", "backwards"],
)
def test_what_is_no_map_in_row_order_is_refused(change):
    with pytest.raises(LayerOutputError, match="no map of it"):
        opened(Tokens(change), "order")


# -- Outputs


def test_a_head_that_was_taken_off():
    model = SmallNet()
    model.fc = nn.Identity()
    with opened(model, "conv2") as probe:
        assert probe.num_classes is None
        assert "similarity_to" in probe.no_classes


def test_an_embedding():
    class Embedding(SmallNet):
        def forward(self, x: Tensor) -> Tensor:
            return nn.functional.normalize(super().forward(x))

    with opened(Embedding(), "conv2") as probe:
        assert "length one" in probe.no_classes


def test_several_outputs_are_listed():
    class Two(SmallNet):
        def forward(self, x: Tensor):
            scores = super().forward(x)
            return scores, scores[:, :2]

    with opened(Two(), "conv2") as probe:
        assert probe.num_classes == 7
        assert "output[1] (2,)" in said(probe)
        assert "target=" in said(probe)
    target = lambda output: output[1][:, 0]  # noqa: E731
    with LayerProbe(Two().eval(), "conv2", input_size=32, device="cpu", target=target) as probe:
        assert probe.num_classes == 1
        assert "output[1]" not in said(probe)


def test_colours_stay_for_a_model_that_would_broadcast_one_channel():
    class Own(nn.Module):
        """The convolution that comes first is not the first to run."""

        def __init__(self) -> None:
            super().__init__()
            self.edges = nn.Conv2d(1, 4, 3)
            self.register_buffer("mean", torch.tensor([0.1, 0.5, 0.9])[:, None, None])
            self.colour = nn.Conv2d(3, 4, 3)
            self.h = nn.Linear(4, 5)

        def forward(self, x: Tensor) -> Tensor:
            x = x - self.mean
            y = self.colour(x) + self.edges(x[:, :1])
            return self.h(y.mean((2, 3)))

    model = Own().eval()
    with opened(model, "colour") as probe:
        torch.testing.assert_close(probe.outputs(pictures), model(pictures))


def test_the_generator_of_random_numbers_is_left_alone():
    model, before = SmallNet(), torch.get_rng_state()
    with opened(model, "conv2"):
        pass
    assert torch.equal(torch.get_rng_state(), before)


def test_a_graph_of_torch_export_is_explained():
    program = torch.export.export(SmallNet().eval(), (torch.rand(2, 3, 32, 32),))
    with pytest.raises(AtlasError, match="unflatten"):
        LayerProbe(program.module(), "conv2", input_size=32, device="cpu")
