"""Finding a learning rate: one recorded sweep, the rules that people read off it, and what they are worth."""

from annealing.rangetest.decide import Answer, Scan, around, decide
from annealing.rangetest.rules import RULES, Suggestion, suggest
from annealing.rangetest.sweep import Sweep, ramp

__all__ = ["RULES", "Answer", "Scan", "Suggestion", "Sweep", "around", "decide", "ramp", "suggest"]
