"""Reading of one image: what some layers of a model see in it, and what comes of that."""

from __future__ import annotations

from collections.abc import Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal, Self

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from atlas_widget.errors import AtlasError, AttributionError
from atlas_widget.probe import LayerProbe
from atlas_widget.probe.derivatives import MaxPool
from atlas_widget.progress import CancelledCallback, ProgressCallback
from atlas_widget.reading.ablation import Region, ablation_table, removed_part
from atlas_widget.reading.attributions import Attribution, Completeness
from atlas_widget.reading.classes import Class, ClassNames
from atlas_widget.reading.dictionary import ActivationGrid, dictionary_table
from atlas_widget.reading.flow import flow_table, shares_of_groups, split_over_groups
from atlas_widget.reading.groups import Groups, Order, explained_shares, find_groups
from atlas_widget.reading.influence import Influence, fed_by, feeds
from atlas_widget.reading.interventions import Deletion, deletion_curves
from atlas_widget.reading.places import (
    Place,
    Position,
    checked_position,
    layer_number,
    place_of,
)
from atlas_widget.reading.recording import Recording
from atlas_widget.reading.scores import LayerScores

if TYPE_CHECKING:
    import pandas as pd

    from atlas_widget.atlas import Atlas
    from atlas_widget.inversion import Icons

__all__ = ["ImageReading"]

_TOP = 5


class ImageReading:
    """One image in some layers of a model, read in one pass; see :func:`read_image`.

    Layers are given by name, positions as (row, column) of a layer's map, classes by number or
    name. Every pass back from a number reaches all layers; what was asked for is kept.

    Parameters
    ----------
    probes
        The layers, of one model; :meth:`close` closes them if `owned`.
    rgb
        The image, RGB in [0, 1], (1, 3, h, w).
    labels
        Names of the classes by number.
    max_pool
        ``"plain"`` or ``"relaxed"``; see :func:`~atlas_widget.attribution_map`. Sums that are exact
        with the first are not with the second.
    notices
        What there is to say of the image and the model.
    owned
        Whether the probes are this reading's own.

    Attributes
    ----------
    rgb, notices
        As given.
    layers
        Names of the layers, in the order in which they run.
    """

    def __init__(
        self,
        probes: Sequence[LayerProbe],
        rgb: Tensor,
        *,
        labels: Sequence[str] | None = None,
        max_pool: MaxPool = "plain",
        notices: Sequence[str] = (),
        owned: bool = False,
    ) -> None:
        if max_pool not in ("plain", "relaxed"):
            raise AttributionError(f"max_pool is 'plain' or 'relaxed', not {max_pool!r}.")
        self.rgb = rgb
        self.notices = list(notices)
        self._probes = list(probes)
        self._owned = owned
        self._names = ClassNames(self._probes[0], labels)
        self._open: Recording | None = Recording(self._probes, rgb, max_pool)
        self.layers = tuple(self._probes[number].layer for number in self._open.order)

    # -- What is there

    @property
    def pixels(self) -> NDArray[np.uint8]:
        """The image as the model is given it, (height, width, 3)."""
        image = (self.rgb[0].permute(1, 2, 0).cpu().numpy() * 255).round()
        return np.ascontiguousarray(image.astype(np.uint8))

    def activations(self, layer: str) -> NDArray[np.float64]:
        """Return the layer's map, (channels, rows, columns)."""
        found: NDArray[np.float64] = (
            self._recording.maps[self._number(layer)].detach().cpu().double().numpy()
        )
        return found

    def classes(self, count: int = _TOP) -> pd.DataFrame:
        """Return the classes with the highest scores: ``label`` and ``score``, by ``class``."""
        import pandas as pd

        best = self._best(count)
        scores = self._scores[best].tolist()
        return pd.DataFrame(
            {"label": [self._names.name(each) for each in best], "score": scores},
            index=pd.Index(best, name="class"),
        )

    def grid(self, layer: str) -> ActivationGrid:
        """Return the norm of each position's activation, and the area its picture is drawn at."""
        return ActivationGrid.of(layer, self.activations(layer))

    def dictionary(
        self,
        layer: str,
        position: Position,
        count: int | None = _TOP,
        *,
        by: Class | None = None,
        atlas: Atlas | None = None,
    ) -> pd.DataFrame:
        """Return the channels of a position, the most active first; see `dictionary_table`.

        Parameters
        ----------
        layer, position
            The place.
        count
            Number of channels; None: all.
        by
            A class: channels that argue for it most come first.
        atlas
            Of the layer, to say how usual an activation is.
        """
        row, column = self._position(layer, position)
        own = self.activations(layer)[:, row, column]
        argued = None
        if by is not None:
            argued = self._scores_at(layer).contributions(by).products[:, row, column].numpy()
        return dictionary_table(own, count=count, contributions=argued, atlas=atlas)

    def box(self, layer: str, position: Position) -> tuple[int, int, int, int]:
        """Return what a position effectively sees of the image: x0, y0, x1, y1 in pixels."""
        row, column = self._position(layer, position)
        height, width = self.rgb.shape[2:]
        if height != width:
            raise AtlasError(f"Boxes are measured on square images, not on {width} × {height} px.")
        return self.probe(layer).position_box(row, column, height)

    def pictures(
        self, layer: str, positions: Sequence[Position] | None = None, **options: Any
    ) -> Icons:
        """Return a picture of each position, by feature inversion of its activation.

        Parameters
        ----------
        layer, positions
            The positions; by default those of ``grid(layer).strongest``, all that are not zero.
        **options
            Those of :func:`~atlas_widget.invert`.
        """
        from atlas_widget.inversion import invert

        grid = self.grid(layer)
        wanted = grid.strongest if positions is None else positions
        places = [self._position(layer, each) for each in wanted]
        if not places:
            raise AtlasError(f"There is no position of layer {layer!r} to picture.")
        directions = np.stack([grid.activations[:, row, column] for row, column in places])
        return invert(self.probe(layer), directions=directions, **options)

    # -- Scores, attributed

    def spatial(
        self, layer: str, a: Class, b: Class | None = None, *, steps: int | None = None
    ) -> Attribution:
        """Return what each position contributes to a class's score, or to `a`'s less `b`'s.

        Parameters
        ----------
        layer, a, b
            The layer, and one class or two.
        steps
            None: activation times gradient. Else integrated gradients from a layer of zeros, with
            so many steps; see `integrate`.
        """
        return self._scores_at(layer).attribution("positions", a, b, steps)

    def channels(
        self, layer: str, a: Class, b: Class | None = None, *, steps: int | None = None
    ) -> Attribution:
        """Return what each channel contributes, over all positions; arguments as `spatial`."""
        return self._scores_at(layer).attribution("channels", a, b, steps)

    def completeness(self, layer: str, a: Class, b: Class | None = None) -> Completeness:
        """Return how much of a score the layer's attribution accounts for."""
        return self._scores_at(layer).completeness(a, b)

    # -- Groups

    def groups(
        self,
        layer: str,
        n: int,
        *,
        order: Order = "strength",
        seed: int = 0,
        compatible_with: Groups | None = None,
    ) -> Groups:
        """Return `n` groups of channels that are active together in this image.

        Parameters
        ----------
        layer, n, order, seed
            See `find_groups`.
        compatible_with
            Groups of a later layer. Each value of the map is split among them by the size of its
            attribution to each before it is factorised, so that a group feeds few of them: as the
            article's figure of groups across layers has it.
        """
        shares = None
        if compatible_with is not None:
            lower, upper = self._number(layer), self._number(compatible_with.layer)
            shares = shares_of_groups(self._recording, lower, upper, compatible_with)
        return find_groups(
            self.activations(layer),
            n,
            layer=layer,
            order=order,
            seed=seed,
            shares=shares,
            attribute=self._to_groups,
        )

    def explained(self, layer: str, largest: int = 12, *, seed: int = 0) -> NDArray[np.float64]:
        """Return the share of the map that 1, 2, … groups explain; see `explained_shares`."""
        return explained_shares(self.activations(layer), largest, layer=layer, seed=seed)

    def flow(self, before: Groups, after: Groups) -> pd.DataFrame:
        """Return what a layer's groups contribute to a later one's; see `flow_table`."""
        lower, upper = self._number(before.layer), self._number(after.layer)
        return flow_table(self._recording, lower, upper, before, after)

    # -- Between layers

    def between(
        self,
        lower: str,
        upper: str,
        *,
        position: Position | None = None,
        channel: int | None = None,
        at: Literal["upper", "lower"] = "upper",
    ) -> Attribution:
        """Return what passes between one place in a layer and all places in another.

        Parameters
        ----------
        lower, upper
            Two layers, of which the first runs before the second.
        position, channel
            One of them: the place.
        at
            ``"upper"``: the place is in the upper layer, and its norm (or the channel's sum over
            its map) is split over the lower layer, by one pass back. ``"lower"``: what the place in
            the lower layer contributes to the norm of each position (or the sum of each channel) of
            the upper layer, by one pass forward; the remainders are empty.
        """
        if at not in ("upper", "lower"):
            raise AtlasError(f"at={at!r}: 'upper' or 'lower', the layer that the place is in.")
        above, below = self._number(upper), self._number(lower)
        if not self._recording.depends(above, below):
            raise AttributionError(
                f"No derivative gets from {upper!r} back to {lower!r}: the first does not run "
                "behind the second, or the model detaches in between."
            )
        if at == "upper":
            return self.fed_by(upper, position=position, channel=channel)[lower]
        return self.feeds(lower, position=position, channel=channel, only=[upper]).later[upper]

    def fed_by(
        self, layer: str, *, position: Position | None = None, channel: int | None = None
    ) -> dict[str, Attribution]:
        """Split the strength of one place over each earlier layer; see `fed_by`."""
        return fed_by(
            self._recording,
            self._probes,
            self._number(layer),
            self._place(layer, position, channel),
        )

    def feeds(
        self,
        layer: str,
        *,
        position: Position | None = None,
        channel: int | None = None,
        only: Sequence[str] | None = None,
    ) -> Influence:
        """Return what one place contributes to later layers and all scores; see `feeds`."""
        upper = None if only is None else [self._number(each) for each in only]
        place = self._place(layer, position, channel)
        number = self._number(layer)
        return feeds(self._recording, self._probes, self.rgb, number, place, self._names, upper)

    # -- Tests

    def deletion(
        self,
        layer: str,
        a: Class,
        *,
        points: int = 11,
        orders: int = 10,
        seed: int = 0,
        progress: ProgressCallback | None = None,
        cancelled: CancelledCallback | None = None,
    ) -> Deletion:
        """Return a class's score while positions are removed in the order of their attribution.

        See `deletion_curves`; each random order is a control.
        """
        values = self.spatial(layer, a).values
        number = self._names.number(a)
        return deletion_curves(
            self.probe(layer),
            self.rgb,
            number,
            values,
            about=self._names.name(number),
            points=points,
            orders=orders,
            seed=seed,
            progress=progress,
            cancelled=cancelled,
        )

    def ablate(
        self,
        layer: str,
        *,
        channel: int | None = None,
        group: tuple[Groups, int] | None = None,
        positions: Region | None = None,
        classes: Class | Sequence[Class] | None = None,
    ) -> pd.DataFrame:
        """Remove a channel, a group or a region, and compare scores with the prediction.

        Parameters
        ----------
        layer
            The layer.
        channel, group, positions
            One of them: a channel, which becomes zero; groups and the number of one, whose part is
            subtracted; positions, as a list of (row, column) or a mask (rows, columns), which
            become zero.
        classes
            Classes to look at; by default the five with the highest scores.

        Returns
        -------
        DataFrame
            Indexed by ``class``: ``label``, ``score``, the ``predicted`` change (minus the
            attribution of what is removed) and the ``actual`` one.
        """
        own = self._recording.maps[self._number(layer)].detach()
        gone = removed_part(layer, own, channel=channel, group=group, positions=positions)
        numbers = self._best(_TOP) if classes is None else self._names.numbers(classes)
        return ablation_table(self._scores_at(layer), own, gone, numbers)

    def on(self, atlas: Atlas, size: int | None = None) -> pd.DataFrame:
        """Return where the positions of the atlas's layer fall on it; see `place_on_atlas`."""
        from atlas_widget.reading.on_atlas import place_on_atlas

        return place_on_atlas(self.activations(atlas.layer), atlas, size)

    # -- Its own

    def probe(self, layer: str) -> LayerProbe:
        """Return the probe of a layer."""
        return self._probes[self._number(layer)]

    def close(self) -> None:
        """Let go of the pass and of the private copy of the model."""
        self._open = None
        if self._owned:
            for probe in self._probes:
                probe.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        height, width = self.rgb.shape[2:]
        return f"<ImageReading of {width} × {height} px in {', '.join(self.layers)}>"

    @property
    def _recording(self) -> Recording:
        if self._open is None:
            raise AtlasError("This reading has been closed.")
        return self._open

    @property
    def _scores(self) -> NDArray[np.float64]:
        count, scores = self._names.count, self._recording.scores
        assert scores is not None
        assert len(scores) == count
        found: NDArray[np.float64] = scores.detach().cpu().double().numpy()
        return found

    def _best(self, count: int) -> list[int]:
        """Return the classes with the highest scores, best first."""
        if count < 1:
            raise AtlasError(f"count={count!r}: how many classes, 1 or more.")
        order = np.argsort(-self._scores, kind="stable")[:count]
        return [int(each) for each in order]

    def _number(self, layer: str) -> int:
        return layer_number(layer, [probe.layer for probe in self._probes])

    def _position(self, layer: str, position: Position) -> Position:
        return checked_position(layer, self._recording.maps[self._number(layer)], position)

    def _place(self, layer: str, position: Position | None, channel: int | None) -> Place:
        own = self._recording.maps[self._number(layer)]
        return place_of(layer, own, position, channel)

    def _scores_at(self, layer: str) -> LayerScores:
        number = self._number(layer)
        return LayerScores(self._recording, number, self._probes[number], self.rgb, self._names)

    def _to_groups(self, groups: Groups, a: Class, b: Class | None) -> Attribution:
        found = self._scores_at(groups.layer)
        number = self._number(groups.layer)
        return split_over_groups(
            groups, found.contributions(a, b), found.about(a, b), self._recording, number
        )
