"""What there is to speak: every library's rows, their examples, and that theirs and ours are found by one name."""

from __future__ import annotations

from importlib import import_module

import pytest

import annealing as an
from annealing import dialects
from annealing.dialects.catalogue import DIALECTS, Dialect, dialect, row_of

ROWS = dialects.everything()


def with_example() -> list[Dialect]:
    return [row for row in ROWS if row.example or row.library in ("torch", "optax", "keras")]


def test_every_row_is_listed_once_and_in_order() -> None:
    names = [row.name for row in ROWS]

    assert names == sorted(set(names))
    assert {"torch", "optax", "keras"} <= {row.library for row in ROWS}


@pytest.mark.parametrize("library", ["torch", "optax", "keras"])
def test_every_schedule_of_a_library_is_a_row(library: str) -> None:
    module = import_module(f"annealing.dialects.{library}")
    made_here = {
        name
        for name, value in vars(module).items()
        if callable(value) and getattr(value, "__module__", "").startswith(f"annealing.dialects.{library}") and not name.islower()
    }

    assert {row.name.partition(".")[2] for row in ROWS if row.library == library} >= made_here


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_a_row_says_what_is_odd_in_one_line(row: Dialect) -> None:
    assert "\n" not in row.odd
    assert not row.odd.endswith(".")
    assert ">>>" in (row.make.__doc__ or "")
    assert row_of(row.make) is row


@pytest.mark.parametrize("row", with_example(), ids=lambda row: row.name)
def test_an_example_is_text_that_makes_a_plan_whose_text_is_read_back(row: Dialect) -> None:
    plan = dialects.parse(row.example)

    assert isinstance(plan, an.Plan | an.RecipePlan)
    assert an.parse(str(plan)) == plan


def test_a_library_is_loaded_when_it_is_asked_for() -> None:
    assert dialects.torch.StepLR is DIALECTS["torch.StepLR"].make
    with pytest.raises(AttributeError, match="no attribute 'tensorflow'"):
        _ = dialects.tensorflow


def test_a_name_belongs_to_one_function() -> None:
    with pytest.raises(an.AnnealingError, match="is spoken by annealing"):
        dialect("torch.StepLR")(lambda: an.hold().over(1))
    with pytest.raises(an.AnnealingError, match="is no dialect"):
        row_of(an.hold)
