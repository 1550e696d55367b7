"""The results of experiments as messages to the browser."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from atlas_widget.protocol import messages
from atlas_widget.session.pictures.gallery import TILE, Send
from atlas_widget.session.pictures.sheets import encode, pack

if TYPE_CHECKING:
    from atlas_widget.atlas.samples import Samples
    from atlas_widget.causes import CausalTest, Cue, CueReport, PatchTest
    from atlas_widget.inversion.sanity import SanityCheck
    from atlas_widget.session.tasks.experiments import CueClasses

__all__ = [
    "TaskReplies",
    "causal_test_reply",
    "controls_reply",
    "cue_classes_reply",
    "cues_reply",
    "patch_test_reply",
]

_CUE_CROPS = 6  # the pasted one, and further ones
_DIGITS = 5

Reply = tuple[dict[str, Any], list[bytes]]


class TaskReplies:
    """Sends progress and result of a task to the browser.

    Parameters
    ----------
    send
        Sends a message with its buffers.
    request
        The browser's number of the request.
    reply
        Returns the message, with its buffers, for a request and a result.
    """

    def __init__(self, send: Send, request: int, reply: Callable[[int, Any], Reply]) -> None:
        self._send = send
        self._request = request
        self._reply = reply

    def progressed(self, done: int, total: int) -> None:
        """Send the progress."""
        content = messages.build("task_progress", request=self._request, done=done, total=total)
        self._send(content, [])

    def finished(self, result: Any) -> None:
        """Send the result."""
        self._send(*self._reply(self._request, result))

    def failed(self, reason: str) -> None:
        """Send the reason for the failure."""
        content = messages.build("task_failed", request=self._request, message=reason)
        self._send(content, [])


def causal_test_reply(request: int, test: CausalTest) -> Reply:
    """Return the message with the result of a causal test."""
    low, high = test.interval
    content = messages.build(
        "causal_test",
        request=request,
        what=test.what,
        pictures=len(test),
        names=test.names,
        predicted=_rounded(test.predicted),
        actual=_rounded(test.actual),
        correlation=test.correlation,
        low=low,
        high=high,
        slope=test.slope,
    )
    return content, []


def controls_reply(request: int, check: SanityCheck, judge: str | None) -> Reply:
    """Return the message with the controls of pictures."""
    controls = check.controls
    content = messages.build(
        "pictures_checked",
        request=request,
        cells=len(controls[0].cosine),
        names=[control.name for control in controls],
        cosine=[control.median for control in controls],
        low=[control.interval[0] for control in controls],
        high=[control.interval[1] for control in controls],
        own=[control.own for control in controls],
        found=[control.found for control in controls],
        judge=judge,
        passed=check.passed,
        verdict=check.verdict,
    )
    return content, []


def patch_test_reply(request: int, test: PatchTest) -> Reply:
    """Return the message with the result of a patch test, by both protocols."""
    outcomes = [
        (name, protocol, outcome)
        for protocol in ("corner", "best corner")
        for judged in [test.under(protocol)]
        for name, outcome in {"patch": judged.patch, **judged.controls}.items()
    ]
    content = messages.build(
        "patch_tested",
        request=request,
        name=test.label,
        images=test.patch.count,
        conditions=[name for name, _, _ in outcomes],
        protocols=[protocol for _, protocol, _ in outcomes],
        counts=[outcome.count for _, _, outcome in outcomes],
        flips=[outcome.flips for _, _, outcome in outcomes],
        low=[outcome.low for _, _, outcome in outcomes],
        high=[outcome.high for _, _, outcome in outcomes],
        left_out=[f"{count} {reason}" for reason, count in test.left_out.items()],
        confirmed=test.under("best corner").confirmed,
    )
    return content, []


def cue_classes_reply(request: int, found: CueClasses) -> Reply:
    """Return the message with the classes between which cues can be looked for."""
    content = messages.build(
        "cue_classes",
        request=request,
        classes=list(found.samples),
        samples=list(found.samples.values()),
        told_by=found.told_by,
    )
    return content, []


def cues_reply(request: int, report: CueReport, samples: Samples) -> Reply:
    """Return the message with the cues found, with a row of crops for each."""
    cues = report.cues
    content = messages.build(
        "cues",
        request=request,
        grid=cues[0].size if cues else 0,
        candidates=report.candidates,
        samples=report.samples,
        cells=[cue.cells[0] for cue in cues],
        argue_for=[cue.label for cue in cues],
        seen_in=[cue.other_label for cue in cues],
        counts=[len(cue.samples) for cue in cues],
        influence=[cue.influence for cue in cues],
        predicted=[cue.predicted for cue in cues],
        measured=[cue.measured for cue in cues],
        images=[cue.test.patch.count if cue.test else 0 for cue in cues],
        flips=[cue.test.patch.rate if cue.test else None for cue in cues],
        noise=[cue.test.controls["noise"].rate if cue.test else None for cue in cues],
        confirmed=[int(cue.confirmed) for cue in cues],
        notices=report.notices,
        tile=TILE,
        columns=_CUE_CROPS,
    )
    tiles = [tile for cue in cues for tile in _crops(cue, samples)]
    return content, [encode(pack(tiles, TILE, _CUE_CROPS))] if tiles else []


def _crops(cue: Cue, samples: Samples) -> list[npt.NDArray[np.uint8]]:
    """Return the pasted crop and further crops of a cue, padded with grey ones."""
    further = [samples.thumbnails.get(int(sample)) for sample in cue.samples[1:_CUE_CROPS]]
    grey = np.full((TILE, TILE, 3), 128, np.uint8)
    return [cue.patch, *further, *[grey] * (_CUE_CROPS - 1 - len(further))]


def _rounded(values: npt.NDArray[np.float32]) -> list[float]:
    """Return rounded numbers."""
    return [float(f"{value:.{_DIGITS}g}") for value in values.ravel().tolist()]
