"""Finding a learning rate: one recorded sweep, the rules that people read off it, and what they are worth."""

from annealing.rangetest.decide import Answer, Scan, around, decide
from annealing.rangetest.find import Found, find
from annealing.rangetest.record import record, scan
from annealing.rangetest.rules import RULES, Suggestion, suggest
from annealing.rangetest.search import BUDGET
from annealing.rangetest.sweep import Sweep, ramp

__all__ = [
    "BUDGET",
    "RULES",
    "Answer",
    "Found",
    "Scan",
    "Suggestion",
    "Sweep",
    "around",
    "decide",
    "find",
    "ramp",
    "record",
    "scan",
    "suggest",
]
