"""Tuning of units: how they answer to families of synthetic pictures."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
import torch
from torch import nn

from atlas_widget.errors import AtlasError, check_unit
from atlas_widget.images.opening import as_image_source
from atlas_widget.probe import LayerProbe
from atlas_widget.probe.opening import opened
from atlas_widget.progress import CancelledCallback, ProgressCallback, check_cancelled
from atlas_widget.units.field import Field
from atlas_widget.units.stimuli import GREY, SETS, Stimuli, stimuli
from atlas_widget.units.turned import TURNED, Seen, turned_examples

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["Tuning", "show", "tuning"]

_FLOAT = npt.NDArray[np.float32]
_TUNED = 2.0  # deviations above the data's mean that the best stimulus has to reach
_ROUND = {"edges": "direction", "curves": "direction", "angles": "direction", TURNED: "angle"}


@dataclass(frozen=True)
class Tuning:
    """Answers of all units of a layer to sets of stimuli; see :func:`tuning`.

    Attributes
    ----------
    layer
        The layer.
    side
        Side of the field that the stimuli were drawn in, in pixels.
    sets
        The stimuli of each set: parameters, axes and pictures.
    responses
        The activation of the unit in the middle of the map for each stimulus, by set,
        float32 (stimuli, units).
    grey
        The answer to plain grey, float32 (units,).
    mean, std
        Mean and standard deviation of each unit over real images, float32 (units,); None if they
        were not given, and then there are no z values.
    """

    layer: str
    side: int
    sets: Mapping[str, Stimuli]
    responses: Mapping[str, _FLOAT]
    grey: _FLOAT
    mean: _FLOAT | None
    std: _FLOAT | None

    def table(self, name: str, unit: int) -> pd.DataFrame:
        """Return the stimuli of a set with a unit's ``response`` and its ``z`` over real images."""
        self._check(name, unit)
        response = self.responses[name][:, unit]
        table = self.sets[name].table.assign(response=response)
        return table.assign(z=self._z(response, unit))

    def map(self, name: str, unit: int, *, reduce: Literal["max", "mean"] = "max") -> pd.DataFrame:
        """Return the responses over the two axes of a set, the other parameters reduced.

        Parameters
        ----------
        name, unit
            The set and the unit.
        reduce
            ``"max"`` or ``"mean"`` over the other parameters.
        """
        if reduce not in ("max", "mean"):
            raise AtlasError(f"reduce={reduce!r}: 'max' or 'mean'.")
        table = self.table(name, unit)
        rows, columns = self.sets[name].axes
        return table.pivot_table("response", rows, columns, aggfunc=reduce, sort=False)

    def best(self, unit: int, name: str | None = None) -> dict[str, Any]:
        """Return the stimulus that a unit answers most to.

        Parameters
        ----------
        unit
            The unit.
        name
            The set; None: all of them.

        Returns
        -------
        dict
            Its ``set``, ``number`` in the set, parameters, ``response`` and ``z``.
        """
        names = list(self.responses) if name is None else [name]
        for each in names:
            self._check(each, unit)
        strongest = max(names, key=lambda each: float(self.responses[each][:, unit].max()))
        number = int(self.responses[strongest][:, unit].argmax())
        table = self.table(strongest, unit)
        values = {str(key): table[key].iloc[number] for key in table.columns}
        return {"set": strongest, "number": number, **values}

    def summary(self, unit: int) -> pd.DataFrame:
        """Return a row for each set: the best stimulus, how selective the unit is, and its width.

        Columns are ``response`` and ``z`` of the best stimulus; ``preferred``, the orientation or
        direction of it; ``selectivity``, |Σ r e^{ikθ}| / Σ r over r = max(response − grey, 0), with
        k = 2 for orientations of gratings and 1 for all others (Swindale 1998; 0: alike for all, 1:
        one only); ``half_width``, half the range in degrees in which the curve is above half of its
        height; ``modulation``, the share of a grating's response that depends on
        its phase (F1 / F0); and ``tuned``: the best z is at least 2.
        """
        rows = {name: self._row(name, unit) for name in self.responses}
        return pd.DataFrame.from_dict(rows, orient="index").rename_axis("set")

    def curve(self, name: str, unit: int) -> pd.Series[float] | None:
        """Return the response by orientation or direction; None for sets that have neither.

        It is the largest over all other parameters; of "turned", the mean over the examples, each
        turned from how it is in its image.
        """
        angle = _ROUND.get(name, "orientation" if name == "gratings" else None)
        if angle is None:
            return None
        table = self.table(name, unit)
        by_angle = table.groupby(angle)["response"]
        curve: pd.Series[float] = by_angle.mean() if name == TURNED else by_angle.max()
        return curve

    def to_figure(self, unit: int) -> Figure:
        """Return a figure of a unit's maps and curves, made without pyplot."""
        from atlas_widget.units.tuning_figure import tuning_figure

        return tuning_figure(self, unit)

    def _row(self, name: str, unit: int) -> dict[str, Any]:
        best = self.best(unit, name)
        z = float(best["z"])
        row: dict[str, Any] = {
            "response": float(best["response"]),
            "z": z,
            "preferred": math.nan,
            "selectivity": math.nan,
            "half_width": math.nan,
            "modulation": math.nan,
            "tuned": z >= _TUNED,
        }
        curve = self.curve(name, unit)
        if curve is not None:
            order = 2 if name == "gratings" else 1
            height = np.maximum(curve.to_numpy(np.float64) - float(self.grey[unit]), 0)
            angles = np.radians(curve.index.to_numpy(np.float64))
            if height.sum() > 0:
                vector = (height * np.exp(1j * order * angles)).sum()
                row["preferred"] = float(curve.index[int(height.argmax())])
                row["selectivity"] = float(abs(vector) / height.sum())
                row["half_width"] = _half_width(height, 360 / order / len(height))
        if name == "gratings":
            row["modulation"] = self._modulation(unit, best)
        return row

    def _modulation(self, unit: int, best: Mapping[str, Any]) -> float:
        table = self.table("gratings", unit)
        same = (table["orientation"] == best["orientation"]) & (table["cycles"] == best["cycles"])
        phases = table[same].sort_values("phase")["response"].to_numpy(np.float64)
        phases = phases - float(self.grey[unit])
        wave = np.exp(-1j * np.radians(np.arange(0, 360, 90)))
        mean = phases.mean()
        return float(2 * abs((phases * wave).mean()) / mean) if mean > 0 else math.nan

    def _z(self, response: _FLOAT, unit: int) -> _FLOAT:
        if self.mean is None or self.std is None or not self.std[unit] > 0:
            return np.full_like(response, np.nan)
        z: _FLOAT = (response - self.mean[unit]) / self.std[unit]
        return z

    def _check(self, name: str, unit: int) -> None:
        if name not in self.responses:
            raise AtlasError(
                f"The set {name!r:.60} was not shown. There are {', '.join(self.responses)}."
            )
        check_unit(unit, len(self.grey), self.layer)


def tuning(
    model: nn.Module | LayerProbe,
    layer: str | None = None,
    sets: Sequence[str] | None = None,
    *,
    examples: pd.DataFrame | None = None,
    images: Any = None,
    mean: Any = None,
    std: Any = None,
    transform: Any = None,
    device: str | torch.device | None = None,
    progress: ProgressCallback | None = None,
    cancelled: CancelledCallback | None = None,
) -> Tuning:
    """Show a layer families of synthetic pictures, and return the answers of all its units.

    The stimuli are as large as the layer's receptive field, and are drawn where the unit in the
    middle of the map looks; its activation is the response. One pass over about 1,700 pictures
    serves all units. After OpenAI Microscope's "synthetic tuning" and "Curve Detectors" (Cammarata
    et al., Distill 2020).

    Parameters
    ----------
    model, layer
        A vision model and the name of a layer with a map, or a probe.
    sets
        Some of "gratings", "edges", "curves", "angles", "colours", "checkers", "spots", "shapes",
        and "turned", which needs `examples`. None: all that there can be.
    examples
        For "turned": rows of ``scan.examples(layer, unit, count=5)``, what one unit sees in its
        strongest images. Each is shown in 72 rotations about its middle, by 5°, through the same
        round window. All units answer, but the set is about that unit.
    images
        The images of that scan; see `scan_units`.
    mean, std
        Mean and standard deviation of each unit over real images, such as ``scan.stats(layer)``
        has; a response is then also told in deviations above the mean (z).
    transform, device
        See :class:`~atlas_widget.probe.LayerProbe`.
    progress, cancelled
        Called with the number of pictures shown and of all; asked now and then whether to stop.

    Returns
    -------
    Tuning

    Raises
    ------
    AtlasError
        There is no such set, or the layer has no map: its units do not look at a place.
    ImagesError
        The images are not those of the examples.

    Examples
    --------
    >>> scan = scan_units(model, "layer2", "photos")
    >>> stats = scan.stats("layer2")
    >>> curves = tuning(model, "layer2", mean=stats["mean"], std=stats["std"])
    >>> curves.summary(17)
    >>> turned = tuning(model, "layer2", ["turned"], images="photos",
    ...                 examples=scan.examples("layer2", 17, count=5))
    >>> turned.curve("turned", 17)
    """
    names = [sets] if isinstance(sets, str) else list(dict.fromkeys(sets or SETS))
    if sets is None and examples is not None:
        names.append(TURNED)
    if TURNED in names and examples is None:
        raise AtlasError(
            "The set 'turned' shows the strongest examples of one unit: pass "
            "examples=scan.examples(layer, unit, count=5) and the images of the scan."
        )
    with torch.inference_mode(False), opened(model, layer, transform, device) as probe:
        field = Field.of(probe)
        shown = {name: stimuli(name, field.side) for name in names if name != TURNED}
        if examples is not None and TURNED in names:
            source = as_image_source(images, preprocessing=probe.preprocessing)
            shown[TURNED] = turned_examples(probe, field.side, Seen.of(probe, source, examples))
        return show(field, shown, mean=mean, std=std, progress=progress, cancelled=cancelled)


def show(
    field: Field,
    shown: Mapping[str, Stimuli],
    *,
    mean: Any = None,
    std: Any = None,
    progress: ProgressCallback | None = None,
    cancelled: CancelledCallback | None = None,
) -> Tuning:
    """Show a layer sets of stimuli.

    Parameters
    ----------
    field
        The receptive field that they were drawn for.
    shown
        The stimuli of each set.
    mean, std, progress, cancelled
        See :func:`tuning`.
    """
    total, done = sum(len(each.table) for each in shown.values()), 0

    def count(some: int) -> None:
        nonlocal done
        check_cancelled(cancelled)
        done += some
        if progress is not None:
            progress(done, total)

    count(0)
    responses = {name: field.answers(each.pictures, count) for name, each in shown.items()}
    grey = field.answers(torch.full((1, 3, field.side, field.side), GREY))[0]
    probe = field.probe
    deviations = (
        _each(values, probe.channels, name) for values, name in ((mean, "mean"), (std, "std"))
    )
    return Tuning(probe.layer, field.side, shown, responses, grey, *deviations)


def _half_width(height: npt.NDArray[np.float64], step: float) -> float:
    """Return half the range about the maximum in which a circular curve is above half of it."""
    peak = int(height.argmax())
    rolled = np.roll(height, -peak)
    below = np.flatnonzero(rolled < rolled[0] / 2)
    if not len(below):
        return 180.0 if step * len(height) > 181 else 90.0
    right, left = below[0], len(rolled) - below[-1]
    return float((right + left) / 2 * step)


def _each(values: Any, channels: int, name: str) -> _FLOAT | None:
    if values is None:
        return None
    array = np.asarray(values, np.float32)
    if array.shape != (channels,):
        raise AtlasError(
            f"{name} has the shape {array.shape}: one number for each of the {channels} units."
        )
    return array
