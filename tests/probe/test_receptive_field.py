import torch
from torch import nn

from atlas_widget import LayerProbe
from atlas_widget.probe.receptive_field import ReceptiveField, box_around


def test_of_patches_is_the_patch():
    model = nn.Sequential(nn.Conv2d(3, 4, 16, stride=16), nn.Flatten(), nn.Linear(64, 3))
    with LayerProbe(model, "0", input_size=64, device="cpu") as probe:
        assert 14 <= probe.receptive_field() <= 16
        x0, y0, x1, y1 = probe.position_box(1, 2)
        assert abs(x0 - 32) <= 1
        assert abs(y0 - 16) <= 1
        assert x1 - x0 == y1 - y0 == probe.receptive_field()


def test_grows_with_depth_and_is_at_least_eight():
    layers = [nn.Conv2d(3 if i == 0 else 4, 4, 3, padding=1) for i in range(12)]
    model = nn.Sequential(*layers)
    fields = []
    for layer in ("0", "5", "11"):
        with LayerProbe(model, layer, input_size=64, device="cpu") as probe:
            fields.append(probe.receptive_field())
    assert fields[0] == 8
    assert fields == sorted(fields)
    assert fields[2] <= 25


def test_units_of_strided_convolutions_look_half_a_stride_off():
    model = nn.Sequential(
        nn.Conv2d(3, 4, 3, stride=2, padding=1), nn.Conv2d(4, 4, 3, stride=2, padding=1),
        nn.Conv2d(4, 4, 3, stride=2, padding=1),
    )  # fmt: skip
    with LayerProbe(model, "2", input_size=64, device="cpu") as probe:
        x0, _, x1, _ = probe.position_box(4, 4)
        assert abs((x0 + x1) / 2 - 32.5) < 2  # not 36, the middle of the fifth cell of eight


def test_boxes_stay_inside():
    field = ReceptiveField(20, (0.0, 0.0))
    assert box_around(field, (0, 0), (8, 8), (64, 64)) == (0, 0, 20, 20)
    assert box_around(field, (7, 7), (8, 8), (64, 64)) == (44, 44, 64, 64)
    assert box_around(field, (3, 4), (8, 8), (64, 64)) == (26, 18, 46, 38)
    assert box_around(field, (0, 0), (1, 1), (16, 16)) == (0, 0, 16, 16)


def test_a_picture_that_is_not_square_has_boxes_in_its_own_pixels():
    field = ReceptiveField(20, (0.0, 0.0))
    assert box_around(field, (0, 0), (4, 8), (32, 64)) == (0, 0, 20, 20)
    assert box_around(field, (3, 7), (4, 8), (32, 64)) == (44, 12, 64, 32)
    assert box_around(field, (1, 3), (2, 8), (16, 64)) == (18, 0, 38, 16)  # no higher than that
    model = nn.Sequential(nn.Conv2d(3, 4, 8, stride=8))
    nn.init.constant_(model[0].weight, 1.0)  # every pixel counts as much: boxes are exact
    with LayerProbe(model, "0", input_size=64, device="cpu") as probe:
        wide = probe.position_box(1, 5, (32, 96))
        assert wide == (40, 8, 48, 16)
        assert wide == probe.position_box(1, 5, 96)


def test_no_gradient_means_the_whole_picture():
    class Dead(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv = nn.Conv2d(3, 4, 3, padding=1)
            nn.init.constant_(self.conv.bias, -100.0)
            self.relu = nn.ReLU()
            self.cut = nn.Identity()

        def forward(self, x):
            return self.cut(self.relu(self.conv(x)).detach())

    for layer in ("relu", "cut"):
        with LayerProbe(Dead(), layer, input_size=32, device="cpu") as probe:
            assert probe.receptive_field() == 32
            assert probe.position_box(0, 31) == (0, 0, 32, 32)


def test_at_another_size():
    model = nn.Sequential(nn.Conv2d(3, 4, 3, padding=1), nn.AdaptiveAvgPool2d(1))
    with LayerProbe(model, "1", input_size=32, device="cpu") as probe:
        assert probe.receptive_field() > 20
        assert probe.receptive_field(64) > probe.receptive_field()
        assert probe.position_box(0, 0, 64)[2] <= 64
    assert torch.is_grad_enabled()
