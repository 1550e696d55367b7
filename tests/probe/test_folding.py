import pytest
import torch
from torch import nn

from atlas_widget import LayerProbe
from atlas_widget.probe import folding
from atlas_widget.probe.derivatives import Derivatives
from tests.probe.models import Folded, SmallNet

pictures = torch.rand(3, 3, 32, 32, generator=torch.Generator().manual_seed(3))


def agree(probe, fast):
    one, other = (pictures.clone().requires_grad_() for _ in range(2))
    wanted, found = probe.encode(one), fast(other)
    torch.testing.assert_close(found, wanted, rtol=1e-4, atol=1e-5)
    for rgb, encoded in ((one, wanted), (other, found)):
        encoded.square().sum().backward()
        assert rgb.grad is not None
    torch.testing.assert_close(other.grad, one.grad, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize(
    ("layer", "folded"), [("conv1", 1), ("bn1", 2), ("conv2", 1), ("relu:1", 2)]
)
def test_folds_unless_the_layer_lies_between(layer, folded):
    with LayerProbe(SmallNet(), layer, input_size=32, device="cpu") as probe:
        fast = probe.accelerated()
        assert fast.folded == folded
        agree(probe, fast)
        assert probe.encode(pictures).shape == fast(pictures).shape


def test_only_pairs_that_the_flow_of_data_shows():
    # plain + target fold; used twice, run twice and norm before convolution do not
    with LayerProbe(Folded(), "target_bn", input_size=32, device="cpu") as probe:
        fast = probe.accelerated()
        assert fast.folded == 2
        agree(probe, fast)


def test_norms_of_timm_keep_their_activation():
    timm = pytest.importorskip("timm")
    model = timm.create_model("tf_efficientnet_lite0")
    with LayerProbe(model, "blocks.1.0", input_size=32, device="cpu") as probe:
        fast = probe.accelerated()
        assert fast.folded == 49
        agree(probe, fast)


def test_weights_computed_from_others_are_left():
    model = SmallNet()
    torch.nn.utils.parametrizations.weight_norm(model.conv1)
    with LayerProbe(model, "bn2", input_size=32, device="cpu") as probe:
        fast = probe.accelerated()
        assert fast.folded == 1
        agree(probe, fast)


def test_batch_statistics_are_left():
    model = SmallNet()
    model.bn1 = nn.BatchNorm2d(6, track_running_stats=False)
    with LayerProbe(model, "bn2", input_size=32, device="cpu") as probe:
        assert probe.accelerated().folded == 1
        agree(probe, probe.accelerated())


def test_networks_without_batch_norm_or_convolution():
    plain = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(4 * 900, 3))
    with LayerProbe(plain, "1", input_size=32, device="cpu") as probe:
        assert probe.accelerated().folded == 0
        agree(probe, probe.accelerated())
    dense = nn.Sequential(nn.Flatten(), nn.Linear(3072, 4), nn.ReLU(), nn.Linear(4, 3))
    with LayerProbe(dense, "2", device="cpu") as probe:
        assert probe.input_size == 32
        assert probe.accelerated().memory_format == torch.contiguous_format
        agree(probe, probe.accelerated())


def test_no_gradients_of_weights_and_no_second_copy_of_what_never_runs():
    with LayerProbe(SmallNet(), "bn1", input_size=32, device="cpu") as probe:
        fast = probe.accelerated()
        fast(pictures.clone().requires_grad_()).sum().backward()
        theirs, ours = probe._open().runner.model, fast.runner.model
        assert all(parameter.grad is None for parameter in ours.parameters())
        assert ours.unused.weight is theirs.unused.weight
        assert ours.conv1.weight is not theirs.conv1.weight
        assert theirs.conv1.bias is None  # the probe's own network is not folded


def test_models_that_fail_after_the_layer():
    class Half(SmallNet):
        def forward(self, x):
            self.bn1(self.conv1(x))
            raise RuntimeError("needs more")

    with LayerProbe(Half(), "bn1", input_size=32, device="cpu") as probe:
        assert probe.accelerated().folded == 1
        agree(probe, probe.accelerated())


def test_scores_and_their_derivatives_stay_the_same():
    rows = torch.tensor([1, 2, 3])
    with LayerProbe(SmallNet(), "conv1", input_size=32, device="cpu") as probe:
        fast = probe.derivatives
        assert fast.encoder.folded == 1
        plain = Derivatives(probe._open(), "conv1")
        torch.testing.assert_close(
            fast.along_positions(pictures, rows, rows, probe.target.scores),
            plain.along_positions(pictures, rows, rows, probe.target.scores),
            rtol=1e-4,
            atol=1e-5,
        )


def test_what_a_network_without_a_head_returns_is_checked_too():
    body = torch.nn.Sequential(*list(SmallNet().children())[:2], torch.nn.Conv2d(6, 4, 3))
    with LayerProbe(body, "2", input_size=32, device="cpu") as probe:
        assert probe.accelerated().folded == 1
    with LayerProbe(body, "0", input_size=32, device="cpu") as probe:
        tensor, output = folding._answers(probe._open(), pictures, True)
        torch.testing.assert_close(tensor, probe.encode(pictures))
        torch.testing.assert_close(output, probe.run(pictures))


def test_one_copy_for_all():
    with LayerProbe(SmallNet(), "conv1", input_size=32, device="cpu") as probe:
        assert probe.accelerated() is probe.accelerated()
        assert probe.derivatives.encoder is probe.accelerated()


def test_it_outlives_the_probe():
    probe = LayerProbe(SmallNet(), "bn1", input_size=32, device="cpu")
    fast = probe.accelerated()
    probe.close()
    assert fast(pictures).shape == (3, 6, 16, 16)
