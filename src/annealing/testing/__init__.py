"""A conformance kit: what every schedule, controller and adapter must keep, for your own ones to be held against.

Needs no test framework: each check returns the laws that it found kept, and raises `ConformanceError` at the first that is
broken, saying which one and where.
"""

from annealing.core.errors import ConformanceError
from annealing.testing.adapter import Run, check_adapter
from annealing.testing.controller import check_controller
from annealing.testing.schedule import check_schedule

__all__ = ["ConformanceError", "Run", "check_adapter", "check_controller", "check_schedule"]
