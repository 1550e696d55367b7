"""A batch of unfinished pictures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

import torch
from torch import Tensor

from atlas_widget.inversion.objectives import Objective

__all__ = ["InversionState"]


@dataclass
class InversionState:
    """State of a batch of unfinished pictures; row i is about picture i alone.

    Attributes
    ----------
    numbers
        The parametrization's numbers, n in front.
    first, second
        Adam's moments.
    steps
        Steps taken by each picture; pictures of different age may share a batch.
    randomness
        Random numbers of each picture's transforms and background, (n, steps, 4 or more).
    scores
        The objective as it was at the last step, under its transforms.
    seeds, origins
        What each picture started from: its seed, and the warm picture's number or -1.
    """

    numbers: Tensor
    first: Tensor
    second: Tensor
    steps: Tensor
    randomness: Tensor
    scores: Tensor
    seeds: Tensor
    origins: Tensor
    objective: Objective

    @classmethod
    def fresh(
        cls,
        *,
        numbers: Tensor,
        randomness: Tensor,
        objective: Objective,
        seeds: Tensor,
        origins: Tensor,
    ) -> InversionState:
        """Return a batch before its first step."""
        count = len(numbers)
        return cls(
            numbers=numbers,
            first=torch.zeros_like(numbers),
            second=torch.zeros_like(numbers),
            steps=torch.zeros(count, dtype=torch.long, device=numbers.device),
            randomness=randomness,
            scores=torch.full((count,), float("nan"), device=numbers.device),
            seeds=seeds,
            origins=origins,
            objective=objective,
        )

    def __len__(self) -> int:
        return len(self.numbers)

    @property
    def step(self) -> int:
        """Steps taken by the youngest picture."""
        return int(self.steps.min()) if len(self) else 0

    def select(self, index: Any) -> InversionState:
        """Keep the pictures of `index` (numbers or a mask); the rest is dropped."""
        rows = index if torch.is_tensor(index) else torch.as_tensor(index, device="cpu")
        if rows.dtype == torch.bool:
            rows = rows.nonzero().flatten()
        values = {name: value[rows.to(value.device)] for name, value in self._tensors().items()}
        return InversionState(**values, objective=self.objective.select(rows))

    def merge(self, *others: InversionState) -> InversionState:
        """Join this batch and `others` into one, in order."""
        parts: Sequence[InversionState] = [other for other in others if len(other)]
        if not len(self):
            return parts[0].merge(*parts[1:]) if parts else self
        values = {
            name: torch.cat([value, *(getattr(part, name) for part in parts)])
            for name, value in self._tensors().items()
        }
        objective = self.objective.merge([part.objective for part in parts])
        return InversionState(**values, objective=objective)

    def _tensors(self) -> dict[str, Tensor]:
        return {
            field.name: getattr(self, field.name)
            for field in fields(self)
            if field.name != "objective"
        }
