"""Directions as units: a network whose layer can be read along any directions of its activations.

Dimensions of a layer need not mean anything by themselves (Elhage et al., "A Mathematical Framework
for Transformer Circuits", 2021): components of a factorisation, the decoder of a sparse autoencoder
or concept activation vectors (Kim et al., "TCAV", ICML 2018) may.
"""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from atlas_widget.errors import ActivationsError, AtlasError
from atlas_widget.probe import LayerProbe
from atlas_widget.probe.outputs import Layout, Path, replaced, tensor_at
from atlas_widget.probe.private_copy import unwrapped
from atlas_widget.probe.running import run_model

__all__ = ["ModelWithDirections", "unit_directions", "with_directions"]

_MAX_SAMPLES = 20_000
_BATCH = 1024  # rows of a step of the factorisation


class Directions(nn.Module):
    """Activations along directions, of a layer's map.

    Parameters
    ----------
    matrix
        A row of length one for each direction, (directions, channels).
    """

    def __init__(self, matrix: Tensor) -> None:
        super().__init__()
        self.register_buffer("matrix", matrix)
        self.matrix: Tensor

    def project(self, maps: Tensor) -> Tensor:
        """Return h · v at every position of maps (n, channels, rows, columns)."""
        return F.conv2d(maps, self.matrix.to(maps)[:, :, None, None])

    def back(self, maps: Tensor) -> Tensor:
        """Return what activations along the directions are of the layer's map: the sum of a · v."""
        return F.conv_transpose2d(maps, self.matrix.to(maps)[:, :, None, None])

    def forward(self, maps: Tensor) -> Tensor:
        """Pass the activations along the directions on, so that they are the output of a layer."""
        return maps


class ModelWithDirections(nn.Module):
    """A model that does what it did, and has one more layer; see :func:`with_directions`.

    Parameters
    ----------
    model
        The model; it is not copied.
    probe
        The layer, as it is open in a copy.
    matrix
        A row of length one for each direction, (directions, channels).
    name
        The name of the new layer.
    """

    def __init__(self, model: nn.Module, probe: LayerProbe, matrix: Tensor, name: str) -> None:
        super().__init__()
        runner = probe.plain.runner
        self.model = model
        self.add_module(name, Directions(matrix))
        self._name = name
        self._layer = next(
            own for own, module in runner.model.named_modules() if module is runner.module
        )
        self._call = runner.call
        self._path: Path = runner.path
        self._layout: Layout = probe.plain.layout
        self.train(model.training)

    def forward(self, inputs: Tensor) -> Any:
        """Return what the model returns."""
        runs = 0
        aspect = inputs.shape[-2] / inputs.shape[-1]

        def hook(_module: nn.Module, _args: Any, output: Any) -> Any:
            nonlocal runs
            runs += 1
            if runs != self._call + 1:
                return None
            tensor = tensor_at(output, self._path)
            return replaced(output, self._path, self._read(tensor, aspect))

        handle = self.model.get_submodule(self._layer).register_forward_hook(hook)
        try:
            return run_model(self.model, inputs)
        finally:
            handle.remove()

    def _read(self, tensor: Tensor, aspect: float) -> Tensor:
        """Read a layer's tensor along the directions; return the tensor that goes on.

        It is the same, but what changes the activations along the directions changes it, by as much
        along each, and it has derivatives with respect to them.
        """
        directions: Directions = self.get_submodule(self._name)  # type: ignore[assignment]
        maps = self._layout.as_map(tensor, aspect)
        along = directions.project(maps)
        read = directions(along)
        # the same numbers, with a graph of their own: what goes down it through the directions is
        # taken back, so that derivatives with respect to layers below are those of the model
        again = directions.project(maps)
        unchanged = along.detach() + (again - again.detach())
        change = directions.back(read - unchanged)
        return tensor + _as_tensor(self._layout, change, tensor)

    def __getattr__(self, name: str) -> Any:
        """Return a part of this module, or else an attribute of the model, such as its config."""
        try:
            return super().__getattr__(name)
        except AttributeError:
            if name == "model" or name.startswith("__"):
                raise
            return getattr(super().__getattr__("model"), name)


def with_directions(
    model: nn.Module,
    layer: str,
    directions: Any,
    *,
    name: str = "directions",
    transform: Any = None,
    input_size: int | None = None,
) -> ModelWithDirections:
    """Return a model with one more layer: another one's activations along given directions.

    Its units are the directions, and their activation is h · v / ‖v‖ at each position of the map h.
    All that takes a model and the name of a layer takes these: `scan_units`, `tuning`,
    `unit_inputs`, `AtlasWidget`. The layers of the model itself are there as ``model.NAME``, its
    outputs are what they were, and attribution to a direction is its activation times the
    derivative along it.

    Parameters
    ----------
    model
        Any vision model. It is held, not copied, and not changed.
    layer
        A name from ``list_layers(model)``.
    directions
        A row for each direction, (directions, channels), of any length: components that
        :func:`unit_directions` finds, ``find_shared_groups(atlas, 8).directions``, the decoder of a
        sparse autoencoder (its rows, or columns transposed), concept activation vectors.
    name
        The name of the new layer, a Python identifier that the model itself does not have.
    transform, input_size
        See :class:`~atlas_widget.probe.LayerProbe`.

    Returns
    -------
    nn.Module

    Raises
    ------
    ActivationsError
        The directions are not of the layer's channels, not finite, or of no length.
    AtlasError
        There cannot be a layer of that name.

    Examples
    --------
    >>> directions = unit_directions(atlas.activations, 16)
    >>> seen = with_directions(model, "layer3", directions)
    >>> scan_units(seen, "directions", "photos").examples("directions", 4)
    >>> AtlasWidget(seen, "directions").open_unit("directions", 4)
    """
    if not isinstance(model, nn.Module):
        raise AtlasError(f"The model must be a torch.nn.Module, not {type(model).__name__}.")
    plain = unwrapped(model)
    if not isinstance(name, str) or not name.isidentifier() or hasattr(ModelWithDirections, name):
        raise AtlasError(f"name={name!r:.60}: an identifier such as 'directions' or 'nmf'.")
    if name == "model" or hasattr(plain, name):
        raise AtlasError(
            f"name={name!r}: the model itself has an attribute of that name; choose another one."
        )
    with LayerProbe(plain, layer, transform=transform, input_size=input_size) as probe:
        matrix = _matrix(directions, probe)
        place = next((p.device for p in plain.parameters()), probe.device)
        return ModelWithDirections(plain, probe, matrix.to(place), name)


def unit_directions(
    activations: Any, n: int, method: Literal["nmf", "pca"] = "nmf", *, seed: int = 0
) -> npt.NDArray[np.float32]:
    """Find directions that activations are made of.

    Parameters
    ----------
    activations
        A row for each position, (positions, channels), such as ``atlas.activations``; of more than
        20,000, as many are drawn at random.
    n
        Number of directions.
    method
        "nmf": non-negative components (scikit-learn's MiniBatchNMF), strongest first; for
        activations without negative values. "pca": principal components about the mean, by the
        variance along them.
    seed
        Of what is random.

    Returns
    -------
    ndarray, float32 (n, channels)
        Rows of length one. Those of "nmf" are not orthogonal: an activation along one is no share
        of a sum.

    Raises
    ------
    ActivationsError
        The activations are not a finite table, are zero everywhere, or negative for "nmf".
    AtlasError
        There cannot be so many directions, or there is no such method.
    """
    if method not in ("nmf", "pca"):
        raise AtlasError(f"method={method!r:.40}: 'nmf' or 'pca'.")
    if np.ndim(activations) != 2:
        raise ActivationsError(
            f"activations of the shape {np.shape(activations)}: a row for each position, "
            "(positions, channels)."
        )
    taken = np.arange(len(activations))
    if len(taken) > _MAX_SAMPLES:
        rng = np.random.default_rng(seed)
        taken = np.sort(rng.choice(len(taken), _MAX_SAMPLES, replace=False))
    h = np.asarray(activations[taken], np.float64)
    if not np.isfinite(h).all() or not h.any():
        raise ActivationsError("The activations are zero everywhere, or some are not finite.")
    whole = isinstance(n, int | np.integer) and not isinstance(n, bool)
    if not whole or not 1 <= n <= min(h.shape):
        raise AtlasError(
            f"n={n!r:.40}: {h.shape[0]} positions of {h.shape[1]} channels have 1 to "
            f"{min(h.shape)} directions."
        )
    found = _principal(h, n) if method == "pca" else _non_negative(h, n, seed)
    lengths = np.linalg.norm(found, axis=1, keepdims=True)
    if not (lengths > 0).all():
        raise AtlasError(
            f"n={n}: only {int((lengths > 0).sum())} of these components are not zero; take fewer."
        )
    return np.asarray(found / lengths, np.float32)


def _principal(h: npt.NDArray[np.float64], n: int) -> npt.NDArray[np.float64]:
    from sklearn.decomposition import PCA

    found: npt.NDArray[np.float64] = PCA(n, svd_solver="full").fit(h).components_
    return found


def _non_negative(h: npt.NDArray[np.float64], n: int, seed: int) -> npt.NDArray[np.float64]:
    import warnings

    from sklearn.decomposition import MiniBatchNMF
    from sklearn.exceptions import ConvergenceWarning

    if h.min() < 0:
        raise ActivationsError(
            "The activations have negative values, which a sum of non-negative parts cannot have: "
            "method='pca', or find_shared_groups(atlas, n).directions, which splits them by sign."
        )
    model = MiniBatchNMF(n, init="nndsvda", batch_size=_BATCH, random_state=seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        strengths = model.fit_transform(h / h.max())
    components: npt.NDArray[np.float64] = model.components_
    size = np.linalg.norm(strengths, axis=0) * np.linalg.norm(components, axis=1)
    return components[np.argsort(-size, kind="stable")]


def _matrix(directions: Any, probe: LayerProbe) -> Tensor:
    """Return directions of length one, float32; raise what is wrong with them."""
    given = directions.detach().cpu() if isinstance(directions, Tensor) else np.array(directions)
    try:
        matrix: Tensor = torch.as_tensor(given, dtype=torch.float64)
    except (TypeError, ValueError) as error:
        raise ActivationsError(f"directions is no table of numbers: {error}") from None
    if matrix.ndim != 2 or matrix.shape[1] != probe.channels or not len(matrix):
        turned = matrix.ndim == 2 and matrix.shape[0] == probe.channels
        raise ActivationsError(
            f"directions of the shape {tuple(matrix.shape)}: a row for each, (directions, "
            f"{probe.channels}), for the channels of {probe.layer!r}."
            + (" Did you mean directions.T?" if turned else "")
        )
    lengths = matrix.norm(dim=1)
    wrong = ~(torch.isfinite(lengths) & (lengths > 0))
    if wrong.any():
        raise ActivationsError(
            f"Direction {int(wrong.nonzero()[0])} is zero or not finite; so are {int(wrong.sum())} "
            f"of {len(matrix)}."
        )
    rows: Tensor = matrix / lengths[:, None]
    return rows.float()


def _as_tensor(layout: Layout, maps: Tensor, like: Tensor) -> Tensor:
    """Return a map in the layout of a layer's own tensor; 0 where that holds no part of the map."""
    if layout.kind == "vector":
        return maps[:, :, 0, 0]
    if layout.kind == "map":
        return maps.permute(0, 2, 3, 1) if layout.channels_last else maps
    tokens: Tensor = F.pad(maps.flatten(2).transpose(1, 2), (0, 0, layout.prefix, layout.suffix))
    return (tokens.transpose(1, 2) if layout.transposed else tokens).reshape(like.shape)
