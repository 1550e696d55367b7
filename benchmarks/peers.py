"""Lucent and Horama, set up as their makers do, for the benchmarks of feature inversion."""

from __future__ import annotations

import contextlib
import copy
import io
import tempfile
from collections.abc import Iterator, Sequence

import numpy as np
import torch
from torch import nn

from atlas_widget.probe import LayerProbe

DEVICE = "cuda" if torch.cuda.is_available() else "cpu"  # Lucent takes a GPU where there is one
LUCENT_SIDE = 224  # what it shows the network: it enlarges its 128 px
HORAMA_SIDE = 224


class _Ended(Exception):  # noqa: N818
    pass


def ending_at(model: nn.Module, layer: str) -> nn.Module:
    """Copy a model so that it stops after a layer and has no gradients of weights.

    The peers' pictures come out the same, only sooner; for following cosines, not for timing.
    """
    model = copy.deepcopy(model).requires_grad_(False)
    forward = model.forward

    def end(*_: object) -> None:
        raise _Ended

    def until(images: torch.Tensor) -> None:
        with contextlib.suppress(_Ended):
            forward(images)

    names = [name for name, _ in model.named_modules()]
    after = [name for name in names[names.index(layer) + 1 :] if not name.startswith(f"{layer}.")]
    model.get_submodule(after[0]).register_forward_pre_hook(end)
    model.forward = until  # type: ignore[method-assign]
    return model


def lucent(
    model: nn.Module, probe: LayerProbe, target: torch.Tensor, steps: Sequence[int] = (512,)
) -> torch.Tensor:
    """One target's pictures (steps, 3, 128, 128) after each of `steps`, with Lucent's defaults."""
    from lucent.optvis import objectives, param, render, transform

    mean, std = probe.preprocessing.mean, probe.preprocessing.std
    assert mean is not None and std is not None  # noqa: PT018
    normalise = transform.Normalize(mean=list(mean), std=list(std))
    images = render.render_vis(
        model,
        objectives.direction_neuron(probe.layer.replace(".", "_"), target.to(DEVICE)),
        lambda: param.image(128),
        transforms=[*transform.standard_transforms, normalise],
        thresholds=tuple(steps),
        preprocess=False,
        progress=False,
        show_image=False,
    )
    return torch.stack([torch.tensor(image[0]).permute(2, 0, 1) for image in images])


def horama(
    model: nn.Module,
    probe: LayerProbe,
    target: torch.Tensor,
    steps: int,
    crops: int = 2,
    spectrum: torch.Tensor | None = None,
) -> torch.Tensor:
    """One target's picture (3, 224, 224) by Horama, with few crops a step.

    By its Fourier method, or by MACO with the `spectrum` of real images, from :func:`spectrum_of`.
    """
    import horama as library
    from horama.losses import dot_cossim

    mean, std = torch.tensor(probe.preprocessing.mean), torch.tensor(probe.preprocessing.std)
    low, high = float((-mean / std).min()), float(((1 - mean) / std).max())
    seen: dict[str, torch.Tensor] = {}
    module = model.get_submodule(probe.layer)
    hook = module.register_forward_hook(lambda _m, _i, output: seen.update(h=output))

    def objective(views: torch.Tensor) -> torch.Tensor:
        model(views)
        h = seen["h"][:, :, seen["h"].shape[2] // 2, seen["h"].shape[3] // 2]
        score: torch.Tensor = dot_cossim(h, target.to(h).expand_as(h)).mean()
        return score

    method = library.fourier if spectrum is None else library.maco
    try:
        with contextlib.redirect_stderr(io.StringIO()), _spectrum_at_hand(spectrum):
            image, _ = method(
                objective, total_steps=steps, image_size=HORAMA_SIDE, crops_per_iteration=crops,
                box_size=(0.8, 0.9), values_range=(low, high), device=DEVICE,
            )  # fmt: skip
    finally:
        hook.remove()
    picture = image.detach().cpu() * std[:, None, None] + mean[:, None, None]
    return picture.clamp(0, 1)


def spectrum_of(images: torch.Tensor) -> torch.Tensor:
    """Return the mean magnitude (3, side, side // 2 + 1) of RGB images (n, 3, side, side).

    In Horama's decorrelated colours. MACO downloads that of ImageNet; this needs no network.
    """
    from horama.common import get_color_correlation_svd_sqrt

    back = torch.linalg.inv(get_color_correlation_svd_sqrt("cpu"))
    logits = torch.logit(images.float().clamp(0.02, 0.98))  # what the pictures' sigmoid undoes
    colours = torch.einsum("nchw,cd->ndhw", logits, back)
    return torch.fft.rfft2(colours).abs().mean(0)


@contextlib.contextmanager
def _spectrum_at_hand(spectrum: torch.Tensor | None) -> Iterator[None]:
    """Put `spectrum` where MACO looks for the one it would download."""
    if spectrum is None:
        yield
        return
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        np.save("spectrum_decorrelated.npy", spectrum.numpy())
        yield
