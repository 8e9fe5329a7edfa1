"""What is shown of a study: the page, the picture, the files, and code that makes the optimizer with its plan."""

import io
import json
import math
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from matplotlib.image import imread

import annealing as an
from annealing.report.code.optimizers import Made
from annealing.report.search import cloud, given_up, influences, range_tests, tried_table
from annealing.report.tuned_files import facts, tuned_page, winner_text, write_tuned
from annealing.report.tuned_png import tuned_summary
from annealing.study.result import Comparison
from annealing.study.tuned import Influence, Tried, Tuned


@pytest.fixture
def tuned(make: Callable[..., Comparison]) -> Tuned:
    confirmed = make(("cosine", "linear", "constant"))
    tried = [
        Tried(
            i,
            {"optimizer": "nesterov", "lr": 0.001 * 1.3**i, "schedule": name},
            f"{name}()",
            0,
            0.4 + 0.01 * i,
            1000,
            False,
            i % 3 == 0,
        )
        for i, name in enumerate(["cosine", "linear", "constant"] * 7)
    ]
    tried.append(Tried(21, {"optimizer": "nesterov", "lr": 1.0, "schedule": "cosine"}, "cosine()", 0, math.inf, 7, True, False))
    found = {
        "optimizer": "nesterov", "rate": 0.1, "interval": (0.05, 0.2), "edge_of_divergence": 1.0, "looked_at": (0.00625, 0.4),
        "cost": 7.0,
        "scan": [[0.01, 2.0], [0.1, 1.0], [1.0, None]], "whole": [[0.05, 0.5], [0.1, 0.4]],
    }  # fmt: skip
    chosen = {
        row.name: {"optimizer": "nesterov", "lr": row.lr, "schedule": row.name, "momentum": 0.95, "weight_decay": 1e-4}
        for row in confirmed.rows
    }
    return Tuned(
        task="digits", study="digits", store="", strategy="halving", engine="lockstep", updates=1000, budget=22, seed=0,
        confirmed=confirmed, chosen=chosen, tried=tuple(tried), ranges=(found,),
        importance=(Influence("lr", 0.5, (0.3, 0.7), ""), Influence("cooldown", None, None, "5 candidates had it")),
        importance_method="a method", seconds=61.0,
    )  # fmt: skip


def test_the_page_shows_the_winner_the_table_and_what_was_tried_and_asks_the_network_for_nothing(tuned: Tuned) -> None:
    text = tuned_page(tuned, command="anneal tune digits")

    assert winner_text(tuned) in text
    assert tuned.verdict in text
    assert "What mattered" in text
    assert "Range test, nesterov" in text
    assert len(re.findall(r'<pre id="code-', text)) == 6
    assert not re.search(
        r'(src|href)="http', re.sub(r"<script.*?</script>", "", text, flags=re.DOTALL)
    )  # Bokeh's own may speak of it


def test_the_picture_fills_a_slide_with_and_without_importance(tuned: Tuned) -> None:
    for one in (tuned, replace(tuned, importance=(), tried=tuned.tried[:1])):
        assert imread(io.BytesIO(tuned_summary(one))).shape[:2] == (1080, 1920)


def test_the_files_are_the_five_and_hold_the_numbers(tuned: Tuned, tmp_path: Path) -> None:
    written = {path.name for path in write_tuned(tuned, tmp_path)}
    numbers = json.loads((tmp_path / "result.json").read_text())

    assert written == {"report.html", "summary.png", "result.json", "curves.csv", "best.plan"}
    assert numbers["best"]["name"] == tuned.best
    assert numbers["tried"][-1]["loss"] is None
    assert an.parse((tmp_path / "best.plan").read_text()) == tuned.plan


def test_what_diverged_is_a_cross_and_what_was_given_up_is_hollow(tuned: Tuned) -> None:
    figure = cloud(tuned)
    cosine = next(line for line in figure.lines if line.name == "cosine")

    assert [x for x, _ in cosine.crosses] == [1.0]
    assert len(given_up(tuned)) == 7
    assert sum(len(line.x) for line in figure.lines) == 21


def test_the_table_of_what_was_tried_begins_with_what_came_to_its_end(tuned: Tuned) -> None:
    rows = tried_table(tuned).rows

    assert len(rows) == 12
    assert [row[-1] for row in rows] == ["to the end"] * 12
    assert [row[0] for row in rows[:2]] == ["#1", "#2"]


def test_what_was_repeated_leads_the_table_by_its_mean_and_fills_one_row(tuned: Tuned) -> None:
    again = [
        replace(tuned.tried[number], seed=seed, loss=loss, repeat=True)
        for number, losses in ((1, (0.9, 0.9)), (2, (0.5, 0.5)))
        for seed, loss in zip((50, 51), losses, strict=True)
    ]
    repeated = replace(tuned, tried=(*tuned.tried, *again))
    rows = tried_table(repeated).rows

    assert [row[0] for row in rows[:3]] == ["#2", "#1", "#4"]
    assert [row[-1] for row in rows[:3]] == ["to the end, from 3 seeds", "to the end, from 3 seeds", "to the end"]
    assert len({row[0] for row in rows}) == len(rows)
    assert "trained from more seeds" in cloud(repeated).caption
    assert "trained from more seeds" not in cloud(tuned).caption
    assert f"search over {len(tuned.tried)} settings, 1 000 updates each" in facts(repeated)


def test_a_share_that_nothing_can_be_said_about_says_why(tuned: Tuned) -> None:
    assert [dot.note for dot in influences(tuned).dots] == ["50%", "5 candidates had it"]
    assert "looked at: 0.0063 to 0.4" in range_tests(tuned)[0].caption


@pytest.mark.parametrize(
    ("name", "options", "torch", "optax", "keras"),
    [
        ("sgd", {"weight_decay": 0.1}, "torch.optim.SGD(p, lr=r, weight_decay=0.1)",
         "optax.chain(optax.add_decayed_weights(0.1), optax.sgd(learning_rate=r))", "L2(0.05)"),
        ("adam", {"betas[1]": 0.99}, "torch.optim.Adam(p, lr=r, betas=(0.9, 0.99))", "optax.adam(learning_rate=r, b2=0.99)",
         "keras.optimizers.Adam(learning_rate=r, beta_2=0.99)"),
        ("adamw", {"weight_decay": 0.1}, "torch.optim.AdamW(p, lr=r, weight_decay=0.1)",
         "optax.adamw(learning_rate=r, weight_decay=0.1)", "keras.optimizers.AdamW(learning_rate=r, weight_decay=0.1)"),
    ],
)  # fmt: skip
def test_an_optimizer_is_made_by_each_frameworks_own_call(
    name: str, options: dict[str, Any], torch: str, optax: str, keras: str
) -> None:
    made = Made(name, options)

    assert made.torch("r", "p") == torch
    assert made.optax("r") == optax
    assert keras in made.keras("r")


def test_an_optimizer_that_a_framework_does_not_have_is_refused() -> None:
    with pytest.raises(an.AnnealingError, match="prodigy' has no call in optax"):
        Made("prodigy", {}).optax("r")
