import threading

import pytest
import torch
from torch import nn

from atlas_widget import AtlasError, LayerProbe
from atlas_widget.probe.private_copy import private_copy
from tests.probe.models import SmallNet

CPU = torch.device("cpu")


def state_of(model):
    """Everything about a model that must be left as found."""
    return (
        [(name, module.training) for name, module in model.named_modules()],
        [
            (name, id(p), p.requires_grad, p.dtype, p.device, p._version, id(p.grad))
            for name, p in model.named_parameters()
        ],
        [(name, id(b), b._version) for name, b in model.named_buffers()],
        [(name, list(module._forward_hooks)) for name, module in model.named_modules()],
        [(name, list(module._forward_pre_hooks)) for name, module in model.named_modules()],
        [module.inplace for module in model.modules() if isinstance(module, nn.ReLU)],
    )


def test_the_model_is_left_as_found():
    model = SmallNet().train()
    model.bn1.eval()  # mixed modes are kept apart
    model.conv1.weight.requires_grad_(False)
    model(torch.rand(2, 3, 32, 32)).sum().backward()
    seen = []
    model.conv2.register_forward_hook(lambda *args: seen.append(args[2]))
    before, random = state_of(model), torch.get_rng_state()
    with LayerProbe(model, "conv2", input_size=32, device="cpu") as probe:
        pictures = torch.rand(2, 3, 32, 32, generator=torch.Generator().manual_seed(0))
        probe.activations(pictures)
        probe.encode(pictures.requires_grad_()).sum().backward()
        probe.outputs(pictures)
        probe.accelerated()(pictures)
        probe.receptive_field()
        assert any("training mode" in notice for notice in probe.notices)
        assert any("1 forward hook" in notice for notice in probe.notices)
    assert state_of(model) == before
    assert not seen
    assert torch.equal(torch.get_rng_state(), random)


def test_the_copy_is_in_evaluation_mode_without_gradients_hooks_and_in_place_layers():
    model = SmallNet().train()
    model.conv1.register_forward_hook(lambda *_: None)
    ours, _ = private_copy(model, CPU)
    assert not any(module.training for module in ours.modules())
    assert not any(parameter.requires_grad for parameter in ours.parameters())
    assert not ours.conv1._forward_hooks
    assert not ours.relu.inplace
    assert model.relu.inplace


def test_an_activation_kept_by_the_person_does_not_stop_the_copy():
    model = SmallNet()
    model.conv1.register_forward_hook(lambda module, _, out: setattr(module, "kept", out))
    model.kept_too = [model(torch.rand(1, 3, 32, 32))]
    ours, _ = private_copy(model, CPU)
    assert torch.equal(ours.conv1.weight, model.conv1.weight)


def test_what_cannot_be_copied_is_shared():
    model = SmallNet().eval()
    model.lock = threading.Lock()  # deepcopy refuses these
    model.parts = [model.conv1]
    ours, _ = private_copy(model, CPU)
    pictures = torch.rand(2, 3, 32, 32)
    torch.testing.assert_close(ours(pictures), model(pictures))
    assert ours.parts[0] is ours.conv1 is not model.conv1
    ours.conv1.weight.zero_()
    assert model.conv1.weight.abs().sum() > 0


def test_a_replaced_forward_works_on_the_copy():
    model = SmallNet().eval()
    model.forward = lambda x: model.conv2(model.relu(model.bn1(model.conv1(x))))
    with LayerProbe(model, "conv2", input_size=32, device="cpu") as probe:
        assert probe.channels == 8
        assert not model.conv2._forward_hooks


@pytest.mark.parametrize(
    "norm", [torch.nn.utils.weight_norm, torch.nn.utils.parametrizations.weight_norm]
)
@pytest.mark.filterwarnings("ignore::FutureWarning")
def test_weights_that_are_computed(norm):
    model = SmallNet().eval()
    norm(model.conv2)
    model(torch.rand(1, 3, 32, 32))
    ours, notices = private_copy(model, CPU)
    pictures = torch.rand(2, 3, 32, 32)
    torch.testing.assert_close(ours(pictures), model(pictures))
    assert not notices
    with LayerProbe(model, "conv2", input_size=32, device="cpu") as probe:
        pictures.requires_grad_()
        torch.testing.assert_close(probe.accelerated()(pictures), probe.encode(pictures))


def test_half_precision_is_computed_in_single():
    model = SmallNet().eval().to(torch.bfloat16)
    with LayerProbe(model, "conv2", input_size=32, device="cpu") as probe:
        assert probe.dtype == torch.float32
        assert any("bfloat16" in notice for notice in probe.notices)
        assert probe.activations(torch.rand(1, 3, 32, 32)).dtype == torch.float32
    assert model.conv1.weight.dtype == torch.bfloat16


def test_double_precision_stays():
    with LayerProbe(SmallNet().double(), "conv2", input_size=32, device="cpu") as probe:
        assert probe.dtype == torch.float64
        assert probe.outputs(torch.rand(1, 3, 32, 32)).dtype == torch.float32


def test_tied_weights_stay_tied():
    model = nn.Sequential(nn.Conv2d(3, 3, 1), nn.Conv2d(3, 3, 1))
    model[1].weight = model[0].weight
    ours, _ = private_copy(model, CPU)
    assert ours[0].weight is ours[1].weight is not model[0].weight


def test_models_without_values():
    with torch.device("meta"):
        model = SmallNet()
    with pytest.raises(AtlasError, match="meta"):
        private_copy(model, CPU)
    with pytest.raises(AtlasError, match="lazy"):
        private_copy(nn.Sequential(nn.LazyConv2d(3, 1)), CPU)


def test_their_forward_in_another_thread_neither_disturbs_nor_is_disturbed():
    model = SmallNet().eval()
    pictures = torch.rand(2, 3, 32, 32)
    wanted = model(pictures).detach()
    stop, wrong = threading.Event(), []

    def theirs():
        while not stop.is_set():
            if not torch.equal(model(pictures), wanted):
                wrong.append("their forward pass changed")

    thread = threading.Thread(target=theirs)
    thread.start()
    try:
        with LayerProbe(model, "relu:1", input_size=32, device="cpu") as probe:
            ours = probe.activations(pictures)
            fast = probe.accelerated()
            for _ in range(30):
                assert torch.equal(probe.activations(pictures), ours)
                torch.testing.assert_close(fast(pictures), ours)
                row = torch.tensor([1, 2])
                probe.derivatives.along_positions(pictures, row, row, probe.target.scores)
    finally:
        stop.set()
        thread.join()
    assert not wrong


def test_a_probe_may_be_shared_by_threads():
    with LayerProbe(SmallNet(), "relu:0", input_size=32, device="cpu") as probe:
        pictures = torch.rand(2, 3, 32, 32)
        wanted = probe.activations(pictures)
        results = []

        def work():
            row = torch.tensor([1, 2])
            for _ in range(10):
                results.append(torch.equal(probe.activations(pictures), wanted))
                probe.derivatives.along_positions(pictures, row, row, probe.target.scores)
                results.append(probe.derivatives.mode == "forward")

        threads = [threading.Thread(target=work) for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert results == [True] * 60
