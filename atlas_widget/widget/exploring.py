"""What a person does with the atlas on show, from Python: look up, choose, go somewhere, return."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, Self

import traitlets

from atlas_widget.errors import AtlasError
from atlas_widget.session.cells.checks import check_cells, check_grid, check_ids, check_size
from atlas_widget.session.subjects import Subject, subject_of_class
from atlas_widget.widget.state import AtlasState
from atlas_widget.widget.view_state import VIEW, check_view, fit_view, region_of

if TYPE_CHECKING:
    import pandas as pd

    from atlas_widget.atlas import Atlas
    from atlas_widget.session.cells.scene import Scene

__all__ = ["Exploring"]

_Ground = tuple[str, Subject]  # the layer, and what its atlas is about


class Exploring(AtlasState):
    """The part of an :class:`~atlas_widget.AtlasWidget` that finds and chooses cells."""

    def __init__(self, *arguments: Any, **values: Any) -> None:
        self._shown: Scene | None = None
        self._turns: list[tuple[_Ground, Callable[[Scene], dict[str, Any]]]] = []
        super().__init__(*arguments, **values)

    @property
    def atlas(self) -> Atlas | None:
        """The layer's atlas of all samples, or None until it stands (see :meth:`wait`)."""
        return self._session.atlas

    @property
    def shown_atlas(self) -> Atlas | None:
        """The atlas on show: that of all samples, of one class, or of two classes compared."""
        return self._session.shown_atlas

    def class_atlas(self, class_: int | str, *, by: str = "influence") -> Self:
        """Show an atlas of only the samples that argue most for a class, laid out by themselves.

        Returns at once; the worker computes what the samples argue for, and lays them out. Then
        `shown_atlas` is that atlas (see :func:`atlas_widget.classes.class_atlas`).

        Parameters
        ----------
        class_
            The class, by name or number.
        by
            ``"influence"`` for those that argue most for it, ``"winning"`` for those that argue for
            no class as much.

        Raises
        ------
        AtlasError
            There is no such class. If too few samples argue for it, `wait` raises that.
        """
        self.subject = subject_of_class(class_, by, self._session.class_names)
        return self

    def compare_classes(self, first: int | str, second: int | str) -> Self:
        """Show the samples that argue most for either of two classes, by which one they argue for.

        Returns at once. From left to right lies what they argue for, the first class on the left,
        from top to bottom what is alike: see :func:`atlas_widget.classes.compare_classes`.

        Parameters
        ----------
        first, second
            The classes, by name or number.

        Raises
        ------
        AtlasError
            There are no such classes. If too few samples argue for them, `wait` raises that.
        """
        self.subject = ["comparison", str(first), str(second)]
        return self

    def whole_atlas(self) -> Self:
        """Show all samples again, with their pictures."""
        self.subject = []
        return self

    @property
    def selected(self) -> pd.DataFrame:
        """The selected cells as a table: place, count, label, and how good each picture is."""
        import pandas as pd

        scene, atlas = self._session.scene, self.shown_atlas
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
        return self._session.notifier.notices

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

        self._in_turn((self.layer, tuple(self.subject)), region)

    @property
    def view(self) -> dict[str, Any]:
        """What is looked at: layer, subject, viewport, level, selection and so on.

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
        self.subject = view["subject"]
        self._in_turn((layer, tuple(self.subject)), lambda scene: fit_view(view, scene))

    # -- Inside

    def _in_turn(self, ground: _Ground, wanted: Callable[[Scene], dict[str, Any]]) -> None:
        """Set what follows from the final scene of a layer and subject, now or when it is shown."""
        with self._lock:
            scene = self._shown
            if scene is None or _ground(scene) != ground or scene is not self._session.scene:
                self._turns.append((ground, wanted))
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
            here = _ground(scene)
            turns = [wanted for ground, wanted in self._turns if ground == here]
            self._turns = [turn for turn in self._turns if turn[0] != here]
            self._shown = scene
        for wanted in turns:
            try:
                values = wanted(scene)
                if "overlay" in values:
                    values["overlay"] = self._check_overlay(values["overlay"])
            except AtlasError as error:
                self._session.notifier.error(error, fatal=False)
            else:
                self._set_from_worker(urgent=True, **values)

    @traitlets.observe("layer", "subject")
    def _forget_turns(self, _change: Any) -> None:
        with self._lock:
            wanted = self.layer, tuple(self.subject)
            self._turns = [turn for turn in self._turns if turn[0] == wanted]


def _ground(scene: Scene) -> _Ground:
    return scene.layer, scene.subject
