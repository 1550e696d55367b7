"""Models by name: torchvision's, timm's, the user's own; what cannot be had is said."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from atlas_widget.cli.models import load_model, named_object
from atlas_widget.errors import AtlasError

NETS = Path(__file__).with_name("nets.py")


def same(one: torch.nn.Module, other: torch.nn.Module) -> bool:
    pairs = zip(one.state_dict().values(), other.state_dict().values(), strict=True)
    return all(torch.equal(a, b) for a, b in pairs)


def test_torchvisions_with_random_weights_of_a_seed() -> None:
    one, other, third = (
        load_model("torchvision:squeezenet1_1", "random", seed) for seed in (0, 0, 1)
    )
    assert type(one.model).__name__ == "SqueezeNet"
    assert not one.model.training
    assert same(one.model, other.model)
    assert not same(one.model, third.model)
    assert one.transform.mean == [0.485, 0.456, 0.406]
    assert one.labels is None, "random weights name nothing"


def test_timms_with_random_weights() -> None:
    loaded = load_model("timm:resnet10t", "random")
    assert loaded.model.pretrained_cfg["architecture"] == "resnet10t"


def test_a_function_in_a_file_and_a_state_dict(tmp_path: Path) -> None:
    net = load_model(f"{NETS}:make_net").model
    with torch.no_grad():
        net[1].weight += 1
    torch.save({"state_dict": net.state_dict()}, tmp_path / "net.pt")
    again = load_model(f"{NETS}:make_net", str(tmp_path / "net.pt")).model
    assert same(net, again)
    torch.save(net, tmp_path / "pickled.pt")
    with pytest.raises(AtlasError, match=r"pickled\.pt' do not fit"):
        load_model(f"{NETS}:make_net", str(tmp_path / "pickled.pt"))


def test_a_function_in_a_module() -> None:
    assert isinstance(load_model("tests.conftest:make_tiny_model").model, torch.nn.Module)


@pytest.mark.parametrize(
    ("name", "weights", "message"),
    [
        ("torchvision:gogglenet", None, "Did you mean 'googlenet'"),
        ("timm:resnet5", "random", "Did you mean"),
        ("torchvision:resnet18", "IMAGENET1K_V3", "resnet18 has IMAGENET1K_V1; or 'random'"),
        ("timm:resnet10t", "a1", "part of the name"),
        ("resnet18", None, "torchvision:NAME, timm:NAME"),
        (f"{NETS}:make_nets", None, "has no 'make_nets'. Did you mean 'make_net'"),
        (f"{NETS}:not_a_net", None, "this gives int"),
        (f"{NETS}:make_net", "random", "brings its own weights"),
        ("nowhere.py:make", None, "no file 'nowhere.py'"),
        ("no_such_module:make", None, "No module named 'no_such_module'"),
        ("demo", "random", "its own weights"),
    ],
)
def test_what_there_is_not(name: str, weights: str | None, message: str) -> None:
    with pytest.raises(AtlasError) as raised:
        load_model(name, weights)
    assert message in str(raised.value)


def test_names_without_a_colon() -> None:
    with pytest.raises(AtlasError, match="--transform 'normalise': give"):
        named_object("normalise", "--transform")
