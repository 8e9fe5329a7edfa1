"""The stories of what goes wrong elsewhere are tests, and each is found by its number."""

from __future__ import annotations

import re
from pathlib import Path

TESTS = Path(__file__).parent.parent

OF_SCHEDULES = {8, 9, 10, 11, 14, *range(16, 26), *range(28, 35), 36, 38, 43}
"""Those of schedules and feedback: sequences, phases of no length, ends that rise, floors, plateaus, restarts."""


def told() -> dict[int, list[str]]:
    """The tests that name a story, in their name or at the beginning of their sentence."""
    found: dict[int, list[str]] = {}
    for path in TESTS.rglob("test_*.py"):
        for name, number, first, more in re.findall(
            r'^def (test_(?:r(\d\d)_)?\w+)\([^\n]*\n(?:    """R(\d\d)((?:, R\d\d)*):)?',
            path.read_text(encoding="utf-8"),
            re.MULTILINE,
        ):
            for one in (number, first, *re.findall(r"R(\d\d)", more)):
                if one:
                    found.setdefault(int(one), []).append(name)
    return found


def test_every_story_of_schedules_and_feedback_is_told() -> None:
    assert OF_SCHEDULES - told().keys() == set()
