"""Finding a learning rate: one recorded sweep, the rules that people read off it, and what they are worth."""

from annealing.rangetest.rules import RULES, Suggestion, suggest
from annealing.rangetest.sweep import Sweep, ramp

__all__ = ["RULES", "Suggestion", "Sweep", "ramp", "suggest"]
