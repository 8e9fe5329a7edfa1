"""docs/same-curve-as.md, measured again: every example beside the real library, within what the page says."""

from __future__ import annotations

import pytest

from annealing import dialects
from annealing.dialects import Dialect
from tests.parity.examples import RUN, measured
from tests.parity.page import PAGE, figures_of, versions

FIGURES = figures_of(PAGE.read_text(encoding="utf-8"))


@pytest.mark.parametrize("row", dialects.everything(), ids=lambda row: row.name)
def test_the_figure_on_the_page_holds(row: Dialect) -> None:
    now, said = measured(row), FIGURES.rows[row.name]

    assert now.difference <= said.apart
    assert now.updates == said.updates


def test_the_page_was_measured_with_the_versions_that_are_installed() -> None:
    here = versions()

    assert {library: FIGURES.versions[library] for library in here} == here, "measure again: make docs-tables"


def test_there_is_a_way_to_run_every_library() -> None:
    assert set(RUN) == {row.library for row in dialects.everything()}
