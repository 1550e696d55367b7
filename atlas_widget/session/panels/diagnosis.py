"""The tab "Is it real?" and its overlay: how well a cell's mean represents its samples."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from atlas_widget.progress import Throttle
from atlas_widget.protocol import messages
from atlas_widget.session.panels.panel import Fields, LayerContext, Panel, panel
from atlas_widget.session.pictures.gallery import TILE
from atlas_widget.session.pictures.sheets import encode, pack

if TYPE_CHECKING:
    import pandas as pd
    import torch

    from atlas_widget.diagnostics import Split
    from atlas_widget.progress import CancelledCallback
    from atlas_widget.session.cells.labels import Labeller
    from atlas_widget.session.cells.scene import Scene
    from atlas_widget.session.pictures.inspector import Inspector
    from atlas_widget.session.tasks.task import Pause

__all__ = ["DiagnosisPanel"]

_CROPS_PER_HALF = 6  # real crops
_MAX_SPLITS = 8  # split cells kept, for pictures of their halves
_PAUSE_INTERVAL = 0.1  # seconds
_MESSAGE = "Checking how far the cells are to be trusted"
_DIGITS = 4  # of values sent to the browser

Place = tuple[int, int]
Send = Callable[[dict[str, Any], list[bytes]], None]


@panel
class DiagnosisPanel(Panel):
    """Answers requests about the diagnostics of cells, and about cells split in two.

    Parameters
    ----------
    device
        Device on which neighbours are searched.
    send
        Sends a message with its buffers.
    inspector
        Makes the live pictures of halves.
    seed
        Seed of the atlas's own pictures, which panels call seed 0.
    pause, cancelled
        For long computations; see :class:`~atlas_widget.session.tasks.task.LongTasks`.
    """

    kinds = ("diagnoses", "diagnosis", "split", "inspect_half")

    def __init__(
        self,
        device: torch.device | str,
        send: Send,
        inspector: Inspector,
        *,
        seed: int,
        pause: Pause,
        cancelled: CancelledCallback,
    ) -> None:
        self._device = device
        self._send = send
        self._inspector = inspector
        self._seed = seed
        self._pause = pause
        self._cancelled = cancelled
        self._throttle = Throttle(_PAUSE_INTERVAL)
        self._scene: Scene | None = None
        self._labeller: Labeller | None = None
        self._tables: dict[int, pd.DataFrame] = {}
        self._grids: dict[int, None] = {}  # grids of which all cells were requested
        self._cells: dict[Place, None] = {}
        self._splits: dict[Place, Split] = {}
        self._unnamed: dict[tuple[Place, int], None] = {}  # halves whose classes were requested

    @classmethod
    def open(cls, layer: LayerContext) -> Self:
        """Return the panel of a layer."""
        return cls(
            layer.probe.device,
            layer.gallery.send,
            layer.inspector,
            seed=layer.seed,
            pause=layer.pause,
            cancelled=layer.cancelled,
        )

    def show(self, scene: Scene, labeller: Labeller) -> None:
        """Switch to another scene; requests about the last one are dropped."""
        self._scene, self._labeller = scene, labeller
        self._tables, self._grids, self._cells = {}, {}, {}
        self._splits, self._unnamed = {}, {}

    def handle(self, kind: str, fields: Fields) -> None:
        """Note a request; the halves of a cell are sent, or rendered, at once."""
        scene = self._scene
        if scene is None or scene.atlas is None or fields["grid"] not in scene.grids:
            return
        grid = fields["grid"]
        if kind == "diagnoses":
            self._grids[grid] = None
        elif not scene.has(grid, fields["cell"]):
            return
        elif kind == "diagnosis":
            self._cells[grid, fields["cell"]] = None
        elif kind == "split":
            self._send_halves(scene, (grid, fields["cell"]))
        elif fields["half"] in (0, 1):
            place = (grid, fields["cell"])
            half = self._split(scene, place).halves[fields["half"]]
            self._inspector.open(
                place,
                half.mean,
                fields["request"],
                self._seed + fields["seed"],
                examples=scene.examples_of(half.samples),
            )

    def advance(self) -> bool:
        """Compute the diagnostics of the requested cells, however long it takes."""
        scene = self._scene
        wanted = next(iter(self._grids), None)
        cell = next(iter(self._cells), None)
        if scene is None or (wanted is None and cell is None):
            return False
        if cell is not None:
            del self._cells[cell]  # first, so that a failure is not repeated for ever
            self._send_diagnosis(scene, cell, self._table(scene, cell[0]))
        elif wanted is not None:
            del self._grids[wanted]
            self._send_diagnoses(scene, wanted, self._table(scene, wanted))
        return True

    def advance_urgent(self, seconds: float) -> bool:
        """Work for one slice on the classes of halves."""
        if not self._unnamed or self._scene is None or self._labeller is None:
            return False
        place, half = wanted = next(reversed(self._unnamed))
        try:
            samples = self._split(self._scene, place).halves[half].samples
            classes = self._labeller.classes_of(samples)
        except Exception:
            del self._unnamed[wanted]
            raise
        if classes is not None:
            del self._unnamed[wanted]
            content = messages.build(
                "half_classes",
                revision=self._scene.revision,
                grid=place[0],
                cell=place[1],
                half=half,
                label=classes.label,
                why_not=classes.why_not,
                lead=classes.lead,
                classes=list(classes.classes),
            )
            self._send(content, [])
        return True

    def _table(self, scene: Scene, grid: int) -> pd.DataFrame:
        if grid not in self._tables and scene.atlas is not None:
            from atlas_widget.diagnostics import diagnose

            total = len(scene.cells(grid))
            asked = 0

            def look_up() -> bool:
                nonlocal asked
                asked += 1  # called once a cell, then once a block of samples
                if self._throttle.ready():
                    self._pause(_MESSAGE, min(asked, total), total)
                return self._cancelled()

            self._tables[grid] = diagnose(
                scene.atlas, grid, device=self._device, cancelled=look_up
            ).set_index("id")
        return self._tables[grid]

    def _send_diagnoses(self, scene: Scene, grid: int, table: pd.DataFrame) -> None:
        content = messages.build(
            "diagnoses",
            revision=scene.revision,
            grid=grid,
            cells=table.index,
            agreement=table["agreement"].round(_DIGITS),
            emptiness=table["emptiness"].round(_DIGITS),
            kept=table["kept"].round(_DIGITS),
            mixtures=table.index[table["bimodal"]],
        )
        self._send(content, [])

    def _send_diagnosis(self, scene: Scene, place: Place, table: pd.DataFrame) -> None:
        from atlas_widget.diagnostics import spread_counts

        grid, cell = place
        row = table.loc[cell]
        activations = np.asarray(scene.samples.activations[scene.members(grid, cell)])
        content = messages.build(
            "diagnosis",
            revision=scene.revision,
            grid=grid,
            cell=cell,
            count=row["count"],
            images=row["images"],
            agreement=row["agreement"],
            resultant=row["resultant"],
            nearest=row["nearest_cosine"],
            emptiness=row["emptiness"],
            chance=row["chance"],
            mixture=row["bimodal"],
            kept=row["kept"],
            spread=spread_counts(activations),
        )
        self._send(content, [])

    def _send_halves(self, scene: Scene, place: Place) -> None:
        split = self._split(scene, place)
        halves = split.halves
        shown = [half.samples[:_CROPS_PER_HALF] for half in halves]
        crops = [scene.samples.thumbnails.get(int(sample)) for part in shown for sample in part]
        content = messages.build(
            "halves",
            revision=scene.revision,
            grid=place[0],
            cell=place[1],
            counts=[half.count for half in halves],
            images=[half.images for half in halves],
            resultants=[half.resultant for half in halves],
            cosine=split.cosine,
            apart=split.apart,
            chance=split.chance,
            clear=split.clear,
            crops=[len(part) for part in shown],
            tile=TILE,
        )
        self._send(content, [encode(pack(crops, TILE, len(crops)))])
        for half in (1, 0):
            self._unnamed[place, half] = None

    def _split(self, scene: Scene, place: Place) -> Split:
        if place not in self._splits:
            from atlas_widget.diagnostics import split_cell

            grid, cell = place
            self._splits[place] = split_cell(scene.grids[grid], cell, scene.samples)
            while len(self._splits) > _MAX_SPLITS:
                del self._splits[next(iter(self._splits))]
        return self._splits[place]
