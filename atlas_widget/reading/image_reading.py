"""Reading of one image: what some layers of a model see in it, and what comes of that."""

from __future__ import annotations

from collections.abc import Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal, Self

import numpy as np
from numpy.typing import NDArray

from atlas_widget.errors import AtlasError, AttributionError
from atlas_widget.probe import LayerProbe
from atlas_widget.probe.derivatives import MaxPool
from atlas_widget.progress import CancelledCallback, ProgressCallback
from atlas_widget.reading.ablation import Region, ablate
from atlas_widget.reading.attributions import Attribution, Completeness
from atlas_widget.reading.classes import Class, ClassNames
from atlas_widget.reading.dictionary import ActivationGrid, dictionary, position_pictures
from atlas_widget.reading.flow import flow_table, group_attribution, shares_of_groups
from atlas_widget.reading.groups import Groups, Order, explained_shares, find_groups
from atlas_widget.reading.image_in_layers import ImageInLayers
from atlas_widget.reading.influence import Influence, between, fed_by, feeds
from atlas_widget.reading.interventions import Deletion, deletion
from atlas_widget.reading.one_image import Box, OneImage, as_one_image
from atlas_widget.reading.places import Position
from atlas_widget.reading.recording import Recording
from atlas_widget.reading.scores import attribution, best_classes, completeness
from atlas_widget.reading.shared_groups import SharedGroups

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
    image
        The image.
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
    rgb
        The image as the model is given it, RGB in [0, 1], (1, 3, h, w).
    crop
        The part of the image that this is, in its own pixels: x0, y0, x1, y1.
    notices
        As given.
    layers
        Names of the layers, in the order in which they run.
    """

    def __init__(
        self,
        probes: Sequence[LayerProbe],
        image: OneImage,
        *,
        labels: Sequence[str] | None = None,
        max_pool: MaxPool = "plain",
        notices: Sequence[str] = (),
        owned: bool = False,
    ) -> None:
        if max_pool not in ("plain", "relaxed"):
            raise AttributionError(f"max_pool is 'plain' or 'relaxed', not {max_pool!r}.")
        self.rgb = rgb = image.rgb
        self.crop = image.crop
        self.notices = list(notices)
        self._probes = tuple(probes)
        self._owned = owned
        recording = Recording(self._probes, rgb, max_pool)
        self.layers = tuple(self._probes[number].layer for number in recording.order)
        names = ClassNames(self._probes[0], labels)
        self._open: ImageInLayers | None = ImageInLayers(image, self._probes, recording, names)

    # -- What is there

    @property
    def pixels(self) -> NDArray[np.uint8]:
        """The image as the model is given it, (height, width, 3)."""
        image = (self.rgb[0].permute(1, 2, 0).cpu().numpy() * 255).round()
        return np.ascontiguousarray(image.astype(np.uint8))

    def activations(self, layer: str) -> NDArray[np.float64]:
        """Return the layer's map, (channels, rows, columns)."""
        return self._seen.activations(layer)

    def classes(self, count: int = _TOP) -> pd.DataFrame:
        """Return the classes with the highest scores: ``label`` and ``score``, by ``class``."""
        return best_classes(self._seen, count)

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
        versus: Class | None = None,
        stats: pd.DataFrame | None = None,
        atlas: Atlas | None = None,
    ) -> pd.DataFrame:
        """Return the channels of a position, the most active first, of equal ones the lower number.

        Parameters
        ----------
        layer, position
            The place.
        count
            Number of channels; None: all.
        by, versus
            A class: channels that argue for it (and against `versus`) most come first.
        stats
            ``mean`` and ``std`` of the layer's channels over images, as
            ``scan_units(…).stats(layer)`` has them: without `by`, channels that exceed their usual
            activation most come first.
        atlas
            Of the layer, to say how usual an activation is.

        Returns
        -------
        DataFrame
            Indexed by ``channel``: ``activation``; ``share`` of the squared length;
            ``contribution`` to the class, if given; ``z`` = (activation − mean) / std, if there are
            statistics (0 for a channel that never changes); ``percentile``, which per cent of the
            atlas's samples are below, if there is an atlas.
        """
        return dictionary(
            self._seen,
            layer,
            position,
            count=count,
            by=by,
            versus=versus,
            stats=stats,
            atlas=atlas,
        )

    def box(
        self, layer: str, position: Position, *, of: Literal["input", "image"] = "input"
    ) -> Box:
        """Return what a position effectively sees of the image: x0, y0, x1, y1 in pixels.

        Parameters
        ----------
        layer, position
            The place.
        of
            ``"input"``: pixels of :attr:`pixels`, as the model is given them. ``"image"``: pixels
            of the image before it was cropped and scaled.
        """
        if of not in ("input", "image"):
            raise AtlasError(f"of={of!r}: 'input' or 'image', whose pixels are meant.")
        box = self._seen.box(layer, position)
        return box if of == "input" else self._seen.image.in_original(box)

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
        return position_pictures(self._seen, layer, positions, **options)

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
        return attribution(self._seen, layer, "positions", a, b, steps)

    def channels(
        self, layer: str, a: Class, b: Class | None = None, *, steps: int | None = None
    ) -> Attribution:
        """Return what each channel contributes, over all positions; arguments as `spatial`."""
        return attribution(self._seen, layer, "channels", a, b, steps)

    def completeness(self, layer: str, a: Class, b: Class | None = None) -> Completeness:
        """Return how much of a score the layer's attribution accounts for."""
        return completeness(self._seen, layer, a, b)

    # -- Groups

    def groups(
        self,
        layer: str,
        n: int | SharedGroups,
        *,
        order: Order = "strength",
        seed: int = 0,
        compatible_with: Groups | None = None,
    ) -> Groups:
        """Return groups of channels that are active together in this image.

        Parameters
        ----------
        layer, n, order, seed
            See `find_groups`. Groups of many images, found by `find_shared_groups`, in place of
            their number: only their strengths are of this image then, and they keep their order.
        compatible_with
            Groups of a later layer. Each value of the map is split among them by the size of its
            attribution to each before it is factorised, so that a group feeds few of them: as the
            article's figure of groups across layers has it.
        """
        if isinstance(n, SharedGroups):
            if compatible_with is not None or n.layer != layer:
                other = "have no compatible ones" if n.layer == layer else f"are not of {layer!r}"
                raise AtlasError(f"The shared groups of {n.layer!r} {other}.")
            return n.of(self.activations(layer), self._to_groups)
        shares = None
        if compatible_with is not None:
            shares = shares_of_groups(self._seen, layer, compatible_with)
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
        return flow_table(self._seen, before, after)

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
        return between(self._seen, lower, upper, position=position, channel=channel, at=at)

    def fed_by(
        self, layer: str, *, position: Position | None = None, channel: int | None = None
    ) -> dict[str, Attribution]:
        """Split the strength of one place over each earlier layer; see `fed_by`."""
        return fed_by(self._seen, layer, self._seen.place(layer, position, channel))

    def feeds(
        self,
        layer: str,
        *,
        position: Position | None = None,
        channel: int | None = None,
        only: Sequence[str] | None = None,
    ) -> Influence:
        """Return what one place contributes to later layers and all scores; see `feeds`."""
        return feeds(self._seen, layer, self._seen.place(layer, position, channel), only)

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

        Parameters
        ----------
        layer, a
            The layer and the class.
        points
            About how many points a curve has, both ends included; at most one more than positions.
        orders, seed
            Number of random orders, which are the control, and their seed.
        progress, cancelled
            Called with (passes done, passes); asked before each batch of passes.
        """
        return deletion(
            self._seen,
            layer,
            a,
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
        controls: int = 0,
        seed: int = 0,
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
        controls, seed
            Number of other parts to remove for comparison, and their seed: each has the same
            numbers at the same positions, in channels drawn at random.

        Returns
        -------
        DataFrame
            Indexed by ``class``: ``label``, ``score``, the ``predicted`` change (minus the
            attribution of what is removed) and the ``actual`` one; with controls their mean change
            ``random``, ``random_min`` and ``random_max``.
        """
        names = self._seen.names
        numbers = self._seen.best(_TOP) if classes is None else names.numbers(classes)
        return ablate(
            self._seen,
            layer,
            channel=channel,
            group=group,
            positions=positions,
            classes=numbers,
            controls=controls,
            seed=seed,
        )

    def on(self, atlas: Atlas, size: int | None = None) -> pd.DataFrame:
        """Return where the positions of the atlas's layer fall on it; see `place_on_atlas`."""
        from atlas_widget.reading.on_atlas import place_on_atlas

        return place_on_atlas(self.activations(atlas.layer), atlas, size)

    # -- Its own

    def another(self, image: Any) -> ImageReading:
        """Read another image in the same layers of the same copy of the model.

        Parameters
        ----------
        image
            As for :func:`read_image`.

        Returns
        -------
        ImageReading
            Of use until this one is closed.
        """
        seen = self._seen
        one = as_one_image(image, self._probes[0].input_size)
        return ImageReading(
            self._probes,
            one,
            labels=seen.names.labels,
            max_pool=seen.recording.max_pool,
            notices=one.notices,
        )

    def probe(self, layer: str) -> LayerProbe:
        """Return the probe of a layer."""
        return self._seen.probe(layer)

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
    def _seen(self) -> ImageInLayers:
        if self._open is None:
            raise AtlasError("This reading has been closed.")
        return self._open

    def _to_groups(self, groups: Groups, a: Class, b: Class | None) -> Attribution:
        return group_attribution(self._seen, groups, a, b)
