"""The page opens anywhere, asks nobody for anything, and shows the numbers of the comparison."""

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from html.parser import HTMLParser
from typing import Any

import pytest

import annealing as an
from annealing.report.html import page
from annealing.report.words import around, number
from annealing.study.result import Comparison
from tests.conftest import require, require_program

Make = Callable[..., Comparison]
Shown = tuple[Any, list[str], list[str]]  # the page, what its console complained about, the addresses it asked for
OpenPage = Callable[[str], Shown]


class Cells(HTMLParser):
    """The text of the cells of the ranked table, row by row."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.rows: list[list[str]] = []
        self.inside = False
        self.feed(text[text.index('<table id="ranked">') : text.index("</table>")])

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th"):
            self.rows[-1].append("")
            self.inside = True

    def handle_endtag(self, tag: str) -> None:
        self.inside = self.inside and tag not in ("td", "th")

    def handle_data(self, data: str) -> None:
        if self.inside:
            self.rows[-1][-1] += data


@pytest.fixture(scope="module")
def text(comparison: Comparison) -> str:
    return page(comparison, command="anneal compare digits --updates 1000")


@pytest.fixture(scope="module")
def open_page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OpenPage]:
    """Opens pages in Debian's Chromium."""
    playwright = require("playwright.sync_api")
    program = require_program("chromium")
    with playwright.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=program, args=["--no-sandbox", "--disable-gpu"])

        def opened(text: str) -> Shown:
            file = tmp_path_factory.mktemp("page") / "report.html"
            file.write_text(text, encoding="utf-8")
            tab = browser.new_page(viewport={"width": 1280, "height": 900})
            complaints: list[str] = []
            asked: list[str] = []
            tab.on("console", lambda message: complaints.append(message.text) if message.type in ("error", "warning") else None)
            tab.on("pageerror", lambda error: complaints.append(str(error)))
            tab.on("request", lambda request: asked.append(request.url))
            tab.goto(file.as_uri())
            tab.wait_for_function(
                "window.Bokeh && Bokeh.index.roots.length > 0 && document.querySelectorAll('.bk-Figure').length > 0"
            )
            return tab, complaints, asked

        yield opened
        browser.close()


@pytest.fixture(scope="module")
def shown(text: str, open_page: OpenPage) -> Shown:
    return open_page(text)


def test_the_table_holds_the_numbers_of_the_comparison(comparison: Comparison, text: str) -> None:
    head, *rows = Cells(text).rows

    assert head[1:5] == ["schedule", "rate", "final loss", f"against {comparison.best}"]
    assert [row[1] for row in rows] == [row.name for row in comparison.rows]
    assert [row[3] for row in rows] == [around(row.mean, row.interval) for row in comparison.rows]
    for cells, row in zip(rows, comparison.rows, strict=True):
        assert cells[0] == str(row.rank)
        assert cells[2].startswith(number(row.lr))
        assert ("edge" in cells[2]) == row.edge
        assert cells[4] == around(row.difference, row.difference_interval, signed=True)
        assert cells[5] == row.verdict
        assert float(cells[6]) == pytest.approx(row.metrics["accuracy"], abs=5e-5)


def test_what_is_written_for_people_is_true_to_the_last_digit_shown(comparison: Comparison, text: str) -> None:
    for cells, row in zip(Cells(text).rows[1:], comparison.rows, strict=True):
        mean, half = (float(part) for part in cells[3].split(" ± "))
        step = 10.0 ** -len(cells[3].split(" ± ")[0].partition(".")[2])
        assert row.mean is not None
        assert row.interval is not None
        assert abs(mean - row.mean) <= step / 2 * (1 + 1e-9)
        assert abs(half - (row.interval[1] - row.interval[0]) / 2) <= step / 2 * (1 + 1e-9)


def test_the_page_says_what_to_type_and_which_seeds_were_used(text: str) -> None:
    assert "anneal compare digits --updates 1000" in text
    assert "0, 1, 2, 3 to choose the rates, 4, 5, 6, 7, 8, 9, 10, 11 for every number shown" in text


def test_the_winner_is_there_as_text_and_as_code_for_every_framework(text: str) -> None:
    assert '<pre id="winner">(0.1 * linear()).over(1000)</pre>' in text
    for target, sign in {
        "torch": "Scheduler(optimizer, lr=plan)",
        "transformers": "optimizers=(optimizer",
        "optax": "optax.adamw(learning_rate=plan)",
        "keras": "LearningRateSchedule",
        "python": "def learning_rate(t)",
    }.items():
        code = re.search(rf'<pre id="code-{target}">(.*?)</pre>', text, re.DOTALL)
        assert code is not None
        assert sign in code[1]


def test_what_a_framework_cannot_hold_is_left_out(make: Make) -> None:
    an.register("tests.halves")(lambda t: 1.0 if t < 500 else 0.5)
    base = make(("constant",))
    row = replace(base.rows[0], schedule='formula("tests.halves")')
    codes = re.findall(r'<pre id="code-(.*?)">', page(replace(base, rows=(row,))))

    assert codes == ["torch", "transformers", "lightning", "optax", "keras"]


def test_names_and_words_are_shown_as_they_are_not_run(make: Make) -> None:
    hostile = "<script>alert(1)</script>"
    base = make(("constant", "cosine"))
    rows = tuple(type(row)(**{**vars(row), "name": hostile}) if row.name == "cosine" else row for row in base.rows)
    runs = tuple(type(run)(**{**vars(run), "arm": hostile}) if run.arm == "cosine" else run for run in base.runs)
    text = page(type(base)(**{**vars(base), "rows": rows, "runs": runs, "best": hostile, "task": hostile, "verdict": hostile}))

    assert hostile not in text
    assert [row[1] for row in Cells(text).rows[1:]].count(hostile) == 1


def test_the_page_needs_no_network_and_its_console_stays_silent(shown: Shown) -> None:
    tab, complaints, asked = shown

    assert complaints == []
    assert [url for url in asked if not url.startswith(("file:", "data:", "blob:"))] == []
    assert tab.locator(".bk-Figure").count() == 3 + 10 + 1
    assert (
        tab.locator("#verdict").inner_text() == "linear beats constant by 0.049 ± 0.006; linear and cosine cannot be told apart."
    )


def test_every_tab_shows_its_own_code(shown: Shown) -> None:
    tab = shown[0]
    for target in ("keras", "python", "torch"):
        tab.locator(f"label[for=tab-{target}]").click()
        assert tab.locator(".tabs > pre:visible").evaluate_all("all => all.map(one => one.id)") == [f"code-{target}"]


@pytest.mark.parametrize("width", [420, 1280])
def test_the_page_fits_the_window(shown: Shown, width: int) -> None:
    tab, complaints, _ = shown
    tab.set_viewport_size({"width": width, "height": 900})

    # The charts lay themselves out anew a moment after the window changed.
    for _ in range(50):
        if fits := tab.evaluate("document.documentElement.scrollWidth <= window.innerWidth"):
            break
        tab.wait_for_timeout(200)
    assert fits
    assert complaints == []


@pytest.mark.parametrize("odd", ["all lost", "one run", "many arms"])
def test_odd_comparisons_are_drawn_without_complaint(make: Make, open_page: OpenPage, odd: str) -> None:
    every = ("constant", "cosine", "linear")
    made = {
        "all lost": lambda: make(every, lost=every),
        "one run": lambda: make(("cosine",), seeds=1),
        "many arms": lambda: make(tuple(f"cosine(to=0.{i:02})" for i in range(1, 13)), lost=("cosine(to=0.07)",)),
    }[odd]()
    _, complaints, asked = open_page(page(made))

    assert complaints == []
    assert len([url for url in asked if not url.startswith("data:")]) == 1


def test_the_page_is_one_file(text: str) -> None:
    outside_scripts = re.sub(r"<script.*?</script>", "", text, flags=re.DOTALL)

    assert re.findall(r"""(?:src|href)=["'](?!data:)[^"']+["']|url\(""", outside_scripts) == []
    assert "<script src" not in text
    assert len(text) < 4_000_000
