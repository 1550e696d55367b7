"""Long computations about the units of the layer, as tasks: scans, wiring, classes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from atlas_widget.errors import AtlasError
from atlas_widget.progress import (
    CancelledCallback,
    ProgressCallback,
    check_cancelled,
    progress_of_part,
)
from atlas_widget.session.tasks.task import Material

if TYPE_CHECKING:
    import torch

    from atlas_widget.attribution import ClassValue
    from atlas_widget.probe import LayerProbe
    from atlas_widget.session.pictures.picture import Pixels
    from atlas_widget.units import UnitScan

__all__ = [
    "Connection",
    "LayerScanning",
    "PictureUnits",
    "Twin",
    "UnitClasses",
    "UnitTwin",
    "UnitWiring",
    "Wiring",
    "sampled_crops",
]

PictureUnits = Callable[["LayerProbe", Sequence[int]], "list[Pixels]"]
"""Returns pictures of units of an open layer."""

_ROWS = 6  # units shown of each layer
_LAYERS = 2  # neighbouring layers on each side
_CLASSES = 5
_SEED = 0


@dataclass(frozen=True)
class LayerScanning:
    """Find the exact examples of all units of the layer, over all positions of all images."""

    def __call__(
        self, material: Material, progress: ProgressCallback, cancelled: CancelledCallback
    ) -> UnitScan:
        """Scan the images."""
        from atlas_widget.units.scan import scan_probes

        return scan_probes(
            [material.probe], material.images, progress=progress, cancelled=cancelled
        )


@dataclass(frozen=True)
class Connection:
    """A unit of a neighbouring layer that the open unit gets activation from, or gives it to.

    Attributes
    ----------
    layer, unit
        The other unit.
    below
        True if its layer runs before the open unit's.
    contribution, low, high
        Mean over images, and its 95 % interval.
    share
        Of the sum of the sizes of all contributions of that layer.
    weights
        Expanded weights between the two units, float32 (rows, columns); empty if there are none.
    """

    layer: str
    unit: int
    below: bool
    contribution: float
    low: float
    high: float
    share: float
    weights: npt.NDArray[np.float32]


@dataclass(frozen=True)
class Wiring:
    """The strongest connections of a unit.

    Attributes
    ----------
    unit
        The unit.
    images
        Number of images that contributions are means over.
    connections
        Those to the layers before it, then those to the layers after it, strongest first.
    kind
        How neighbouring layers were found; see :class:`~atlas_widget.probe.graph.LayerGraph`.
    pictures
        A picture of each.
    """

    unit: int
    images: int
    connections: tuple[Connection, ...]
    kind: str
    pictures: tuple[Pixels, ...]


@dataclass(frozen=True)
class UnitWiring:
    """Find the units of neighbouring layers that feed a unit, and those that it feeds.

    Attributes
    ----------
    unit
        The unit.
    examples
        Numbers of its strongest samples.
    picture
        Returns pictures of units of an open layer.
    """

    unit: int
    examples: npt.NDArray[np.int64]
    picture: PictureUnits

    def __call__(
        self, material: Material, progress: ProgressCallback, cancelled: CancelledCallback
    ) -> Wiring:
        """Attribute between layers, on the unit's strongest examples."""
        from atlas_widget.probe import LayerProbe
        from atlas_widget.probe.blocks import block_names
        from atlas_widget.probe.graph import graph_of

        own = material.probe
        rgb = sampled_crops(material, self.examples)
        private = own.private_model
        names = [*block_names(private.network.module), own.layer]
        graph = graph_of(private, list(dict.fromkeys(names)))
        lower = [name for name in graph.before(own.layer) if name != own.layer][-_LAYERS:]
        upper = [name for name in graph.after(own.layer) if name != own.layer][:_LAYERS]
        total = len(lower) + len(upper)
        connections: list[Connection] = []
        pictures: list[Pixels] = []
        for done, name in enumerate([*lower, *upper]):
            check_cancelled(cancelled)
            progress(done, total)
            with LayerProbe(private, name.partition(":")[0]) as other:
                found = self._connections(own, other, rgb, below=done < len(lower))
                pictures += self.picture(other, [each.unit for each in found])
            connections += found
        progress(total, total)
        return Wiring(self.unit, len(rgb), tuple(connections), graph.kind, tuple(pictures))

    def _connections(
        self, own: LayerProbe, other: LayerProbe, rgb: torch.Tensor, *, below: bool
    ) -> list[Connection]:
        from atlas_widget.units.kernels import expanded_between
        from atlas_widget.units.wiring import inputs_of_unit, outputs_of_unit

        if below:
            table = inputs_of_unit(other, own, self.unit, rgb)
        else:
            table = outputs_of_unit(own, other, self.unit, rgb)
        table = table[table.index >= 0].head(_ROWS)
        none = np.zeros((0, 0), np.float32)
        found = []
        kernels = expanded_between(other, own, self.unit) if below else None
        columns = [table[name].tolist() for name in ("contribution", "low", "high", "share")]
        rows = zip(table.index.tolist(), *columns, strict=True)
        for unit, contribution, low, high, share in rows:
            if kernels is None:
                weights = expanded_between(own, other, unit)[self.unit]
            else:
                weights = kernels[unit]
            found.append(
                Connection(
                    other.layer,
                    unit,
                    below,
                    contribution,
                    low,
                    high,
                    share,
                    weights if weights.size else none,
                )
            )
        return found


@dataclass(frozen=True)
class UnitClasses:
    """Find the classes that a unit argues for and against, on its strongest examples.

    Attributes
    ----------
    unit
        The unit.
    examples
        Numbers of its strongest samples.
    """

    unit: int
    examples: npt.NDArray[np.int64]

    def __call__(
        self, material: Material, progress: ProgressCallback, cancelled: CancelledCallback
    ) -> tuple[list[ClassValue], list[ClassValue]]:
        """Return the classes for and against; the unit's share of the logits alone."""
        import torch

        from atlas_widget.attribution import top_classes
        from atlas_widget.session.cells.labels import has_classes

        probe = material.probe
        if not has_classes(probe):
            raise AtlasError(probe.no_classes or "This model has no classes.")
        rgb = sampled_crops(material, self.examples)
        scores = probe.target.scores
        probe.derivatives.try_modes(rgb, scores)
        rows = []
        for done, some in enumerate(torch.split(rgb, 4)):
            check_cancelled(cancelled)
            progress(4 * done, len(rgb))
            rows.append(probe.derivatives.along_channel(some, self.unit, scores).float().cpu())
        values = np.concatenate([row.numpy() for row in rows])
        return top_classes(values, count=_CLASSES, seed=_SEED)


@dataclass(frozen=True)
class Twin:
    """The counterpart of a unit in an untrained network.

    Attributes
    ----------
    unit
        The unit.
    scan, own
        Scans of the untrained and of the trained layer.
    r
        Largest correlation of the unit with any unit of the untrained layer, over images; NaN for
        a dead unit.
    floor
        The r that chance reaches: 95 % quantile over permuted images.
    picture
        Picture of the same unit of the untrained network.
    """

    unit: int
    scan: UnitScan
    own: UnitScan
    r: float
    floor: float
    picture: Pixels


@dataclass(frozen=True)
class UnitTwin:
    """Do the same with the unit of an untrained network: a control.

    Attributes
    ----------
    unit
        The unit.
    own, scan
        Scans of the trained and the untrained layer, where they are known.
    picture
        Returns pictures of units of an open layer.
    """

    unit: int
    own: UnitScan | None
    scan: UnitScan | None
    picture: PictureUnits

    def __call__(
        self, material: Material, progress: ProgressCallback, cancelled: CancelledCallback
    ) -> Twin:
        """Scan the images with both networks, and compare the unit."""
        from atlas_widget.units import match_units
        from atlas_widget.units.scan import scan_probes

        probe, source = material.probe, material.images

        own = self.own or scan_probes(
            [probe], source, progress=progress_of_part(progress, 0, 2), cancelled=cancelled
        )
        with probe.untrained(_SEED) as untrained:
            scan = self.scan or scan_probes(
                [untrained], source, progress=progress_of_part(progress, 1, 2), cancelled=cancelled
            )
            (picture,) = self.picture(untrained, [self.unit])
        row = match_units(own, probe.layer, scan, probe.layer).table.loc[self.unit]
        values: list[Any] = [row["r"], row["floor"]]
        r, floor = (float(value) if value == value else float("nan") for value in values)
        return Twin(self.unit, scan, own, r, floor, picture)


def sampled_crops(
    material: Material, samples: Sequence[int] | npt.NDArray[np.int64]
) -> torch.Tensor:
    """Return the crops that samples come from, as the network was given them."""
    from atlas_widget.collect.again import sample_images

    return sample_images(
        material.atlas.samples, material.images, samples, material.probe.input_size
    )
