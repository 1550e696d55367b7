"""Pictures of what one layer sees in an image: its positions, channels and groups."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

from atlas_widget.session.image.targets import ChannelTargets, DirectionTargets
from atlas_widget.session.pictures.engines import Engines
from atlas_widget.session.pictures.queue import PictureQueue
from atlas_widget.session.pictures.renderer import PictureRenderer

if TYPE_CHECKING:
    from atlas_widget.inversion import InversionSettings
    from atlas_widget.probe import LayerProbe
    from atlas_widget.session.image.targets import PositionTargets
    from atlas_widget.session.pictures.cache import PictureCache
    from atlas_widget.session.pictures.gallery import Gallery

__all__ = ["LayerPictures"]


class LayerPictures:
    """Makes pictures of one layer, those that are looked at first.

    Parameters
    ----------
    probe
        The layer.
    name
        Part of the names of its groups of pictures, which no other layer and image has.
    positions
        Returns the image's positions as targets of the group with the name given.
    cache, gallery, seed
        See :class:`~atlas_widget.session.panels.panel.LayerContext`.
    """

    def __init__(
        self,
        probe: LayerProbe,
        name: str,
        positions: Callable[[str], PositionTargets],
        cache: PictureCache,
        gallery: Gallery,
        seed: int,
    ) -> None:
        self.position_group = f"position:{name}"
        self.channel_group = f"channel:{name}"
        self._part_group = f"part:{name}"
        self._probe = probe
        self._make_positions = positions
        self._cache = cache
        self._gallery = gallery
        self._seed = seed
        self._engines = Engines(probe)
        self._made: dict[str, tuple[PictureQueue, PictureRenderer]] = {}
        self._positions: PositionTargets | None = None
        gallery.add(ChannelTargets(self.channel_group, probe.channels), [self.channel_group])

    def look_at_positions(self, order: Iterable[int]) -> None:
        """Make the pictures of these positions, in this order; their pieces of the image first."""
        from atlas_widget.inversion import InversionSettings

        group = self.position_group
        if self._positions is None:
            self._positions = self._make_positions(group)
            self._gallery.add(self._positions, [group])
            self._add(group, self._positions, InversionSettings.positions())
        numbers = list(order)
        self._look(group, numbers)
        self._gallery.show_crops(group, numbers)

    def look_away(self) -> None:
        """Make no more pictures of positions."""
        if self._positions is not None:
            self._look(self.position_group, ())

    def look_at_channels(self, channels: Sequence[int], *, more: bool = False) -> None:
        """Make the pictures of these channels.

        Parameters
        ----------
        channels
            The channels, in this order.
        more
            Whether those that were looked at before are still wanted, after these.
        """
        from atlas_widget.inversion import InversionSettings

        group = self.channel_group
        if group not in self._made:
            targets = ChannelTargets(group, self._probe.channels)
            self._add(group, targets, InversionSettings.unit())
        before = self._made[group][0].visible if more else ()
        self._look(group, [*channels, *before])

    def look_at_groups(self, groups: DirectionTargets, name: str) -> None:
        """Make the pictures of groups of channels; those of others are dropped."""
        from atlas_widget.inversion import InversionSettings

        for old in [group for group in self._made if group.startswith(self._part_group)]:
            del self._made[old]
            self._gallery.drop([old])
        self._gallery.add(groups, [name])
        self._add(name, groups, InversionSettings.icon(statistics=0.0))
        self._look(name, range(len(groups)))

    def group_name(self, count: int) -> str:
        """Return the name of the pictures of so many groups of channels."""
        return f"{self._part_group}.{count}"

    def advance_small(self, seconds: float) -> bool:
        """Work about that long on channels and groups; return False if there is nothing to do."""
        return any(
            queue.pending() and renderer.advance(seconds)
            for group, (queue, renderer) in list(self._made.items())
            if group != self.position_group
        )

    def advance(self, seconds: float) -> bool:
        """Work about that long on positions; return False if there is nothing to do."""
        queue, renderer = self._made.get(self.position_group, (None, None))
        if queue is None or renderer is None:
            return False
        return queue.pending() and renderer.advance(seconds)

    def close(self) -> None:
        """Drop all pictures."""
        self._gallery.drop([self.position_group, self.channel_group, *self._made])
        self._made = {}

    def _add(self, group: str, targets: DirectionTargets, settings: InversionSettings) -> None:
        numbers = {group: range(len(targets))}
        queue = PictureQueue(numbers, base=group, labels=False, rough=False)
        renderer = PictureRenderer(
            targets,
            queue,
            self._probe,
            settings,
            lambda: self._engines.get(settings),
            self._cache,
            seed=self._seed,
            show=self._gallery.show,
            notice=lambda _text: (
                None
            ),  # only about examples, which channels and groups have none of
        )
        self._made[group] = queue, renderer

    def _look(self, group: str, numbers: Iterable[int]) -> None:
        queue, renderer = self._made[group]
        queue.look(group, numbers)
        renderer.prefetch(group, queue.visible)
