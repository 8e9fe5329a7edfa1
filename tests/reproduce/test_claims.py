"""Every row of the table of claims is there, is shown by something that exists, and stands on the page that is generated."""

import json
import shlex
from itertools import pairwise
from pathlib import Path

import pytest

from annealing.cli.main import run
from annealing.core.errors import ArgumentError
from annealing.reproduce.catalogue import NAMES, studies
from annealing.reproduce.claims import CLAIMS, Claim, commands
from annealing.reproduce.evidence import kept, main, page
from annealing.study.arms import read_entries
from annealing.tasks import load_task

DOCS = Path(__file__).parents[2] / "docs"
ROWS = [*(f"F{i}" for i in range(1, 33)), *(f"C{i}" for i in range(1, 20))]
STORED = json.loads((DOCS / "evidence.json").read_text(encoding="utf-8"))
PAGE = (DOCS / "evidence.md").read_text(encoding="utf-8")


def test_no_row_is_missing() -> None:
    assert [claim.row for claim in CLAIMS] == ROWS


def test_every_row_that_a_study_names_exists() -> None:
    assert {row for study in studies() for row in study.shows} <= set(ROWS)


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda claim: claim.row)
def test_a_row_names_a_command_that_exists(claim: Claim) -> None:
    assert commands(claim, studies())
    for command in commands(claim, studies()):
        program, verb, *words = shlex.split(command)
        assert program == "anneal"
        if verb == "reproduce":
            assert words[0] in NAMES
        elif verb in ("show", "list"):
            assert run([verb, *words]) == 0
        else:
            assert verb in ("compare", "find")
            assert run([verb, *words, "--help"]) == 0
            schedules = [word for before, word in pairwise(words) if "--" not in before + word]
            read_entries(load_task(words[0]), schedules or None, 100, None)


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda claim: claim.row)
def test_a_claim_has_a_verdict_or_says_what_is_shown_instead(claim: Claim) -> None:
    decided = any(claim.row in study.shows for study in studies())

    assert decided or claim.instead or claim.row.startswith("F")


@pytest.mark.parametrize("row", ROWS)
def test_a_row_stands_on_the_page(row: str) -> None:
    assert f"\n| {row} | " in PAGE


def test_the_page_is_what_the_stored_results_say() -> None:
    assert page(STORED, studies()) == PAGE


def test_the_stored_criteria_are_those_of_the_studies() -> None:
    written = {study.name: study.criterion for study in studies()}

    assert {name: one["criterion"] for name, one in STORED.items()} == {name: written[name] for name in STORED}


def test_a_fast_run_is_no_evidence() -> None:
    with pytest.raises(ArgumentError, match="fast form"):
        kept(json.dumps({"results": [{"name": "sgdr", "scale": "fast"}]}))


def test_what_is_no_result_is_refused() -> None:
    with pytest.raises(ArgumentError, match=r"no result\.json"):
        kept("[]")


def test_what_is_not_run_again_is_kept_while_it_asks_for_the_same(tmp_path: Path) -> None:
    first, second = list(STORED)[:2]
    old = {first: STORED[first], second: {**STORED[second], "criterion": "something else"}}
    (tmp_path / "evidence.json").write_text(json.dumps(old))
    (tmp_path / "result.json").write_text(json.dumps({"results": []}))

    main([str(tmp_path), str(tmp_path / "result.json")])

    assert list(json.loads((tmp_path / "evidence.json").read_text())) == [first]
    assert STORED[first]["verdict"] in (tmp_path / "evidence.md").read_text()
