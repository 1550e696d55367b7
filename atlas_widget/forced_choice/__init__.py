"""A check by humans: which of two real crops belongs to this picture? One page, and its answers.

After the forced choice of Borowski et al. (ICLR 2021), with pictures, real crops in their place,
and trials that anybody who pays attention answers. A second network can answer the same trials.
"""

from atlas_widget.forced_choice.answers import read_answers
from atlas_widget.forced_choice.page import WrittenCheck, read_check, write_check
from atlas_widget.forced_choice.scores import Legibility, legibility
from atlas_widget.forced_choice.trials import Check, Trial, assemble, plan_trials

__all__ = [
    "Check",
    "Legibility",
    "Trial",
    "WrittenCheck",
    "assemble",
    "legibility",
    "plan_trials",
    "read_answers",
    "read_check",
    "write_check",
]
