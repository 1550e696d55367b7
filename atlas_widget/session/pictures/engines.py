"""The engines that invert a layer's activations, one for each kind of picture."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from atlas_widget.inversion import InversionEngine, InversionSettings
    from atlas_widget.probe import LayerProbe

__all__ = ["Engines"]

_MAX_KEPT = 6  # icons, portraits, and portraits with other numbers of steps


class Engines:
    """Keeps the most recently used engines; each is made on first use.

    Folding a network takes a moment, which is saved if all pictures are cached.

    Parameters
    ----------
    probe
        The layer.
    """

    def __init__(self, probe: LayerProbe) -> None:
        self._probe = probe
        self._kept: dict[InversionSettings, InversionEngine] = {}

    def get(self, settings: InversionSettings) -> InversionEngine:
        """Return the engine with these settings."""
        from atlas_widget.inversion import InversionEngine

        engine = self._kept.pop(settings, None)
        if engine is None:
            engine = InversionEngine(self._probe, settings=settings)
        self._kept[settings] = engine
        while len(self._kept) > _MAX_KEPT:
            del self._kept[next(iter(self._kept))]
        return engine

    def icons(self) -> InversionEngine:
        """Return the engine of the cells' icons."""
        from atlas_widget.inversion import InversionSettings

        return self.get(InversionSettings.icon())
