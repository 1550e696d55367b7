"""What a person does with the atlas on show, from Python: look up, choose, go somewhere, return."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

import traitlets

from atlas_widget.errors import AtlasError
from atlas_widget.state import AtlasState
from atlas_widget.traits import check_cells, check_grid, check_ids, check_size
from atlas_widget.views import VIEW, check_view, fit_view, region_of

if TYPE_CHECKING:
    import pandas as pd

    from atlas_widget.atlas import Atlas
    from atlas_widget.rendering.scene import Scene

__all__ = ["Exploring"]


class Exploring(AtlasState):
    """The part of an :class:`~atlas_widget.AtlasWidget` that finds and chooses cells."""

    def __init__(self, *arguments: Any, **values: Any) -> None:
        self._shown: Scene | None = None
        self._turns: list[tuple[str, Callable[[Scene], dict[str, Any]]]] = []
        super().__init__(*arguments, **values)

    @property
    def atlas(self) -> Atlas | None:
        """The atlas on show, or None until it stands (see :meth:`wait`)."""
        return self._session.atlas

    @property
    def selected(self) -> pd.DataFrame:
        """The selected cells as a table: place, count, label, and how good each picture is."""
        import pandas as pd

        scene, atlas = self._session.scene, self.atlas
        if scene is None or atlas is None:
            return pd.DataFrame()
        grid = self.level
        cells = [cell for cell in self.selection if scene.has(grid, cell)]
        places = [scene.cells(grid)[cell] for cell in cells]
        table = atlas.cells(grid).iloc[places].copy()
        pictures, labels = self._session.snapshot(grid)
        shown = [pictures.get(cell) for cell in cells]
        table["label"] = [labels.get(cell) for cell in cells]
        table["state"] = [picture.state.word if picture else "crop" for picture in shown]
        table["cosine"] = [picture.cosine if picture else None for picture in shown]
        table["rank"] = [picture.rank if picture else None for picture in shown]
        return table

    @property
    def notices(self) -> tuple[str, ...]:
        """What was assumed or went less well, such as a transform that nobody named."""
        return self._session.tell.notices

    def select(self, cells: Iterable[int], grid: int | None = None) -> None:
        """Select cells.

        Parameters
        ----------
        cells
            Ids of cells; none clears the selection.
        grid
            The grid that they belong to; by default the one on show.
        """
        scene = self._session.scene
        level = self.level if grid is None else grid
        if scene is not None:
            check_grid(level, scene)
        self._show(level=level, selection=check_cells(cells, level, scene))

    def fly_to(self, cells: Iterable[int], grid: int | None = None) -> None:
        """Move the view until cells fill it; before they are laid out, as soon as they are.

        Parameters
        ----------
        cells
            Ids of cells.
        grid
            The grid that they belong to; by default the one on show.

        Raises
        ------
        CellError
            There are no such cells. If that turns out later, the widget says so.
        """
        chosen = check_ids(cells)
        if grid is not None:
            check_size(grid)

        def region(scene: Scene) -> dict[str, Any]:
            return {"viewport": region_of(chosen, self.level if grid is None else grid, scene)}

        self._in_turn(self.layer, region)

    @property
    def view(self) -> dict[str, Any]:
        """What is looked at: layer, viewport, level, selection and so on, as plain values.

        Keep it, put it into JSON, set it to return: at once, or as soon as its layer's atlas
        stands. What is left out is as in a fresh widget; without a layer, the one on show is meant.
        The widget copies such a line as well: the button with the link, or the key C.
        """
        return {
            name: list(value) if isinstance(value, list) else value
            for name, value in ((name, getattr(self, name)) for name in VIEW)
        }

    @view.setter
    def view(self, value: Mapping[str, Any]) -> None:
        view = check_view(value)
        layer = self.layer if view["layer"] is None else self._check_layer(view["layer"])
        if layer != self.layer:
            self.layer = layer
        else:
            view["overlay"] = self._check_overlay(view["overlay"])
        self._in_turn(layer, lambda scene: fit_view(view, scene))

    # -- Inside

    def _in_turn(self, layer: str, wanted: Callable[[Scene], dict[str, Any]]) -> None:
        """Set what follows from a layer's final scene, now or when that is shown."""
        with self._lock:
            scene = self._shown
            if scene is None or scene.layer != layer or scene is not self._session.scene:
                self._turns.append((layer, wanted))
                return
        self._show(**wanted(scene))

    def _show(self, **values: Any) -> None:
        """Set traits at once and tell of them at once; a level is shown, but not fixed."""
        with self._lock, self.hold_sync(), self.hold_trait_notifications():
            self._followed_level = values.get("level")
            for name, value in values.items():
                setattr(self, name, value)

    def _scene_changed(self, scene: Scene) -> None:
        super()._scene_changed(scene)
        if not scene.final:
            return
        with self._lock:
            turns, self._turns = self._turns, []
            self._shown = scene
        for layer, wanted in turns:
            if layer != scene.layer:
                continue
            try:
                values = wanted(scene)
                if "overlay" in values:
                    values["overlay"] = self._check_overlay(values["overlay"])
            except AtlasError as error:
                self._session.tell.error(error, fatal=False)
            else:
                self._set_from_worker(urgent=True, **values)

    @traitlets.observe("layer")
    def _forget_turns(self, change: Any) -> None:
        with self._lock:
            self._turns = [turn for turn in self._turns if turn[0] == change["new"]]
