"""`anneal reproduce`: what it prints and writes, and what it refuses."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from annealing.cli.main import run
from annealing.report.reproduced import drawn
from annealing.reproduce import NAMES
from annealing.reproduce.finding import Curves, Line, Mean, Means


@pytest.fixture
def anneal(capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    def called(*words: str) -> tuple[int, str, str]:
        status = run(["reproduce", *words])
        said = capsys.readouterr()
        return status, said.out, said.err

    return called


def test_the_list_names_every_study(anneal: Callable[..., tuple[int, str, str]]) -> None:
    status, out, _ = anneal("--list")

    assert status == 0
    assert set(NAMES) <= set(out.split())


def test_a_study_is_printed_and_written(anneal: Callable[..., tuple[int, str, str]], tmp_path: Path) -> None:
    status, out, _ = anneal("schaipp", "--out", str(tmp_path / "report"))
    page = (tmp_path / "report" / "report.html").read_text()
    (result,) = json.loads((tmp_path / "report" / "result.json").read_text())["results"]

    assert status == 0
    assert "schaipp: reproduced" in out
    assert "Asked beforehand" in page
    assert result["verdict"] == "reproduced"
    assert result["finding"]["statistics"][0]["met"] is True


def test_several_studies_make_one_report(anneal: Callable[..., tuple[int, str, str]], tmp_path: Path) -> None:
    status, out, err = anneal("schaipp", "escape", "--fast", "--json", "--seed", "4", "--out", str(tmp_path / "report"))
    results = json.loads(out)["results"]
    page = (tmp_path / "report" / "report.html").read_text()

    assert status == 0
    assert [(one["name"], one["seed"], one["scale"]) for one in results] == [("schaipp", 4, "fast"), ("escape", 4, "fast")]
    assert "2 of 2: escape" in err
    assert 'id="schaipp"' in page
    assert 'id="escape"' in page
    assert "verdicts mean nothing" in page


@pytest.mark.slow
def test_studies_side_by_side_give_the_same_in_the_same_order(
    anneal: Callable[..., tuple[int, str, str]], tmp_path: Path
) -> None:
    words = ["tissue", "escape", "schaipp", "--fast", "--json", "--out", str(tmp_path / "report")]
    apart, together = (json.loads(anneal(*words, "--workers", count)[1])["results"] for count in ("1", "2"))

    for one in (*apart, *together):
        del one["seconds"]
    assert [one["name"] for one in together] == ["tissue", "escape", "schaipp"]
    assert together == apart


@pytest.mark.slow
def test_a_mistake_beside_others_is_told_before_the_work(anneal: Callable[..., tuple[int, str, str]], tmp_path: Path) -> None:
    status, _, err = anneal("escape", "schaipp", "--workers", "2", "--data", str(tmp_path), "--out", str(tmp_path / "report"))

    assert status == 2
    assert err.count("\n") == 1


@pytest.mark.parametrize(
    ("words", "why"),
    [
        ([], "name a study"),
        (["--all", "schaipp"], "name none"),
        (["shaipp"], "did you mean schaipp?"),
        (["schaipp", "--seed", "-1"], "--seed"),
        (["schaipp", "--workers", "0"], "--workers"),
    ],
)
def test_what_cannot_be_is_refused_in_one_line(
    words: list[str], why: str, anneal: Callable[..., tuple[int, str, str]], tmp_path: Path
) -> None:
    status, _, err = anneal(*words, "--out", str(tmp_path / "report"))

    assert status == 2
    assert why in err
    assert err.count("\n") == 1
    assert not (tmp_path / "report").exists()


def test_figures_hold_what_is_finite() -> None:
    inf = float("inf")
    lines = drawn(Curves("", "", "t", "loss", (Line("a", (0.0, 1.0, 2.0), (inf, 2.0, 1.0)), Line("b", (), ()))))
    dots = drawn(Means("", "", "loss", (Mean("a", 1.0), Mean("b", inf))))

    assert [line.name for line in lines.lines] == ["a"]  # pyright: ignore[reportAttributeAccessIssue]
    assert lines.y.high < 3
    assert [dot.note for dot in dots.dots] == ["1", "diverged"]  # pyright: ignore[reportAttributeAccessIssue]
