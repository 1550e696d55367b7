"""The trial of a layer, once when it is opened: three questions, answered by running the model.

1. Is it the private copy that runs? `isolation` watches the first pass of a model.
2. Is what it says of a picture about that picture alone? See `per_picture`.
3. Do derivatives and places mean what we say? See `places` for where positions look; forward-mode
   derivatives are compared with reverse mode by `Derivatives.try_modes`.

What can be mended is mended; of what cannot, a notice or an error names the cause.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from atlas_widget.errors import AttributionError, LayerOutputError
from atlas_widget.probe.derivatives import Derivatives
from atlas_widget.probe.encoder import Encoder
from atlas_widget.probe.first_pass import LayerTrial, unlike_pictures
from atlas_widget.probe.obstacles import why_no_derivative
from atlas_widget.probe.outputs import Layout
from atlas_widget.probe.per_picture import dependence_notices
from atlas_widget.probe.places import Verdict, judge_places
from atlas_widget.probe.running import LayerRunner
from atlas_widget.probe.targets import Target

__all__ = ["LayerExam"]

_PASSED_OVER = (
    "The model runs under torch.no_grad(); derivatives are taken as if it did not, since nothing "
    "could be attributed or rendered otherwise."
)


class LayerExam:
    """Asks the second and third question of one layer.

    Parameters
    ----------
    layer : str
        Its name, for messages.
    trial : LayerTrial
        What its first run showed.

    Attributes
    ----------
    notices : list of str
        What the answers were, where they are not as one would expect.
    random : bool
        Whether the model gives something else each time.
    """

    def __init__(self, layer: str, trial: LayerTrial) -> None:
        self.notices: list[str] = []
        self.random = False
        self._layer = layer
        self._trial = trial

    def dependence(self, runner: LayerRunner, example: Any) -> None:
        """Ask whether a picture's values are about that picture; see `dependence_notices`."""
        notices, self.random = dependence_notices(runner, self._trial, example)
        self.notices.extend(notices)

    def layout(self, encoder: Encoder, layouts: list[Layout]) -> Layout:
        """Return the likeliest of some layouts whose positions look where they are said to.

        Parameters
        ----------
        encoder : Encoder
            Of the layer, in any layout.
        layouts : list of Layout
            Likeliest first.

        Raises
        ------
        LayerOutputError
            In none of them do they.
        """
        rgb, tensor, first = self._with_graph(encoder, layouts[0])
        if first == "right":
            return layouts[0]
        for layout in layouts[1:]:
            if tensor is not None and judge_places(rgb, tensor, layout) == "right":
                return layout
        rows, columns = layouts[0].as_map(self._trial.tensor).shape[2:]
        # of a square picture a map is square: what is not has to be shown to be one
        if first == "undecided" and rows == columns:
            return layouts[0]
        shape = " × ".join(map(str, self._trial.tensor.shape[1:]))
        raise LayerOutputError(
            f"Layer {self._layer!r} returns {shape} numbers for a picture, which are no map of it: "
            "what would be its top right and bottom left do not look there, as derivatives show. "
            "Its dimensions are heads, windows or blocks rather than rows and columns, or its "
            "tokens are not in the order of rows. Choose another layer, such as one before the "
            "picture is cut up (a patch embedding, an earlier stage) or after it is put together."
        )

    def derivatives(
        self, encoder: Encoder, target: Target, no_classes: str | None
    ) -> tuple[Derivatives | None, str | None]:
        """Find out how scores can be differentiated.

        Returns
        -------
        derivatives : Derivatives or None
            With the mode that is right; None where there are no class values.
        no_classes : str or None
            Why there are none.
        """
        if no_classes is not None:
            return None, no_classes
        derivatives = Derivatives(encoder, self._layer)
        if self.random:  # nothing can be compared
            return derivatives, None
        rgb = unlike_pictures(self._trial.size)[:1]
        passing = encoder.runner.network.passing
        try:
            try:
                derivatives.try_modes(rgb, target.scores)
            except AttributionError:
                if passing.through_no_grad:
                    raise
                passing.through_no_grad = True
                derivatives.try_modes(rgb, target.scores)
                self.notices.append(_PASSED_OVER)
        except torch.OutOfMemoryError:
            return derivatives, None
        except (AttributionError, NotImplementedError, RuntimeError) as error:
            passing.through_no_grad = False
            reason = str(error).strip().partition("\n")[0].rstrip(".")
            cause = why_no_derivative(encoder.runner.model)
            self.notices.append(f"There are no class values: {reason}: {cause}.")
            return None, f"{reason}: {cause}."
        self.notices.extend(derivatives.notices)
        return derivatives, None

    def _with_graph(
        self, encoder: Encoder, layout: Layout
    ) -> tuple[Tensor, Tensor | None, Verdict]:
        """Return two pictures, the layer's tensor as it follows from them, and a first verdict."""
        passing = encoder.runner.network.passing
        reason = ""
        for through in dict.fromkeys((passing.through_no_grad, True)):
            before, passing.through_no_grad = passing.through_no_grad, through
            rgb = unlike_pictures(self._trial.size).to(encoder.device).requires_grad_()
            try:
                with torch.enable_grad():
                    tensor = encoder.runner.up_to(encoder.prepared(rgb))
                verdict = judge_places(rgb, tensor, layout) if tensor.requires_grad else "unreached"
                if verdict != "unreached":
                    if through and not before:
                        self.notices.append(_PASSED_OVER)
                    return rgb, tensor, verdict
            except torch.OutOfMemoryError:
                passing.through_no_grad = before
                return rgb, None, "undecided"
            except (NotImplementedError, RuntimeError) as error:
                reason = f" ({str(error).strip().partition(chr(10))[0]})"
            passing.through_no_grad = before
        self.notices.append(
            f"No derivative gets from layer {self._layer!r} to the picture{reason}, so nothing can "
            "be rendered for it, and what its units see is taken to be the whole picture: "
            f"{why_no_derivative(encoder.runner.model)}."
        )
        return rgb, None, "undecided"
