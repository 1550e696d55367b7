"""UnitScan: statistics and exact examples of all units of some layers, over a set of images."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Self

import numpy as np
import numpy.typing as npt

from atlas_widget.errors import (
    AtlasError,
    OtherCollectionError,
    SavedAtlasError,
    check_unit,
    did_you_mean,
)
from atlas_widget.units.layer_scan import LayerScan

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["UnitScan"]

VERSION = 2
"""Version of the method; scans of another one are not taken up."""

_RECORD = "scan.json"
_ARRAYS = "scan.safetensors"
_RESAMPLES = 200
_SEED = 0


@dataclass(frozen=True)
class UnitScan:
    """Statistics and examples of all units of some layers; see :func:`scan_units`.

    Attributes
    ----------
    layers
        The scan of each layer.
    record
        What was scanned: ``weights``, ``images`` (a fingerprint), ``preprocessing``,
        ``input_size``, the kind, map size and boxes of each layer.
    names
        The name of each image of the source, by number.
    classes
        Names of the images' classes; empty without labels.
    class_of
        The class of each image of the source, -1 for none, int64 (images of the source,).
    unreadable
        Names of the images that could not be read.
    """

    layers: Mapping[str, LayerScan]
    record: Mapping[str, Any]
    names: Sequence[str]
    classes: Sequence[str]
    class_of: npt.NDArray[np.int64]
    unreadable: Sequence[str] = ()

    def stats(self, layer: str) -> pd.DataFrame:
        """Return a row of statistics for each unit of a layer.

        Parameters
        ----------
        layer
            The layer.

        Returns
        -------
        DataFrame
            Indexed by ``unit``. Over all positions of all images: ``max``, ``min``, ``mean``,
            ``std``, ``skew`` and ``kurtosis`` (population; excess), ``active`` = P(a > 0),
            ``zero`` = P(a = 0), ``sparseness`` = 1 − mean(a)² / mean(a²) (Treves and Rolls 1991,
            without their factor 1 / (1 − 1/n); NaN for units with negative activations),
            ``top1_share``, which part of all positive activation the 1 % largest positions carry
            (from a histogram, within a tenth of itself), ``dead`` (max = min). Over images, by the
            mean over positions: ``selectivity`` = (μ_best − μ_rest) / (μ_best + μ_rest), where
            μ_rest is the mean of the other classes' means (Morcos et al. 2018), with a 95 %
            bootstrap interval by image (``selectivity_low``, ``selectivity_high``), and
            ``best_class``; missing without labels or with negative activations.
        """
        import pandas as pd

        scan = self._scan(layer)
        mean, std, skew, kurtosis = scan.moments()
        count = int(scan.positions[0])
        high, low = scan.top_values[:, 0], scan.bottom_values[:, 0]
        square = np.square(mean) + np.square(std)
        with np.errstate(invalid="ignore", divide="ignore"):
            sparseness = np.where((low >= 0) & (square > 0), 1 - np.square(mean) / square, np.nan)
        dead = high == low
        table = pd.DataFrame(
            {
                "max": high,
                "min": low,
                "mean": mean,
                "std": np.where(dead, 0.0, std),
                "skew": skew,
                "kurtosis": kurtosis,
                "active": scan.positive / count,
                "zero": scan.zero / count,
                "sparseness": sparseness,
                "top1_share": scan.top_share(),
                "dead": dead,
            },
            index=pd.RangeIndex(scan.units, name="unit"),
        )
        if self.classes:
            from atlas_widget.units.selectivity import selectivity

            usable = low >= 0
            found = selectivity(
                np.where(usable, scan.image_mean, 0.0),
                self.class_of[scan.images],
                resamples=_RESAMPLES,
                seed=_SEED,
            )
            for name, values in zip(
                ("selectivity", "selectivity_low", "selectivity_high"), found[:3], strict=True
            ):
                table[name] = np.where(usable, values, np.nan)
            best = [self.classes[number] if number >= 0 else None for number in found[3]]
            table["best_class"] = pd.array(
                [name if use else None for name, use in zip(best, usable, strict=True)], "string"
            )
        return table

    def examples(
        self, layer: str, unit: int, part: Literal["top", "bottom"] = "top", count: int = 20
    ) -> pd.DataFrame:
        """Return the images in which a unit is most (or least) active, one position of each.

        Parameters
        ----------
        layer, unit
            The unit.
        part
            ``"top"``: the largest activations; ``"bottom"``: the smallest.
        count
            Maximum number of rows; up to 32 of the largest and 16 of the smallest are kept. Of
            equal activations, lower image numbers come first, and positions row by row.

        Returns
        -------
        DataFrame
            ``activation``, ``image`` (its number), ``name``, ``label``, ``row`` and ``column`` on
            the layer's map, ``at_rim`` (in the map's outermost ring, where padding may play a
            part), and ``x0, y0, x1, y1``, what the position sees, in fractions of the picture that
            the model was given.
        """
        import pandas as pd

        scan = self._scan(layer)
        self.check_unit(layer, unit)
        if part not in ("top", "bottom"):
            raise AtlasError(f"part={part!r}: 'top' or 'bottom'.")
        values, images, positions = (
            getattr(scan, f"{part}_{name}")[unit][:count]
            for name in ("values", "images", "positions")
        )
        rows, columns = self.map_size(layer)
        at_row, at_column = np.divmod(positions, columns)
        rim = (at_row % max(rows - 1, 1) == 0) | (at_column % max(columns - 1, 1) == 0)
        boxes = np.asarray(self.record["layers"][layer]["boxes"], np.float64).reshape(-1, 4)
        labels = [self._label(int(image)) for image in images]
        return pd.DataFrame(
            {
                "activation": values,
                "image": images,
                "name": [self.names[int(image)] for image in images],
                "label": labels,
                "row": at_row,
                "column": at_column,
                "at_rim": rim if min(rows, columns) > 2 else np.zeros(len(rim), bool),
                **dict(zip(("x0", "y0", "x1", "y1"), boxes[positions].T, strict=True)),
            }
        )

    def percentile(self, layer: str, unit: int, activation: float) -> float:
        """Return the share of images whose maximum of a unit is below an activation, 0 to 1."""
        self.check_unit(layer, unit)
        return float((self._scan(layer).image_max[:, unit] < activation).mean())

    @cached_property
    def layer_names(self) -> list[str]:
        """The layers' names."""
        return list(self.layers)

    @property
    def images(self) -> int:
        """Number of images scanned."""
        return len(next(iter(self.layers.values())).images)

    def map_size(self, layer: str) -> tuple[int, int]:
        """Return rows and columns of a layer's map."""
        self._scan(layer)
        rows, columns = self.record["layers"][layer]["map_size"]
        return rows, columns

    def check_unit(self, layer: str, unit: int) -> None:
        """Raise that a layer has no such unit."""
        check_unit(unit, self._scan(layer).units, layer)

    def merge(self, other: UnitScan) -> UnitScan:
        """Return the scan of the images of both, which must be parts of the same source.

        Raises
        ------
        OtherCollectionError
            They are of other models, layers, images or settings.
        AtlasError
            Some images are in both.
        """
        for key in self.record.keys() | other.record.keys():
            if self.record.get(key) != other.record.get(key):
                raise OtherCollectionError(
                    f"These scans cannot be merged: {key} is {_shown(self.record.get(key))} in one "
                    f"and {_shown(other.record.get(key))} in the other."
                )
        first = next(iter(self.layers))
        both = np.intersect1d(self.layers[first].images, other.layers[first].images)
        if len(both):
            raise AtlasError(
                f"{len(both)} images are in both scans, the first {self.names[both[0]]!r}: scan "
                "other images in each part."
            )
        layers = {name: scan.merge(other.layers[name]) for name, scan in self.layers.items()}
        unreadable = [*self.unreadable, *other.unreadable]
        return UnitScan(layers, self.record, self.names, self.classes, self.class_of, unreadable)

    def save(self, folder: str | os.PathLike[str]) -> Path:
        """Write the scan into a folder, as JSON and safetensors; nothing is pickled."""
        from safetensors.numpy import save_file

        from atlas_widget.atlas.durable import sync_folder, write_text

        path = Path(folder).expanduser()
        path.mkdir(parents=True, exist_ok=True)
        arrays = {
            f"{number}.{name}": np.ascontiguousarray(array)
            for number, scan in enumerate(self.layers.values())
            for name, array in scan.arrays().items()
        }
        arrays["class_of"] = self.class_of
        new = path / f"{_ARRAYS}.new"
        save_file(arrays, new)
        new.replace(path / _ARRAYS)
        record = {
            "version": VERSION,
            "record": dict(self.record),
            "names": list(self.names),
            "classes": list(self.classes),
            "unreadable": list(self.unreadable),
        }
        write_text(path / f"{_RECORD}.new", json.dumps(record))
        (path / f"{_RECORD}.new").replace(path / _RECORD)
        sync_folder(path)
        return path

    @classmethod
    def load(cls, folder: str | os.PathLike[str]) -> Self:
        """Read a scan from a folder.

        Raises
        ------
        SavedAtlasError
            There is no scan, or it is damaged or of another version.
        """
        from safetensors import SafetensorError
        from safetensors.numpy import load_file

        path = Path(folder).expanduser()
        try:
            saved = json.loads((path / _RECORD).read_text(encoding="utf-8"))
            if saved["version"] != VERSION:
                raise SavedAtlasError(
                    f"The scan in {path} is of version {saved['version']!r:.20}, not {VERSION}."
                )
            arrays = load_file(path / _ARRAYS)
            layers = {
                name: LayerScan.from_arrays(
                    {
                        key.partition(".")[2]: array
                        for key, array in arrays.items()
                        if key.startswith(f"{number}.")
                    }
                )
                for number, name in enumerate(saved["record"]["layers"])
            }
            return cls(
                layers,
                saved["record"],
                saved["names"],
                saved["classes"],
                arrays["class_of"],
                saved["unreadable"],
            )
        except (OSError, ValueError, KeyError, TypeError, SafetensorError) as error:
            raise SavedAtlasError(
                f"There is no readable scan in {path}: {type(error).__name__}: {error}"
            ) from error

    def _label(self, image: int) -> str | None:
        number = int(self.class_of[image]) if len(self.class_of) else -1
        return self.classes[number] if number >= 0 else None

    def _scan(self, layer: str) -> LayerScan:
        if layer not in self.layers:
            known = ", ".join(map(repr, self.layers))
            hint = did_you_mean(layer, self.layers) if isinstance(layer, str) else ""
            raise AtlasError(f"The layer {layer!r:.60} was not scanned.{hint} Scanned are {known}.")
        return self.layers[layer]

    def __repr__(self) -> str:
        units = ", ".join(f"{name}: {scan.units}" for name, scan in self.layers.items())
        return f"UnitScan({self.images} images; units of {units})"


def _shown(value: object) -> str:
    return f"{value!r:.80}"
