"""A sample of real architectures: all that a probe says is what plain PyTorch says in float64."""

from __future__ import annotations

import pytest

from benchmarks import zoo

SAMPLE = {
    "torchvision_zoo": ["alexnet", "shufflenet_v2_x0_5", "vit", "lraspp_mobilenet_v3_large"],
    "timm_zoo": [
        "resnet10t",
        "edgenext_xx_small",
        "mobilevitv2_050",
        "vit_tiny_patch16_224",
    ],
    "transformers_zoo": ["dinov2 with registers", "yolos (DETR-like)", "clip vision", "hiera"],
    "own_zoo": ["vae"],
}


def animals():
    for zoo_name, names in SAMPLE.items():
        library = zoo_name.partition("_")[0]
        for name in names:
            yield pytest.param(zoo_name, f"{library}/{name}", id=f"{library}/{name}")


@pytest.mark.parametrize(("zoo_name", "name"), animals())
@pytest.mark.filterwarnings("ignore")
def test_what_a_probe_says_is_what_plain_pytorch_says(zoo_name, name):
    if zoo_name in ("timm_zoo", "transformers_zoo"):
        pytest.importorskip(zoo_name.partition("_")[0])
    found = [one for one in getattr(zoo, zoo_name)() if one.name == name]
    assert found
    for animal in found:
        result = zoo.examine(animal)
        assert result.wrong(animal) == "", zoo.line(animal, result, "")
