import functools
from types import SimpleNamespace

import pytest
import torch
from torch import nn
from torchvision import transforms as v1
from torchvision.models import ResNet18_Weights
from torchvision.transforms import v2

from atlas_widget import AtlasError, LayerProbe
from atlas_widget.errors import TransformError
from atlas_widget.probe import resolve_transform
from tests.probe.models import Digits, SmallNet, to_signed

MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
rgb = torch.rand(2, 3, 16, 16, generator=torch.Generator().manual_seed(3))


def normalised(mean, std, x=rgb):
    return (x - torch.tensor(mean)[:, None, None]) / torch.tensor(std)[:, None, None]


preset = ResNet18_Weights.DEFAULT.transforms
config = {"mean": MEAN, "std": STD, "input_size": (3, 224, 224), "interpolation": "bicubic"}


@pytest.mark.parametrize(
    ("transform", "size"),
    [
        (preset(), 224),
        (preset, 224),
        (functools.partial(preset, crop_size=96), 96),
        (v1.Normalize(MEAN, STD), None),
        (v2.Normalize(MEAN, STD), None),
        (
            v1.Compose([v1.Resize(80), v1.CenterCrop(64), v1.ToTensor(), v1.Normalize(MEAN, STD)]),
            64,
        ),
        (
            v2.Compose(
                [
                    v2.ToImage(),
                    v2.RandomResizedCrop(48),
                    v2.ToDtype(torch.float32, scale=True),
                    v2.Normalize(MEAN, STD),
                ]
            ),
            48,
        ),
        (config, 224),
        (SimpleNamespace(**config), 224),
        (
            SimpleNamespace(
                image_mean=MEAN,
                image_std=STD,
                size={"height": 384, "width": 384},
                do_normalize=True,
            ),
            384,
        ),
        (nn.Sequential(v1.Resize(32), v1.Normalize(MEAN, STD)), 32),
    ],
)
def test_every_way_to_say_imagenet(transform, size):
    preprocessing = resolve_transform(SmallNet(), transform)
    torch.testing.assert_close(preprocessing(rgb), normalised(MEAN, STD))
    assert (preprocessing.mean, preprocessing.std) == (MEAN, STD)
    assert preprocessing.size == size
    assert preprocessing.notice is None
    assert (
        preprocessing.description
        == "normalize mean=(0.485, 0.456, 0.406) std=(0.229, 0.224, 0.225)"
    )


def test_input_size_overrides():
    assert resolve_transform(SmallNet(), preset(), input_size=160).size == 160


def test_nothing_said_assumes_imagenet_and_says_so():
    preprocessing = resolve_transform(SmallNet())
    assert preprocessing.mean == MEAN
    assert "ImageNet" in preprocessing.notice


def test_the_models_own_configuration():
    model = SmallNet()
    model.pretrained_cfg = {
        "mean": (127 / 255,) * 3,
        "std": (128 / 255,) * 3,
        "input_size": (3, 96, 96),
    }
    preprocessing = resolve_transform(model)
    torch.testing.assert_close(preprocessing(rgb), (255 * rgb - 127) / 128)
    assert preprocessing.size == 96
    assert preprocessing.notice is None


def test_bytes_are_scaled_where_the_person_scales_none():
    compose = v2.Compose([v2.PILToTensor(), v2.ToDtype(torch.float32, scale=False)])
    torch.testing.assert_close(resolve_transform(SmallNet(), compose)(rgb), rgb * 255)
    lambdas = v1.Compose([v1.PILToTensor(), v1.Lambda(lambda x: x / 255)])
    torch.testing.assert_close(resolve_transform(SmallNet(), lambdas)(rgb), rgb)


def test_own_steps_of_a_composition_are_kept():
    compose = v1.Compose([v1.Resize(32), v1.ToTensor(), v1.Lambda(to_signed)])
    preprocessing = resolve_transform(SmallNet(), compose)
    torch.testing.assert_close(preprocessing(rgb), rgb * 2 - 1)
    assert preprocessing.size == 32


def test_a_callable_has_a_description_that_tells_callables_apart():
    one = resolve_transform(SmallNet(), lambda x: x * 2).description
    other = resolve_transform(SmallNet(), lambda x: x * 3).description
    assert one != other
    assert "lambda" in one
    assert "0x" not in one


def test_the_persons_transform_is_left_alone():
    class Shift(nn.Module):
        def __init__(self):
            super().__init__()
            self.by = nn.Parameter(torch.tensor(0.5))

        def forward(self, x):
            return x.sub_(self.by)  # in place

    shift = Shift().train()
    preprocessing = resolve_transform(SmallNet(), shift)
    before = rgb.clone()
    torch.testing.assert_close(preprocessing(rgb), before - 0.5)
    assert torch.equal(rgb, before)
    assert shift.training
    assert shift.by.requires_grad


@pytest.mark.parametrize(
    ("transform", "message"),
    [
        (lambda x: x.detach(), "not differentiable"),
        (lambda x: (x * 255).round(), "gradient is zero"),
        (lambda x: torch.from_numpy(x.detach().numpy()), "not differentiable"),
        (lambda x: (x * 255).to(torch.uint8), "not differentiable"),
        (lambda x: x.mean(1), r"into \(2, 224, 224\)"),
        (lambda x: x.permute(0, 2, 3, 1), r"must return a float tensor \(n, 3, h, w\)"),
        (lambda x: x[:, :2], r"\(2, 2, 224, 224\)"),
        (lambda x: x[:1], r"\(1, 3, 224, 224\)"),
        (lambda x: [x], "returned a list"),
        (lambda x: x.convert("RGB"), "not PIL images"),
        ("imagenet", "neither"),
        ({"mean": MEAN}, "needs 'mean' and 'std'"),
        (v1.Normalize((0.5, 0.5), (0.5, 0.5)), "one or three"),
        (SimpleNamespace(mean=MEAN, std=(0, 0, 0), input_size=(3, 8, 8)), "none of them zero"),
    ],
)
def test_transforms_that_do_not_work(transform, message):
    with pytest.raises(TransformError, match=message):
        resolve_transform(SmallNet(), transform)


def test_one_channel_models_see_the_brightness():
    luma = (rgb * torch.tensor([0.299, 0.587, 0.114])[:, None, None]).sum(1, keepdim=True)
    preprocessing = resolve_transform(Digits(), v1.Normalize((0.1307,), (0.3081,)))
    torch.testing.assert_close(preprocessing(rgb), (luma - 0.1307) / 0.3081)
    with_grey = v1.Compose([v1.Grayscale(), v1.ToTensor(), v1.Normalize((0.5,), (0.5,))])
    torch.testing.assert_close(resolve_transform(Digits(), with_grey)(rgb), (luma - 0.5) / 0.5)
    own = resolve_transform(Digits(), lambda x: x.mean(1, keepdim=True))
    torch.testing.assert_close(own(rgb), rgb.mean(1, keepdim=True))


def test_grey_pictures_for_a_model_of_three_channels():
    made = resolve_transform(SmallNet(), v1.Compose([v1.Grayscale(3), v1.ToTensor()]))(rgb)
    assert torch.equal(made[:, 0], made[:, 2])


def test_other_numbers_of_channels_need_a_transform():
    model = SmallNet(channels=4)
    with pytest.raises(AtlasError, match="pass transform="):
        LayerProbe(model, "conv2", input_size=32, device="cpu")
    four = lambda x: torch.cat([x, x[:, :1]], 1)  # noqa: E731
    with LayerProbe(model, "conv2", transform=four, input_size=32, device="cpu") as probe:
        assert probe.channels == 8


def test_transformers_image_processor():
    transformers = pytest.importorskip("transformers")
    processor = transformers.ViTImageProcessor()
    preprocessing = resolve_transform(SmallNet(), processor)
    torch.testing.assert_close(preprocessing(rgb), (rgb - 0.5) / 0.5)
    assert preprocessing.size == 224
