"""The stories of what goes wrong elsewhere are tests, and each is found by its number."""

from __future__ import annotations

import re
from pathlib import Path

TESTS = Path(__file__).parent.parent

OF_SCHEDULES = {8, 9, 10, 11, 14, *range(16, 26), *range(28, 35), 36, 38, 43}
"""Those of schedules and feedback: sequences, phases of no length, ends that rise, floors, plateaus, restarts."""

OF_TRAINING = {*range(1, 8), 12, 13, 15, 26, 27, 35, 37, 39, 40, 44, 46, 47}
"""Those of a run: its clock, its checkpoints, what is edited or added on the way."""


def told() -> dict[int, list[str]]:
    """The tests that name a story, in their name or at the beginning of their sentence."""
    found: dict[int, list[str]] = {}
    for path in TESTS.rglob("test_*.py"):
        for name, numbers in re.findall(
            r'^ *def (test_\w+)\([^\n]*\n(?: +"""(R\d\d(?:, R\d\d)*):)?',
            path.read_text(encoding="utf-8"),
            re.MULTILINE,
        ):
            for one in re.findall(r"(?:_r|R)(\d\d)(?=_|,|$)", f"{name},{numbers}"):
                found.setdefault(int(one), []).append(name)
    return found


def test_every_story_of_schedules_and_feedback_is_told() -> None:
    assert OF_SCHEDULES - told().keys() == set()


def test_every_story_of_a_run_is_told() -> None:
    assert OF_TRAINING - told().keys() == set()
