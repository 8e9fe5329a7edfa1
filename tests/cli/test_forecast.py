"""`anneal forecast` and `anneal design`: what they say of pilots in files; refusals in one line."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import annealing as an
from annealing.curves import Curve, read, write
from annealing.forecast import design, fit
from tests.conftest import require

Said = tuple[int, str, str]
WARM = an.warmup(100)
PLANS = {
    "stable": (3e-4 * an.chain(WARM, an.hold())).over(2_000),
    "decayed": (3e-4 * an.chain(WARM, an.cosine(to=0.1))).over(2_000),
}
TARGET = "3e-4 * chain(warmup(100), hold, linear(20%))"


def pilot(name: str) -> Curve:
    """A loss that falls as a power of the area and has a noise that follows the rate."""
    rates = PLANS[name].values()
    settled = np.convolve(rates / 3e-4, np.exp(-np.arange(200) / 40), "full")[: rates.size] / 40
    at = np.arange(0, 2_000, 20)
    return Curve(at, 2.5 + 4 / (np.cumsum(rates / 3e-4)[at] + 20) ** 0.5 + 0.1 * settled[at], PLANS[name], name)


@pytest.fixture(autouse=True)
def logs(tmp_path: Path) -> None:
    for name in PLANS:
        write(pilot(name), tmp_path / f"{name}.csv")
    write(pilot("decayed"), tmp_path / "decayed.jsonl")
    for name in PLANS:
        bare = pilot(name)
        write(Curve(bare.updates, bare.losses), tmp_path / f"bare-{name}.csv")


def test_a_forecast_is_drawn_and_told_with_its_interval(anneal: Callable[..., Said]) -> None:
    status, out, err = anneal("forecast", "stable.csv", "decayed.csv", "--schedule", TARGET, "--over", "4000")
    words = " ".join(out.split())

    assert (status, err) == (0, "")
    assert sum(any("⠀" < letter <= "⣿" for letter in line) for line in out.splitlines()) >= 10
    assert "90 % interval 2." in words
    assert "after 4 000 updates" in words
    assert "rests on 2 pilots, 200 points, up to 1 981 updates" in words
    assert "do not trust" not in words


def test_the_numbers_are_the_librarys(anneal: Callable[..., Said], tmp_path: Path) -> None:
    status, out, err = anneal("forecast", "stable.csv", "decayed.jsonl", "--schedule", TARGET, "--over", "4000", "--json")
    found = json.loads(out, parse_constant=pytest.fail)
    fitted = fit([read(tmp_path / name) for name in ("stable.csv", "decayed.jsonl")])
    plan = an.parse(f"({TARGET}).over(4000)")
    assert isinstance(plan, an.Plan)
    band = fitted.interval(plan, at=[3_999])

    assert (status, err) == (0, "")
    assert found["final"]["loss"] == pytest.approx(fitted.final(plan), abs=1e-12)
    assert (found["final"]["low"], found["final"]["high"]) == pytest.approx((band.low[0], band.high[0]), abs=1e-12)
    assert found["curve"][-1] == [3_999, *(found["final"][name] for name in ("loss", "low", "high"))]
    assert found["doubts"] == []
    assert set(found["laws"]) == {"power", "log", "multi-power"}


def test_rates_are_given_where_logs_do_not_say_them(anneal: Callable[..., Said]) -> None:
    target = ("--schedule", TARGET, "--over", "4000", "--json")
    rates = [word for plan in PLANS.values() for word in ("--rate", str(plan))]
    logged = json.loads(anneal("forecast", "stable.csv", "decayed.csv", *target)[1])
    given = json.loads(anneal("forecast", "bare-stable.csv", "bare-decayed.csv", *rates, *target)[1])

    assert given["final"]["loss"] == pytest.approx(logged["final"]["loss"], abs=1e-3)


def test_a_trainers_state_is_a_pilot_and_a_late_log_is_completed(anneal: Callable[..., Said], tmp_path: Path) -> None:
    one = pilot("decayed")
    late = [place for place, update in enumerate(one.updates.tolist()) if update >= 200]
    history = [
        {"step": int(one.updates[i]) + 1, "loss": float(one.losses[i]), "learning_rate": float(one.rates[one.updates[i]])}
        for i in late
    ]
    (tmp_path / "trainer_state.json").write_text(json.dumps({"log_history": history}), encoding="utf-8")
    words = ("forecast", "stable.csv", "trainer_state.json", "--schedule", TARGET, "--over", "4000")
    refused = anneal(*words)
    status, out, _ = anneal(*words, "--before", "linear")

    assert (refused[0], "write --before 'linear'" in refused[2]) == (2, True)
    assert (status, "rests on" in out) == (0, True)


def test_what_cannot_be_trusted_is_said_with_how_to_mend_it(anneal: Callable[..., Said]) -> None:
    out = " ".join(anneal("forecast", "stable.csv", "--schedule", TARGET, "--over", "10000")[1].split())

    assert "do not trust it: no pilot decays its rate" in out
    assert "add a pilot such as chain(warmup(…), hold(), cooldown('20%'))" in out
    assert "run a pilot of 2500 updates or more" in out


def test_a_design_is_shown_with_what_its_phases_cost(anneal: Callable[..., Said]) -> None:
    status, out, err = anneal("design", "stable.csv", "decayed.csv", "--over", "4000", "--floor", "3e-5")
    words = " ".join(out.split())

    assert (status, err) == (0, "")
    assert out.startswith(("3e-4 * chain(warmup(", "(3e-4 * chain(warmup("))
    assert "90 % interval 2." in words
    assert "lower, a curve through" in words


def test_a_designs_numbers_are_the_librarys_and_its_plans_read_back(anneal: Callable[..., Said], tmp_path: Path) -> None:
    out = anneal("design", "stable.csv", "decayed.csv", "--over", "4000", "--warmup", "100", "--json")[1]
    found = json.loads(out, parse_constant=pytest.fail)
    best = design(fit([read(tmp_path / name) for name in ("stable.csv", "decayed.csv")]), total=4_000, warmup=100)

    assert found["nearest"]["schedule"] == str(best.nearest.plan)
    assert found["distance"] == pytest.approx(best.distance, abs=1e-12)
    assert an.parse(found["optimum"]["schedule"]) == best.optimum.plan
    assert found["optimum"]["table"][-1][0] == 3_999
    assert found["doubts"] == [doubt.replace("floor=", "--floor ") for doubt in best.doubts]


@pytest.mark.parametrize("words", [["design"], ["forecast", "--schedule", TARGET]])
def test_png_writes_a_picture(anneal: Callable[..., Said], tmp_path: Path, words: list[str]) -> None:
    require("matplotlib")
    status, _, err = anneal(words[0], "stable.csv", "decayed.csv", *words[1:], "--over", "3000", "--png", "deep/one.png")

    assert (status, "deep/one.png" in err) == (0, True)
    assert (tmp_path / "deep" / "one.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["forecast", "stable.csv"], "Missing option '--schedule'"),
        (["forecast", "nowhere.csv", "--schedule", TARGET, "--over", "100"], "there is no file nowhere.csv"),
        (["forecast", "stable.csv", "--schedule", "wsd", "--over", "4000"], "write --schedule '3e-4 * wsd'"),
        (["forecast", "stable.csv", "--schedule", "3e-4 * wsd"], "write --over 1000"),
        (["forecast", "stable.csv", "--schedule", "cosinne", "--over", "10"], "did you mean cosine?"),
        (["forecast", "bare-stable.csv", "--schedule", TARGET, "--over", "10"], "write --rate"),
        (["forecast", "stable.csv", "--loss", "val", "--schedule", TARGET, "--over", "10"], "write --loss '…'"),
        (["forecast", "stable.csv", "--level", "2", "--schedule", TARGET, "--over", "400"], "such as 0.9"),
        (
            ["forecast", "stable.csv", "--rate", "hold", "--rate", "hold", "--schedule", TARGET, "--over", "10"],
            "one --rate for all",
        ),
        (["design", "stable.csv", "--over", "0"], "--over 0 is not a whole number"),
        (["design", "stable.csv", "--over", "50"], "write a shorter --warmup"),
        (["design", "stable.csv", "--over", "4000", "--floor", "1"], "not below the peak"),
        (["design", "stable.csv", "--over", "4000", "--png", "one.jpg"], "write --png one.png"),
        (["design", "--nope"], "See anneal design --help"),
    ],
)
def test_bad_input_is_one_line_that_says_what_to_write(anneal: Callable[..., Said], arguments: list[str], says: str) -> None:
    status, out, err = anneal(*arguments)

    assert (status, out) == (2, "")
    assert len(err.splitlines()) == 1
    assert err.startswith("anneal: ")
    assert says in err
