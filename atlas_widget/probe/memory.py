"""Running in halves of what does not fit into memory at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import torch
from torch import Tensor

__all__ = ["HalvedBatches", "out_of_memory"]

Result = TypeVar("Result")

_SAID = ("out of memory", "can't allocate memory")  # by GPUs, and by PyTorch of a CPU's memory


class HalvedBatches:
    """Runs pictures at once, or as many as there turns out to be memory for, from then on.

    Attributes
    ----------
    most : int or None
        How many pictures at once there was memory for; None while all there were.
    """

    def __init__(self, most: int | None = None) -> None:
        self.most = most

    def run(self, function: Callable[[Tensor], Result], pictures: Tensor) -> list[Result]:
        """Return what `function` makes of the pictures, (n, …), in one part or several.

        Raises
        ------
        Exception
            What the function raised, if it was not for lack of memory, or for a single picture.
        """
        most = min(self.most or len(pictures), len(pictures))
        while True:
            try:
                return [function(part) for part in torch.split(pictures, max(most, 1))]
            except RuntimeError as error:
                if not out_of_memory(error) or most <= 1:
                    raise
            most = self.most = -(-most // 2)
            if torch.cuda.is_available():
                torch.cuda.empty_cache()


def out_of_memory(error: Exception) -> bool:
    """Return True if an error says that memory ran out."""
    if isinstance(error, torch.OutOfMemoryError):
        return True
    return any(words in str(error).lower() for words in _SAID)
