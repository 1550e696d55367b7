"""The validated settings that determine the atlases of a model's layers."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from atlas_widget.attribution.class_names import class_names
from atlas_widget.errors import AtlasError, ImagesError, LayerNotFoundError, SavedAtlasError
from atlas_widget.protocol.messages import MAX_GRID, MAX_TEXT
from atlas_widget.session.pictures.cache import cache_folder

if TYPE_CHECKING:
    from torch import nn

    from atlas_widget.atlas import Atlas
    from atlas_widget.build.provenance import AtlasSettings
    from atlas_widget.images.source import ImageSource
    from atlas_widget.layout import Embedding, OtherLayout
    from atlas_widget.probe import LayerProbe
    from atlas_widget.session.pictures.remote import IconMaker

__all__ = ["Recipe", "layer_names", "layer_shapes", "worker_threads"]

_MAX_GRIDS = 6
_MAX_THREADS = 4


@dataclass(frozen=True)
class Recipe:
    """Settings for making the atlases of a model.

    Attributes
    ----------
    images, transform, labels, target, device, input_size
        As given by the user.
    num_samples, grids, seed
        Parameters of the atlas.
    folder
        The cache folder.
    atlas
        An atlas to show instead of a new one, or its path.
    first_layer
        The layer that the widget was opened with.
    cluster
        Address of the Ray cluster that makes the cells' pictures; None if there is none.
    layout_method
        Method of the layout.
    """

    images: Any
    transform: Any
    labels: Any
    target: Any
    num_samples: int
    grids: tuple[int, ...]
    seed: int
    device: Any
    folder: Path
    atlas: Atlas | Path | None
    first_layer: str | nn.Module
    cluster: str | None = None
    layout_method: str | OtherLayout | None = "umap"
    input_size: int | None = None

    @classmethod
    def checked(
        cls,
        layer: str | nn.Module,
        *,
        images: Any,
        transform: Any,
        labels: Sequence[str] | Mapping[int, str] | None,
        target: Any = None,
        num_samples: int | None,
        grids: Sequence[int],
        seed: int,
        device: Any,
        cache_dir: str | os.PathLike[str] | None,
        atlas: Atlas | str | os.PathLike[str] | None,
        cluster: str | None = None,
        layout_method: str | Embedding = "umap",
        input_size: int | None = None,
    ) -> Recipe:
        """Validate settings as far as possible at once; see :class:`~atlas_widget.AtlasWidget`."""
        from atlas_widget.collect import MIN_SAMPLES, NUM_SAMPLES

        count = (
            NUM_SAMPLES
            if num_samples is None
            else (_whole("num_samples", num_samples, MIN_SAMPLES))
        )
        if atlas is None and _missing(images):
            raise ImagesError(
                f"images={str(images)!r}: there is no such folder. Give a folder, a URL, a "
                'dataset, a DataLoader, a list of images, a tensor, "imagenette", or nothing for '
                "the demo's photos."
            )
        if isinstance(atlas, str | os.PathLike):
            atlas = Path(atlas).expanduser()
            if not atlas.is_dir():
                raise SavedAtlasError(f"atlas={str(atlas)!r}: there is no saved atlas there.")
        if cluster is not None:
            from atlas_widget.cluster.connection import check_address

            check_address(cluster)
        return cls(
            images=images,
            transform=transform,
            labels=labels,
            target=target,
            num_samples=count,
            grids=_sizes(grids),
            seed=_whole("seed", seed, 0),
            device=device,
            folder=cache_folder(cache_dir),
            atlas=atlas,
            first_layer=layer,
            cluster=cluster,
            layout_method=_checked_method(layout_method),
            input_size=None if input_size is None else _whole("input_size", input_size, 1),
        )

    @property
    def torch_threads(self) -> int:
        """Number of PyTorch's threads on the worker; see `worker_threads`."""
        return worker_threads()

    @property
    def settings(self) -> AtlasSettings:
        """The parameters that determine an atlas."""
        from atlas_widget.build.provenance import AtlasSettings

        method = self.layout_method
        if isinstance(method, str):
            from atlas_widget.layout import other_layout

            method = other_layout(method)
        return AtlasSettings(num_samples=self.num_samples, seed=self.seed, layout_method=method)

    def first_probe(self, model: nn.Module) -> LayerProbe:
        """Copy the user's model, and open the first layer."""
        from atlas_widget.probe import LayerProbe

        probe = LayerProbe(
            model,
            self.first_layer,
            transform=self.transform,
            device=self.device,
            target=self.target,
            input_size=self.input_size,
        )
        try:
            self.names_of_classes(probe)
        except AtlasError:
            probe.close()
            raise
        return probe

    def maker(self, probe: LayerProbe, notice: Callable[[str], None]) -> IconMaker | None:
        """Return the maker of pictures on a cluster; None if there is no cluster."""
        if self.cluster is None:
            return None
        from atlas_widget.cluster.remote_icons import RemoteIcons

        return RemoteIcons(
            probe, self.cluster, transform=self.transform, device=self.device, notice=notice
        )

    def check_layer(self, probe: LayerProbe, layer: object) -> str:
        """Return the name of a layer of the model, or raise `LayerNotFoundError`."""
        from atlas_widget.probe.layers import find_layer

        if not isinstance(layer, str) or len(layer) > MAX_TEXT:
            raise LayerNotFoundError(f"A layer is given by its name, not by {layer!r:.60}.")
        name, _ = find_layer(self.model(probe), layer)
        return str(name)

    def names_of_classes(self, probe: LayerProbe) -> tuple[list[str] | None, str | None]:
        """Return the names of the classes, and a notice of what was assumed about them.

        Raises
        ------
        AtlasError
            The labels do not fit the model.
        """
        from atlas_widget.attribution.output_labels import resolve_labels

        if self.target is not None:
            labels = self.labels if isinstance(self.labels, list | tuple) else None
            return probe.target.named(labels), None
        return resolve_labels(self.labels, probe.num_classes, self.model(probe))

    def opened_with(self, layer: str) -> bool:
        """Return True if the widget was opened with this layer."""
        return layer == self.first_layer

    def class_names(self, probe: LayerProbe) -> list[str]:
        """Return a unique name for each class; empty if the layer has no classes."""
        if not probe.num_classes or probe.no_classes is not None:
            return []
        return class_names(self.names(probe), probe.num_classes)

    def names(self, probe: LayerProbe) -> list[str] | None:
        """Return the names of the classes."""
        return self.names_of_classes(probe)[0]

    def model(self, probe: LayerProbe) -> nn.Module:
        """Return the copy of the model that a probe runs."""
        return probe.model

    def source(self, probe: LayerProbe, notice: Callable[[str], None]) -> ImageSource | None:
        """Return the images; None, with a notice, if an atlas was given and they are gone."""
        from atlas_widget.images.opening import as_image_source

        try:
            return as_image_source(self.images, preprocessing=probe.preprocessing)
        except (ImagesError, OSError) as error:
            if self.atlas is None:
                raise
            notice(
                f"The images cannot be read ({error}) The atlas is shown with the crops that it "
                "keeps itself; classes, whole images and other layers need the images."
            )
            return None


def worker_threads() -> int:
    """Return the number of PyTorch's threads on a worker: half the cores; the page has to respond.

    On two cores a second thread made pictures hardly faster on an idle machine, and four times
    slower beside a busy browser, because the threads of a team wait for each other.
    """
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return max(1, min(_MAX_THREADS, (cores or 1) // 2))


def layer_names(model: nn.Module) -> list[dict[str, Any]]:
    """Return the layers of a model, for the browser's layer picker; its blocks are marked."""
    from atlas_widget.probe import list_layers
    from atlas_widget.probe.blocks import block_names

    blocks = set(block_names(model))
    return [
        {"name": info.name, "type": info.type, "block": info.name in blocks}
        for info in list_layers(model)
    ]


def layer_shapes(probe: LayerProbe) -> dict[str, list[int]]:
    """Return the shape of each layer's output for one image, by the layer's name.

    Layers that run several times have a shape if it is the same each time. Empty if the model does
    not run on a square RGB image.
    """
    import torch

    from atlas_widget.probe.layers import layers_that_run

    size = probe.input_size
    try:
        listed = layers_that_run(probe.model, torch.zeros(1, 3, size, size, device=probe.device))
    except AtlasError:
        return {}
    shapes: dict[str, set[tuple[int, ...]]] = {}
    for info in listed:
        if info.shape is not None:
            shapes.setdefault(info.name.partition(":")[0], set()).add(info.shape)
    return {name: list(*found) for name, found in shapes.items() if len(found) == 1}


def _missing(images: Any) -> bool:
    """Return True for a path that does not exist; URLs are checked when they are listed."""
    if not isinstance(images, str | os.PathLike):
        return False
    path = os.fspath(images)
    known = path in ("demo", "imagenette") or "://" in path
    return not known and not Path(path).expanduser().exists()


def _checked_method(given: str | Embedding) -> str | OtherLayout | None:
    if isinstance(given, str) and given == "umap":  # avoids further imports
        return given
    from atlas_widget.layout import other_layout

    return other_layout(given)


def _whole(name: str, value: object, least: int) -> int:
    if isinstance(value, bool) or not hasattr(value, "__index__") or int(value) < least:
        raise AtlasError(f"{name}={value!r:.60} must be a whole number of at least {least}.")
    return int(value)


def _sizes(grids: Sequence[int]) -> tuple[int, ...]:
    # Not grid.check_grids: the widget shows fewer and smaller grids than an atlas can have.
    listed = [grids] if hasattr(grids, "__index__") else grids
    if isinstance(listed, str) or not isinstance(listed, Iterable):
        raise AtlasError(f"grids={grids!r:.60} must be some sizes, such as (20, 40, 80).")
    sizes = tuple(sorted({_whole("grids", size, 1) for size in listed}))
    if not sizes or sizes[-1] > MAX_GRID or len(sizes) > _MAX_GRIDS:
        raise AtlasError(
            f"grids={tuple(sizes)!r:.60}: the widget shows 1 to {_MAX_GRIDS} grids of at most "
            f"{MAX_GRID} cells along a side, such as (20, 40, 80)."
        )
    return sizes
