"""Real architectures with random weights, opened as a user would, against plain PyTorch in float64.

For each: activations (as the probe gives them and folded) against a forward hook, attributions of
one position against ``autograd.grad``, where positions look against where they are said to, and how
long it took to open. "refused" is right where a layer is no map, which is marked so in the list.

    python benchmarks/zoo.py                      # everything, some minutes
    python benchmarks/zoo.py timm/swin torchvision/   # what begins so
"""

from __future__ import annotations

import copy
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from atlas_widget import AtlasError, LayerProbe, attribute
from atlas_widget.probe.outputs import class_scores, tensor_at
from atlas_widget.probe.running import run_model
from atlas_widget.probe.targets import Target

PLAIN = {"mean": (0.5, 0.5, 0.5), "std": (0.25, 0.25, 0.25)}
POSITIONS = 9
MAX_ERROR = 1e-3
"""Relative: float32 through some hundred layers of random weights against float64."""
MAX_OFF = 0.2
"""Of the picture's side: how far off positions may look, in the median."""


@dataclass
class Animal:
    """An architecture and a layer of it."""

    name: str
    make: Callable[[], nn.Module]
    layer: str
    size: int | None = None
    refused: str = ""
    """Part of the error that is right."""
    global_: bool = False
    """Units see all of the picture (attention, pooling), so that places cannot be measured."""
    target: Any = None


@dataclass
class Found:
    """What came out; errors relative to the greatest value."""

    kind: str = ""
    shape: str = ""
    activations: float = float("nan")
    folded: float = float("nan")
    attribution: float | None = None
    mode: str = ""
    off: float | None = None
    allowed: float = MAX_OFF
    seconds: float = 0.0
    notices: list[str] = field(default_factory=list)
    error: str = ""

    def wrong(self, animal: Animal) -> str:
        """Return what is wrong, in a word or two."""
        if animal.refused:
            return "" if animal.refused in self.error else f"not refused {self.error}"
        if self.error:
            return self.error
        problems = []
        if not self.activations <= MAX_ERROR or not self.folded <= MAX_ERROR:
            problems.append("activations")
        if self.attribution is not None and not self.attribution <= MAX_ERROR:
            problems.append("attribution")
        if self.off is not None and not animal.global_ and self.off > self.allowed:
            problems.append("places")
        return " ".join(problems)


def examine(animal: Animal) -> Found:
    """Open a layer and compare all that it says with plain PyTorch."""
    found = Found()
    torch.manual_seed(0)
    model = lively(animal.make().eval())
    before = {name: value.clone() for name, value in model.state_dict().items()}
    started = time.process_time()
    try:
        probe = LayerProbe(
            model,
            animal.layer,
            transform=PLAIN,
            input_size=animal.size,
            device="cpu",
            target=animal.target,
        )
    except AtlasError as error:
        found.error = f"{type(error).__name__}: {error}"
        return found
    with probe:
        found.seconds = time.process_time() - started
        found.kind = probe.kind
        rows, columns = probe.map_size
        found.shape = f"{probe.channels} × {rows} × {columns}"
        assumed = ("training mode", "are assumed")
        found.notices = [n for n in probe.notices if not any(part in n for part in assumed)]
        size = probe.input_size
        rgb = torch.rand(2, 3, size, size, generator=torch.Generator().manual_seed(1))
        exact = copy.deepcopy(model).double()
        layer, scores = truth(exact, probe, rgb)
        wanted = probe.plain.layout.as_map(layer).detach()
        found.activations = off(probe.activations(rgb), wanted)
        with torch.no_grad():
            found.folded = off(probe.accelerated()(rgb), wanted)
        if scores is not None and probe.no_classes is None:
            where = np.array([[rows // 3, columns // 2], [rows - 1, columns // 3]])
            given = torch.from_numpy(attribute(probe, None, rgb, where))
            found.mode = probe.derivatives.mode
            found.attribution = attribution_error(given, layer, scores, probe, where)
        if probe.kind != "vector" and rows * columns > 1:
            found.off = places_off(probe, rgb)
            found.allowed = MAX_OFF + 0.5 / min(rows, columns)  # padding puts coarse maps off
    after = model.state_dict()
    if not all(torch.equal(value, before[name]) for name, value in after.items()):
        found.error = "THE USER'S MODEL CHANGED"
    return found


def lively(model: nn.Module) -> nn.Module:
    """Give batch norms statistics that matter, and layer scales a size that lets values through."""
    generator = torch.Generator().manual_seed(2)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if "gamma" in name.rpartition(".")[2] or "layer_scale" in name:
                parameter.fill_(0.5)
        for module in model.modules():
            mean = getattr(module, "running_mean", None)
            if isinstance(mean, Tensor):
                mean.copy_(0.1 * torch.randn(mean.shape, generator=generator))
                module.running_var.copy_(0.5 + torch.rand(mean.shape, generator=generator))
    return model


def truth(model: nn.Module, probe: LayerProbe, rgb: Tensor) -> tuple[Tensor, Tensor | None]:
    """Return the layer's tensor, as a leaf, and the scores that follow from it, in float64."""
    runner, kept = probe.plain.runner, []
    runs = [0]

    def hook(_module: nn.Module, _args: Any, output: Any) -> Any:
        runs[0] += 1
        if runs[0] != runner.call + 1:
            return None
        kept.append(tensor_at(output, runner.path).detach().clone().requires_grad_())
        from atlas_widget.probe.outputs import replaced

        return replaced(output, runner.path, kept[0].clone())

    name = probe.layer.partition(":")[0].partition("[")[0]
    handle = model.get_submodule(name).register_forward_hook(hook)
    try:
        output = run_model(model, probe.preprocessing(rgb).double())
    finally:
        handle.remove()
    target: Target = probe.target
    scores = None
    if probe.no_classes is None:
        is_plain = class_scores(output, 2) is not None or target.names is not None
        scores = target.scores(output, 2) if is_plain else None
    return kept[0], scores


def attribution_error(
    given: Tensor, layer: Tensor, scores: Tensor, probe: LayerProbe, where: Any
) -> float:
    """Compare attributions of a dozen scores, relative to the sum of sizes over channels."""
    columns = torch.linspace(0, scores.shape[1] - 1, min(12, scores.shape[1])).long().unique()
    columns = columns[~given[:, columns].isnan().any(0)]
    as_map = probe.plain.layout.as_map
    worst, greatest = 0.0, 0.0
    for column in columns.tolist():
        (gradient,) = torch.autograd.grad(scores[:, column].sum(), layer, retain_graph=True)
        products = (as_map(gradient) * as_map(layer)).detach()
        values = products.sum(1)
        # before channels cancel: behind a layer norm the sums are zero but for rounding
        greatest = max(greatest, float(products.abs().sum(1).max()))
        for picture, (row, at) in enumerate(where):
            worst = max(worst, abs(float(given[picture, column] - values[picture, row, at])))
    return worst / greatest if greatest else worst


def places_off(probe: LayerProbe, rgb: Tensor) -> float:
    """Return how far from their places random positions look: of the side, in the median."""
    (rows, columns), side = probe.map_size, probe.input_size
    rng, distances = np.random.default_rng(0), []
    for row, column in zip(
        rng.integers(0, rows, POSITIONS), rng.integers(0, columns, POSITIONS), strict=True
    ):
        inputs = rgb[:1].clone().requires_grad_()
        unit = probe.encode(inputs)[0, :, int(row), int(column)]
        signs = torch.randn(unit.shape, generator=torch.Generator().manual_seed(3))
        (gradient,) = torch.autograd.grad((unit * signs).sum(), inputs)
        energy = gradient[0].square().sum(0)
        if not energy.any():  # a unit that is dead sees nothing
            continue
        cell = max(3, side // max(probe.map_size))
        pooled = F.avg_pool2d(energy[None, None], cell, 1)[0, 0]
        top, left = divmod(int(pooled.argmax()), pooled.shape[1])
        down = (top + cell / 2) / side - (row + 0.5) / rows
        right = (left + cell / 2) / side - (column + 0.5) / columns
        distances.append(np.hypot(down, right))
    return float(np.median(distances)) if distances else float("nan")


def off(found: Tensor, wanted: Tensor) -> float:
    return float((found.double() - wanted).abs().max() / wanted.abs().max())


def torchvision_zoo() -> Iterator[Animal]:
    import torchvision.models as models

    def of(name: str, layer: str, size: int = 64, **options: Any) -> Animal:
        make = getattr(models, name)
        given = {"init_weights": False} if name in ("googlenet", "inception_v3") else {}
        kept = {key: options.pop(key) for key in ("refused", "global_", "target") if key in options}
        full = {**given, **options}
        return Animal(f"torchvision/{name}", lambda: make(**full), layer, size, **kept)

    yield of("alexnet", "features.8")
    yield of("vgg11_bn", "features.20")
    yield of("resnet18", "layer3")
    yield of("squeezenet1_1", "features.9")
    yield of("densenet121", "features.denseblock3")
    yield of("googlenet", "inception4c")
    yield of("inception_v3", "Mixed_5d", 96)
    yield of("mobilenet_v3_small", "features.6")
    yield of("shufflenet_v2_x0_5", "stage3")
    yield of("mnasnet0_5", "layers.10")
    yield of("regnet_y_400mf", "trunk_output.block3")
    yield of("efficientnet_b0", "features.5")
    yield of("convnext_tiny", "features.5.2")
    yield of("swin_t", "features.5.1")
    yield of("swin_v2_t", "features.3.1")
    yield Animal(
        "torchvision/vit",
        lambda: models.VisionTransformer(64, 8, 4, 3, 48, 96, num_classes=10),
        "encoder.layers.encoder_layer_1",
    )
    yield Animal(
        "torchvision/maxvit",
        lambda: models.MaxVit((64, 64), 16, 4, [16, 32], [1, 1], 8, 0.0),
        "blocks.1",
    )
    pixel = lambda output: output["out"][:, 1].mean((1, 2))  # noqa: E731
    for name in ("lraspp_mobilenet_v3_large", "deeplabv3_mobilenet_v3_large"):
        make = getattr(models.segmentation, name)
        yield Animal(
            f"torchvision/{name}",
            lambda make=make: make(weights=None, weights_backbone=None, num_classes=5),
            "backbone.8",
            64,
            target=pixel,
        )


def timm_zoo() -> Iterator[Animal]:
    import timm

    def of(name: str, layer: str, size: int | None = None, *, img: bool = False, **kept: Any):
        options = {"img_size": size} if img and size else {}
        return Animal(
            f"timm/{name}",
            lambda: timm.create_model(name, num_classes=10, **options),
            layer,
            size,
            **kept,
        )

    no_map = "no map of it"
    yield of("tf_efficientnet_lite0", "blocks.4.1", 96)
    yield of("resnet10t", "layer3", 96)
    yield of("repvgg_a0", "stages.2.0", 96)
    yield of("ghostnet_050", "blocks.5", 96)
    yield of("hrnet_w18_small", "stage3", 96, refused="several tensors")
    yield of("hrnet_w18_small", "incre_modules.0", 96)
    yield of("dla46_c", "level3", 96)
    yield of("ese_vovnet19b_slim_dw", "stages.1", 96)
    yield of("nf_resnet26", "stages.1", 96)
    yield of("lcnet_050", "blocks.4", 96)
    yield of("mobilenetv4_conv_small", "blocks.2", 96)
    yield of("fastvit_t8", "stages.1", 96)
    yield of("convnext_atto", "stages.2", 96)
    yield of("convmixer_768_32", "blocks.3", 64)
    yield of("poolformer_s12", "stages.2", 96)
    yield of("edgenext_xx_small", "stages.1", 96)
    yield of("efficientvit_b0", "stages.1", 96)
    yield of("efficientformer_l1", "stages.1", 224)
    yield of("inception_next_atto", "stages.1", 96)
    yield of("focalnet_tiny_srf", "layers.1", 96)
    yield of("davit_tiny", "stages.1", 96)
    yield of("pvt_v2_b0", "stages.1", 96)
    yield of("twins_svt_small", "blocks.1.0", 224, refused="")
    yield of("mobilevit_xxs", "stages.3", 96)
    yield of("mobilevitv2_050", "stages.2", 96)
    yield of("mobilevitv2_050", "stages.2.1.transformer.0", 96, refused=no_map)
    yield of("vit_tiny_patch16_224", "blocks.2", 96, img=True)
    yield of("vit_tiny_patch16_224", "blocks.0.attn.q_norm", 96, img=True, refused=no_map)
    yield of("vit_wee_patch16_reg1_gap_256", "blocks.3", 96, img=True)
    yield of("vit_small_patch14_reg4_dinov2", "blocks.2", 98, img=True)
    yield of("deit_tiny_distilled_patch16_224", "blocks.2", 96, img=True)
    yield of("eva02_tiny_patch14_224", "blocks.2", 98, img=True)
    yield of("cait_xxs24_224", "blocks.2", 96, img=True)
    yield of("xcit_nano_12_p16_224", "blocks.2", 96)
    yield of("swin_tiny_patch4_window7_224", "layers.1.blocks.1", 224)
    yield of("swinv2_cr_tiny_ns_224", "stages.1.blocks.1", 224)
    yield of("levit_128s", "stages.0.blocks.1", 224)
    yield of("mixer_s32_224", "blocks.2", 224)
    yield of("resmlp_12_224", "blocks.2", 224)
    yield of("gmlp_ti16_224", "blocks.2", 224)
    yield of("hiera_tiny_224", "blocks.0", 224, refused=no_map)
    yield of("hiera_tiny_224", "blocks.5", 224, refused=no_map)
    yield of("nest_tiny", "levels.0.transformer_encoder.0", 224, refused=no_map)
    yield of("nest_tiny", "levels.1", 224)
    yield of("tf_mobilenetv3_small_minimal_100", "blocks.3", 96)
    yield of("visformer_tiny", "stage2", 224)


def transformers_zoo() -> Iterator[Animal]:
    import transformers as t

    t.logging.set_verbosity_error()
    small = {
        "hidden_size": 48,
        "num_hidden_layers": 4,
        "num_attention_heads": 3,
        "intermediate_size": 96,
    }

    def of(name: str, config: Any, model: str, layer: str, size: int, **kept: Any) -> Animal:
        make = getattr(t, model)
        return Animal(f"transformers/{name}", lambda: make(config), layer, size, **kept)

    labels = {"num_labels": 7}
    picture = {"image_size": 64, "patch_size": 8, **small}
    likeness = lambda output: output.pooler_output[:, 3]  # noqa: E731
    yield of(
        "vit", t.ViTConfig(**picture, **labels), "ViTForImageClassification", "vit.layers.1", 64
    )
    yield of(
        "deit", t.DeiTConfig(**picture, **labels), "DeiTForImageClassification", "deit.layers.1", 64
    )
    yield of(
        "dinov2 with registers",
        t.Dinov2WithRegistersConfig(**picture, **labels),
        "Dinov2WithRegistersForImageClassification",
        "dinov2_with_registers.encoder.layer.1",
        64,
    )
    yield of(
        "clip vision", t.CLIPVisionConfig(**picture), "CLIPVisionModel",
        "encoder.layers.1", 64, target=likeness,
    )  # fmt: skip
    yield of(
        "siglip vision", t.SiglipVisionConfig(**picture), "SiglipVisionModel",
        "encoder.layers.1", 64, target=likeness,
    )  # fmt: skip
    yield of(
        "swin",
        t.SwinConfig(image_size=64, patch_size=4, embed_dim=24, depths=[2, 2], num_heads=[2, 4],
                     window_size=4, **labels),
        "SwinForImageClassification", "swin.encoder.layers.0.blocks.1", 64,
    )  # fmt: skip
    yield of(
        "convnext",
        t.ConvNextConfig(depths=[1, 1, 2, 1], hidden_sizes=[16, 24, 32, 48], **labels),
        "ConvNextForImageClassification", "convnext.encoder.stages.2", 64,
    )  # fmt: skip
    yield of(
        "resnet",
        t.ResNetConfig(embedding_size=16, hidden_sizes=[16, 24], depths=[1, 1], layer_type="basic",
                       **labels),
        "ResNetForImageClassification", "resnet.encoder.stages.1", 64,
    )  # fmt: skip
    yield of(
        "segformer",
        t.SegformerConfig(num_encoder_blocks=2, depths=[1, 1], sr_ratios=[4, 2],
                          hidden_sizes=[16, 32], patch_sizes=[7, 3], strides=[4, 2],
                          num_attention_heads=[1, 2], mlp_ratios=[2, 2], decoder_hidden_size=32,
                          **labels),
        "SegformerForSemanticSegmentation", "decode_head.linear_fuse", 64,
        target=lambda output: output.logits[:, 1].mean((1, 2)),
    )  # fmt: skip
    yield of(
        "yolos (DETR-like)",
        t.YolosConfig(**{**picture, "image_size": [64, 64]}, num_detection_tokens=5, **labels),
        "YolosForObjectDetection", "vit.encoder.layer.1", 64,
        target=lambda output: output.logits[:, 0, 1],
    )  # fmt: skip
    yield of(
        "vit mae", t.ViTMAEConfig(**picture), "ViTMAEModel", "layers.1", 64, refused="no map of it",
    )  # fmt: skip
    yield of(
        "mobilevit",
        t.MobileViTConfig(image_size=64, **labels),
        "MobileViTForImageClassification", "mobilevit.encoder.layer.2", 64,
    )  # fmt: skip
    yield of(
        "hiera",
        t.HieraConfig(image_size=[64, 64], embed_dim=24, depths=[1, 1], num_heads=[1, 2],
                      masked_unit_size=[8, 8], num_query_pool=1, **labels),
        "HieraForImageClassification", "hiera.encoder.stages.0", 64, refused="no map of it",
    )  # fmt: skip


def segmentation_zoo() -> Iterator[Animal]:
    import segmentation_models_pytorch as smp

    pixel = lambda output: output[:, 0].mean((1, 2))  # noqa: E731
    for name, layer in (
        ("Unet", "decoder.blocks.1"),
        ("UnetPlusPlus", "decoder.blocks.x_0_1"),
        ("Linknet", "decoder.blocks.1"),
        ("FPN", "decoder.seg_blocks.3"),
        ("PSPNet", "decoder.psp"),
        ("DeepLabV3Plus", "decoder.block2"),
        ("MAnet", "decoder.blocks.1"),
        ("PAN", "decoder.gau1"),
    ):
        make = getattr(smp, name)
        yield Animal(
            f"smp/{name}",
            lambda make=make: make("resnet18", encoder_weights=None, classes=3),
            layer,
            192 if name == "PAN" else 96,
            target=pixel,
        )


class Autoencoder(nn.Module):
    """A small variational autoencoder: returns a picture, means and log variances."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder = nn.Sequential(
            nn.Conv2d(3, 16, 4, 2, 1), nn.SiLU(), nn.Conv2d(16, 32, 4, 2, 1), nn.SiLU()
        )
        self.mean, self.variance = nn.Conv2d(32, 8, 1), nn.Conv2d(32, 8, 1)
        self.decoder = nn.Sequential(
            nn.ConvTranspose2d(8, 16, 4, 2, 1), nn.SiLU(), nn.ConvTranspose2d(16, 3, 4, 2, 1)
        )

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        hidden = self.encoder(x)
        mean, variance = self.mean(hidden), self.variance(hidden)
        if self.training:
            mean = mean + torch.randn_like(mean) * (variance / 2).exp()
        return self.decoder(mean), mean, variance


def own_zoo() -> Iterator[Animal]:
    lightness = lambda output: output[0].mean((1, 2, 3))  # noqa: E731
    yield Animal("own/vae", Autoencoder, "mean", 64, target=lightness)
    yield Animal("own/vae", Autoencoder, "decoder.0", 64, target=lightness)


ZOOS = (torchvision_zoo, timm_zoo, transformers_zoo, segmentation_zoo, own_zoo)


def main(begins: list[str]) -> int:
    warnings.simplefilter("ignore")
    torch.set_num_threads(1)
    bad = count = 0
    print(
        f"{'architecture':38s} {'layer':34s} {'kind':6s} {'channels, map':16s} {'h':>7s} "
        f"{'folded':>7s} {'∂':>7s} {'mode':8s} {'off':>5s} {'s':>5s}"
    )
    for zoo in ZOOS:
        try:
            animals = list(zoo())
        except ImportError as error:
            print(f"{zoo.__name__}: not installed ({error})")
            continue
        for animal in animals:
            if begins and not any(animal.name.startswith(start) for start in begins):
                continue
            try:
                found = examine(animal)
            except Exception as error:
                found = Found(error=f"{type(error).__name__}: {error}")
            wrong = found.wrong(animal)
            count, bad = count + 1, bad + bool(wrong)
            print(line(animal, found, wrong), flush=True)
    print(f"{count} architectures and layers, {bad} wrong")
    return bad


def line(animal: Animal, found: Found, wrong: str) -> str:
    head = f"{animal.name:38s} {animal.layer:34s} "
    if found.error:
        return head + (f"WRONG {wrong[:200]}" if wrong else f"refused: {animal.refused}")
    attribution = "–" if found.attribution is None else f"{found.attribution:.0e}"
    places = "–" if found.off is None else f"{found.off:.2f}"
    text = (
        f"{head}{found.kind:6s} {found.shape:16s} {found.activations:7.0e} {found.folded:7.0e} "
        f"{attribution:>7s} {found.mode[:8]:8s} {places:>5s} {found.seconds:5.2f}"
    )
    for notice in found.notices:
        text += f"\n    {notice[:150]}"
    return text + (f"\n    WRONG: {wrong}" if wrong else "")


if __name__ == "__main__":
    sys.exit(bool(main(sys.argv[1:])))
