"""Whatever a transform does to pictures, the model is given that, or a notice tells."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from PIL import Image, ImageOps
from torchvision import transforms as v1
from torchvision.transforms import v2

from atlas_widget.probe import resolve_transform
from tests.probe.models import SmallNet

last = v1.Normalize((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))


@pytest.fixture(scope="module")
def photos():
    make = [np.random.default_rng(i).integers(0, 255, (32, 32, 3)) * (i + 1) / 4 for i in range(4)]
    return [Image.fromarray(values.astype(np.uint8)) for values in make]


def standardised(t):
    return (t - t.mean((1, 2), keepdim=True)) / t.std((1, 2), keepdim=True)


@pytest.mark.parametrize(
    "transform",
    [
        v1.Compose([v1.ToTensor(), v1.Lambda(lambda t: (t - t.mean()) / t.std())]),
        v1.Compose([v1.ToTensor(), v1.Lambda(standardised)]),
        v1.Compose([v1.ToTensor(), v1.Lambda(lambda t: (t - t.min()) / (t.max() - t.min()))]),
        v1.Compose([v1.Lambda(lambda p: np.asarray(p)[:, :, ::-1].copy()), v1.ToTensor(), last]),
        v1.Compose([v1.ToTensor(), v1.Lambda(lambda t: t[[2, 1, 0]]), last]),
        v1.Compose([v1.RandomHorizontalFlip(1.0), v1.ToTensor(), v1.Lambda(lambda t: t.flip(0))]),
        v2.Compose([v2.PILToTensor(), v2.Lambda(lambda t: t.float() / 127.5 - 1)]),
    ],
)
def test_each_picture_is_as_the_transform_makes_it(transform, photos):
    reads = resolve_transform(SmallNet(), transform, input_size=32)
    right = torch.stack([transform(photo) for photo in photos])
    if isinstance(transform.transforms[0], v1.RandomHorizontalFlip):
        right = right.flip(3)
    batch = torch.stack([v1.ToTensor()(photo) for photo in photos])
    torch.testing.assert_close(reads(batch), right, rtol=1e-4, atol=1e-4)
    alone = torch.cat([reads(one[None]) for one in batch])
    torch.testing.assert_close(alone, right, rtol=1e-4, atol=1e-4)
    assert reads.notice is None


@pytest.mark.parametrize(
    ("step", "notice"),
    [
        (v1.Lambda(ImageOps.equalize), "differs"),
        (v1.RandomEqualize(1.0), "differs"),
        (v1.ColorJitter(0.5, 0.5), "random"),
        (v1.RandomResizedCrop(32), None),
        (v1.RandomHorizontalFlip(), None),
        (v1.CenterCrop(8), None),
    ],
)
def test_what_cannot_be_followed_is_told(step, notice):
    transform, model = v1.Compose([step, v1.ToTensor(), last]), SmallNet()
    before = torch.get_rng_state()
    reads = resolve_transform(model, transform, input_size=32)
    assert (notice in reads.notice) if notice else reads.notice is None
    assert torch.equal(torch.get_rng_state(), before)
    assert reads.description.startswith("normalize")


def test_a_function_that_mixes_the_batch_is_given_one_picture_at_a_time(photos):
    reads = resolve_transform(SmallNet(), lambda x: (x - x.mean()) / x.std(), input_size=32)
    assert "one at a time" in reads.notice
    batch = torch.stack([v1.ToTensor()(photo) for photo in photos])
    alone = torch.cat([reads(one[None]) for one in batch])
    torch.testing.assert_close(reads(batch), alone)


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("ViTImageProcessor", {}),
        ("ViTImageProcessor", {"rescale_factor": 1 / 127.5, "do_normalize": False}),
        ("ViTImageProcessor", {"do_rescale": False, "do_normalize": False}),
        ("MobileViTImageProcessor", {}),  # blue, green, red
        ("EfficientNetImageProcessor", {}),  # divides by the deviations twice
    ],
)
def test_image_processors_are_asked_what_they_do(name, options):
    transformers = pytest.importorskip("transformers")
    processor = getattr(transformers, name)(**options)
    colour = (200, 100, 50)
    flat = Image.new("RGB", (300, 300), colour)
    values = torch.as_tensor(np.array(processor(flat, return_tensors="pt")["pixel_values"][0]))
    right = values[:, values.shape[1] // 2, values.shape[2] // 2].float()
    reads = resolve_transform(SmallNet(), processor)
    rgb = torch.tensor(colour).view(1, 3, 1, 1).expand(1, 3, 8, 8) / 255
    torch.testing.assert_close(reads(rgb)[0, :, 4, 4], right, rtol=1e-3, atol=0.02)
    assert reads.notice is None
