import subprocess
import sys

import pytest
import torch
import torchvision.models as zoo
from torch import nn

from atlas_widget import AtlasError, LayerProbe
from atlas_widget.errors import LayerOutputError
from tests.probe.models import Digits, SmallNet, Wrapped, to_signed

pictures = torch.rand(2, 3, 64, 64, generator=torch.Generator().manual_seed(3))


def vit():
    return zoo.VisionTransformer(
        image_size=64, patch_size=16, num_layers=2, num_heads=2, hidden_dim=24, mlp_dim=32
    )


def timm_vit():
    timm = pytest.importorskip("timm")
    return timm.create_model("vit_tiny_patch16_224", img_size=64, depth=2)


def hugging_face_vit():
    transformers = pytest.importorskip("transformers")
    sizes = {"hidden_size": 24, "num_hidden_layers": 2, "num_attention_heads": 2}
    config = transformers.ViTConfig(image_size=64, intermediate_size=32, num_labels=9, **sizes)
    return transformers.ViTForImageClassification(config)


@pytest.mark.parametrize(
    ("make", "layer", "kind", "channels", "map_size"),
    [
        (lambda: zoo.googlenet(init_weights=False), "inception4c", "map", 512, (4, 4)),
        (zoo.resnet18, "layer3", "map", 256, (4, 4)),
        (zoo.resnet18, "avgpool", "map", 512, (1, 1)),
        (zoo.mobilenet_v3_small, "features.6", "map", 40, (4, 4)),
        (zoo.efficientnet_b0, "features.5", "map", 112, (4, 4)),
        (zoo.convnext_tiny, "features.5.2", "map", 384, (4, 4)),
        (zoo.convnext_tiny, "features.5.2.block.3", "map", 1536, (4, 4)),
        (zoo.densenet121, "features.denseblock3", "map", 1024, (4, 4)),
        (zoo.swin_t, "features.5.1", "map", 384, (4, 4)),
        (vit, "encoder.layers.encoder_layer_1", "tokens", 24, (4, 4)),
        (vit, "encoder.layers.encoder_layer_0.self_attention", "tokens", 24, (4, 4)),
        (timm_vit, "blocks.1", "tokens", 192, (4, 4)),
        (timm_vit, "patch_embed", "tokens", 192, (4, 4)),
        (hugging_face_vit, "vit.layers.1", "tokens", 24, (4, 4)),
    ],
)
def test_models_people_have(make, layer, kind, channels, map_size):
    model = make()
    with LayerProbe(model, layer, input_size=64, device="cpu") as probe:
        assert (probe.kind, probe.channels, probe.map_size) == (kind, channels, map_size)
        activations = probe.activations(pictures)
        assert activations.shape == (2, channels, *map_size)
        assert not activations.requires_grad
        assert probe.outputs(pictures).shape == (2, probe.num_classes)
        rgb = pictures.clone().requires_grad_()
        encoded = probe.encode(rgb)
        torch.testing.assert_close(encoded.detach(), activations)
        encoded.square().mean().backward()
        assert rgb.grad.shape == rgb.shape
        torch.testing.assert_close(probe.accelerated()(pictures), activations, rtol=1e-3, atol=1e-4)


def test_tokens_are_the_patches_row_by_row():
    model = vit().eval()
    seen = {}
    model.encoder.layers[0].register_forward_hook(lambda *a: seen.update(out=a[2]))
    with LayerProbe(model, "encoder.layers.encoder_layer_0", device="cpu") as probe:
        assert probe.input_size == 64
        model(probe.preprocessing(pictures))
        activations = probe.activations(pictures)
    for row, column in ((0, 0), (1, 3), (3, 2)):
        wanted = seen["out"][:, 1 + 4 * row + column].detach()
        torch.testing.assert_close(activations[:, :, row, column], wanted)


def test_a_hand_written_one_channel_network():
    with LayerProbe(Digits(), "second", device="cpu") as probe:
        assert probe.input_size == 32  # found by trying
        assert any("32 × 32" in notice for notice in probe.notices)
        assert probe.map_size == (10, 10)
        assert probe.num_classes == 10
        assert probe.activations(torch.rand(1, 3, 32, 32)).shape == (1, 8, 10, 10)


def test_vectors():
    with LayerProbe(Digits(), "hidden", device="cpu") as probe:
        assert (probe.kind, probe.channels, probe.map_size) == ("vector", 12, (1, 1))
        assert probe.activations(torch.rand(3, 3, 32, 32)).shape == (3, 12, 1, 1)
        assert probe.receptive_field() == 32
        assert probe.position_box(0, 0) == (0, 0, 32, 32)


def test_stops_at_the_layer():
    ran = []

    class Late(SmallNet):
        def __init__(self):
            super().__init__()
            self.count = 0

        def forward(self, x):
            x = self.relu(self.bn1(self.conv1(x)))
            ran.append("after")
            return self.fc(self.conv2(x).mean((2, 3)))

    with LayerProbe(Late(), "conv1", input_size=32, device="cpu") as probe:
        fast = probe.accelerated()
        ran.clear()
        probe.activations(pictures)
        fast(pictures)
        assert not ran
        probe.outputs(pictures)
        assert ran == ["after"]


def test_a_model_that_catches_everything():
    model = Wrapped(SmallNet())
    with LayerProbe(model, "inner.conv2", input_size=32, device="cpu") as probe:
        assert probe.activations(pictures).abs().sum() > 0
        module = probe._open().runner.module
        assert not module._forward_hooks


def test_hooks_go_when_a_pass_fails():
    with LayerProbe(SmallNet(), "conv2", input_size=32, device="cpu") as probe:
        with pytest.raises(AtlasError, match="does not take pictures of 0"):
            probe.activations(torch.rand(1, 3, 0, 0))
        assert not probe._open().runner.module._forward_hooks


def test_models_of_one_size_say_so():
    with LayerProbe(vit(), "encoder.layers.encoder_layer_0", device="cpu") as probe:
        assert probe.accepts_size(64)
        assert not probe.accepts_size(96)
        with pytest.raises(AtlasError, match="96 × 96 px; it ran on 64 × 64"):
            probe.activations(torch.rand(1, 3, 96, 96))
    with LayerProbe(SmallNet(), "conv2", input_size=32, device="cpu") as probe:
        assert probe.map_size_at(64) == (16, 16)
        assert probe.map_size_at(64, 32) == (16, 8)


def test_a_model_that_cannot_be_run():
    class Broken(SmallNet):
        def forward(self, x, other):
            return x + other

    with pytest.raises(AtlasError, match=r"Broken\) could not be run on pictures of 224 × 224"):
        LayerProbe(Broken(), "conv2", device="cpu")
    with pytest.raises(AtlasError, match=r"torch\.nn\.Module"):
        LayerProbe("resnet18", "conv2")


def test_devices_that_are_not_there():
    with pytest.raises(AtlasError, match="'gpu' is no device"):
        LayerProbe(SmallNet(), "conv2", device="gpu")
    if not torch.cuda.is_available():
        with pytest.raises(AtlasError, match="'cuda:0' is not available"):
            LayerProbe(SmallNet(), "conv2", device="cuda:0")


def test_pictures_go_to_the_argument_of_that_name():
    class TextFirst(SmallNet):
        def forward(self, input_ids=None, pixel_values=None):
            assert input_ids is None
            return super().forward(pixel_values)

    with LayerProbe(TextFirst(), "conv2", input_size=32, device="cpu") as probe:
        assert probe.num_classes == 7


@pytest.mark.filterwarnings("ignore::FutureWarning")
def test_scripted_models_cannot_be_looked_into():
    scripted = torch.jit.script(SmallNet().eval())
    with pytest.raises(AtlasError, match="TorchScript"):
        LayerProbe(scripted, "conv2", input_size=32, device="cpu")


def test_models_without_classes():
    body = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.Conv2d(4, 4, 3))
    with LayerProbe(body, "0", input_size=32, device="cpu") as probe:
        assert probe.num_classes is None
        assert "no scores" in probe.no_classes
        with pytest.raises(LayerOutputError, match="no scores"):
            probe.outputs(pictures)


def test_a_model_that_fails_after_the_layer():
    class Half(SmallNet):
        def forward(self, x):
            x = self.conv1(x)
            raise RuntimeError("needs a sequence")

    with LayerProbe(Half(), "conv1", input_size=32, device="cpu") as probe:
        assert probe.num_classes is None
        assert any("needs a sequence" in notice for notice in probe.notices)
        assert probe.activations(pictures).shape[1] == 6


def test_probabilities_are_pointed_out():
    model = nn.Sequential(SmallNet(), nn.Softmax(1))
    with LayerProbe(model, "0.conv2", input_size=32, device="cpu") as probe:
        assert any("softmax" in notice for notice in probe.notices)


def test_closing_frees_the_copy():
    probe = LayerProbe(SmallNet(), "conv2", input_size=32, device="cpu")
    probe.close()
    probe.close()
    with pytest.raises(AtlasError, match="closed"):
        probe.activations(pictures)


def test_inside_inference_mode():
    with torch.inference_mode():
        probe = LayerProbe(SmallNet(), "conv2", input_size=32, device="cpu")
        fast = probe.accelerated()
        assert probe.receptive_field() > 0
    rgb = pictures.clone().requires_grad_()
    (probe.encode(rgb).sum() + fast(rgb).sum()).backward()
    assert rgb.grad.abs().sum() > 0


def what_caches_are_keyed_by(seed=0):
    torch.manual_seed(seed)
    with LayerProbe(SmallNet(), "conv2", transform=to_signed, input_size=32, device="cpu") as probe:
        return f"{probe.weights_hash} {probe.preprocessing.description}"


def test_what_caches_are_keyed_by_is_the_same_in_another_process_and_follows_the_weights():
    with torch.random.fork_rng():
        here = what_caches_are_keyed_by()
        assert what_caches_are_keyed_by() == here
        assert what_caches_are_keyed_by(1) != here
    code = "from tests.probe.test_layer_probe import *; print(what_caches_are_keyed_by())"
    there = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code], capture_output=True, text=True, check=True
    )
    assert there.stdout.strip() == here


def test_weights_hash_ignores_what_does_not_change_results():
    model = SmallNet()

    def hashed(one):
        with LayerProbe(one, "conv2", input_size=32, device="cpu") as probe:
            return probe.weights_hash

    wanted = hashed(model)
    assert hashed(nn.DataParallel(model)) == wanted
    assert hashed(torch.compile(model)) == wanted
    assert hashed(model.eval()) == wanted
    assert hashed(model.to(memory_format=torch.channels_last)) == wanted


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_the_copy_moves_and_theirs_does_not():
    model = SmallNet()
    with LayerProbe(model, "conv2", input_size=32) as probe:
        assert probe.device.type == "cuda"
        here = probe.activations(pictures)
        assert here.is_cuda
        torch.testing.assert_close(probe.accelerated()(pictures), here, rtol=2e-2, atol=1e-2)
    assert model.conv1.weight.device.type == "cpu"
