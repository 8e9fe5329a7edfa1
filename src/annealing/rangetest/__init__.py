"""Finding a learning rate: one recorded sweep, the rules that people read off it, and what they are worth."""

from annealing.rangetest.decide import Answer, Scan, around, decide
from annealing.rangetest.find import Found, find
from annealing.rangetest.own import find_with
from annealing.rangetest.record import record
from annealing.rangetest.rules import RULES, Suggestion, suggest
from annealing.rangetest.scan import scan
from annealing.rangetest.search import BUDGET
from annealing.rangetest.sweep import Sweep, ramp
from annealing.rangetest.swept import sweep_task

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
    "find_with",
    "ramp",
    "record",
    "scan",
    "suggest",
    "sweep_task",
]
