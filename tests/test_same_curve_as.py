"""docs/same-curve-as.md says what the catalogue says; tests/parity measures again what was measured."""

from __future__ import annotations

from annealing import dialects
from tests.pages import run
from tests.parity.calls import read
from tests.parity.page import LIBRARIES, PAGE, Figure, Figures, figures_of, rounded_up, written

TEXT = PAGE.read_text(encoding="utf-8")
ROWS = dialects.everything()


def test_the_page_is_what_the_catalogue_makes_of_its_figures() -> None:
    assert written(figures_of(TEXT)) == TEXT, "the page is stale: make docs-tables"


def test_the_code_on_the_page_runs() -> None:
    names: dict[str, object] = {}
    run(PAGE, names)

    assert names["plan"] == dialects.torch.OneCycleLR(lr=0.1, total_steps=1000)


def test_every_dialect_is_on_the_page_with_its_call_its_plan_and_what_is_odd() -> None:
    assert list(figures_of(TEXT).rows) == [row.name for row in ROWS]
    for row in ROWS:
        [line] = [line for line in TEXT.splitlines() if line.startswith(f"| `{row.example}` ")]
        assert f"| `{dialects.parse(row.example)}` |" in line
        assert line.replace("\\", "").endswith(f"| {row.odd} |")
        assert ("*unverified*" in line) == (not row.checked)


def test_what_is_verified_came_from_a_library_whose_version_is_named() -> None:
    checked = {row.library for row in ROWS if row.checked}

    assert set(figures_of(TEXT).versions) == checked
    assert {library for library, (_, distribution) in LIBRARIES.items() if distribution} == checked


def test_the_figures_keep_the_promise_of_precision() -> None:
    in_float32 = {"optax", "keras", "fastai"}
    for name, figure in figures_of(TEXT).rows.items():
        assert figure.apart <= (2e-6 if name.partition(".")[0] in in_float32 else 1e-12), name
        assert figure.updates > 10, name


def test_a_page_with_another_call_plan_or_oddity_is_found_to_be_stale() -> None:
    for stale in (
        TEXT.replace("torch.StepLR(lr=0.1, step_size=30)", "torch.StepLR(lr=0.1, step_size=31)"),
        TEXT.replace("(0.1 * geometric(0.1, per=30).every(30)).over(inf)", "(0.1 * hold()).over(inf)"),
        TEXT.replace("rises again after T", "stays after T"),
    ):
        assert stale != TEXT
        assert written(figures_of(stale)) != stale


def test_figures_are_read_back_and_rounded_up() -> None:
    rows = {row.name: Figure(rounded_up(i * 1.7e-9), 7 + i) for i, row in enumerate(ROWS)}
    figures = Figures(rows, {"torch": "9.9.9", "olmo_core": "1.0"})

    assert figures_of(written(figures)) == figures
    assert [rounded_up(x) for x in (0.0, 1e-9, 1.1e-9, 2.6e-9)] == [1e-15, 2e-9, 5e-9, 1e-8]


def test_an_example_is_the_same_call_to_their_library_and_to_ours() -> None:
    for row in ROWS:
        call = read(row.example)
        assert f"{call.library}.{call.name}" == row.name
