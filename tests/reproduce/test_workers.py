"""Studies side by side: what the processes do among themselves does not reach the user's terminal."""

import os
import time
import warnings
from functools import partial
from typing import Any

import pytest

from annealing.core.errors import ArgumentError
from annealing.reproduce import study
from annealing.reproduce.workers import side_by_side


def in_which(after: float) -> Any:
    """A stand-in for an experiment that takes a while and says which process it ran in."""

    def one(_: object) -> int:
        time.sleep(after)
        return os.getpid()

    return one


@pytest.mark.slow
def test_a_process_that_has_grown_is_replaced_without_a_word(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOKY_MAX_MEMORY_LEAK_SIZE", "-1e12")  # every process has grown by more than that
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        found: list[Any] = list(side_by_side([study("schaipp")] * 3, in_which(1.2), workers=1))

    assert len(found) == 3
    assert len(set(found)) > 1
    assert [str(one.message) for one in said] == []


@pytest.mark.slow
def test_other_warnings_are_heard_while_studies_run_and_the_filters_are_the_caller_s_afterwards() -> None:
    before = list(warnings.filters)
    running = side_by_side([study("schaipp")] * 2, in_which(0.0), workers=1)
    next(running)
    with pytest.warns(UserWarning, match="A worker stopped"):
        warnings.warn("A worker stopped while some jobs were given to the executor.", UserWarning, stacklevel=1)
    running.close()

    assert list(warnings.filters) == before


@pytest.mark.slow
def test_what_a_study_raises_is_raised_and_the_filters_are_the_caller_s_again() -> None:
    before = list(warnings.filters)
    with pytest.raises(ArgumentError, match="neither"):
        list(side_by_side([study("schaipp")], partial(_refuse, "half"), workers=1))

    assert list(warnings.filters) == before


def _refuse(scale: Any, one: Any) -> Any:
    from annealing.reproduce import reproduce

    return reproduce(one, scale=scale)
