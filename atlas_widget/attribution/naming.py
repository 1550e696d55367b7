"""The rule by which a cell is named after a class, and the reason where it is not."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from atlas_widget.attribution.statistics import ClassValue

__all__ = ["LEAST_SHARE", "UNTRAINED", "Naming", "label_of", "naming_of"]

LEAST_SHARE = 0.1
"""Share of the usual lead that the strongest class must have at least: of what decides between the
first class and the second, ten positions like that would make up all."""

UNTRAINED = "looks untrained"


@dataclass(frozen=True)
class Naming:
    """The classes that a cell is named after, or the reason why it is after none.

    Attributes
    ----------
    winners : tuple of int
        One class, two that share the cell, the stronger one first, or none.
    why_not : str
        The reason, in a few words; empty where there is a winner.
    """

    winners: tuple[int, ...] = ()
    why_not: str = ""


def naming_of(
    in_favour: Sequence[ClassValue], lead: float | None = None, *, untrained: bool = False
) -> Naming:
    """Decide which classes a cell is named after.

    It is named after its strongest class if all of this holds: the network does not look
    untrained; the class's value is at least a tenth of the usual lead, which is the difference
    between the highest and the second logit of the median image; its 95 % interval lies above zero;
    and the interval lies above the second class's value, too. If only the last fails, it is named
    after both, if the values of both differ from zero by more than chance explains
    (`ClassValue.clear`).

    Parameters
    ----------
    in_favour : sequence of ClassValue
        From `top_classes`, strongest first.
    lead : float, optional
        The usual lead; None if it is not known: no value is too small then.
    untrained : bool
        Whether the network looks untrained.

    Returns
    -------
    Naming
    """
    if untrained:
        return Naming(why_not=UNTRAINED)
    if not in_favour:
        return Naming(why_not="it argues for no class")
    top, *others = in_favour
    if lead is not None and lead > 0 and top.value < LEAST_SHARE * lead:
        share = 100 * top.value / lead
        return Naming(why_not=f"too weak, {share:.0f} % of the usual lead")
    if math.isnan(top.low):
        return Naming(why_not="one sample does not tell")
    if not top.low > 0:
        return Naming(why_not="the strongest may be chance")
    if not others or top.low > others[0].value:
        return Naming((top.index,))
    if top.clear and others[0].clear:
        return Naming((top.index, others[0].index))
    return Naming(why_not="several are about as strong")


def label_of(
    in_favour: Sequence[ClassValue],
    labels: Sequence[str] | None = None,
    lead: float | None = None,
) -> str | None:
    """Return a cell's label: a class only where the samples leave little doubt.

    Parameters
    ----------
    in_favour : sequence of ClassValue
        From `top_classes`, strongest first.
    labels : sequence of str, optional
        Names by index; classes beyond them are called by number.
    lead : float, optional
        See `naming_of`.

    Returns
    -------
    str or None
        The name of the class that `naming_of` finds; ``"mixed: a, b"`` for two; else None.
    """
    names = [_name(winner, labels) for winner in naming_of(in_favour, lead).winners]
    if len(names) > 1:
        return f"mixed: {', '.join(names)}"
    return names[0] if names else None


def _name(index: int, labels: Sequence[str] | None) -> str:
    return str(labels[index]) if labels is not None and index < len(labels) else f"class {index}"
