"""The two-stage protocol for training that is all one's own."""

import math

import pytest
import torch

from annealing.core.errors import ArgumentError
from annealing.core.plan import Plan
from annealing.rangetest import BUDGET, find_with

CALLS: list[tuple[int, int, float]] = []


def parabola(plan: Plan, seed: int) -> float:
    """A weight that starts at 1, and gradient descent on its square: best at 0.5, diverging from 1 on."""
    weight = 1.0
    CALLS.append((seed, int(plan.total), float(max(plan.values()))))
    for rate in plan.values():
        weight -= float(rate) * 2 * weight
        if abs(weight) > 1e6:
            return math.inf
    return weight**2 + 1e-3


def test_the_scan_is_short_the_runs_are_whole_and_the_last_is_the_answer() -> None:
    CALLS.clear()
    found = find_with(parabola, 0.1, updates=200, seed=7)
    answer = found.answer

    assert answer.rate is not None
    assert found.losses[list(found.rates).index(answer.rate)] == pytest.approx(1e-3, rel=0.01)
    assert {seed for seed, _, _ in CALLS} == {7}
    assert [updates for _, updates, _ in CALLS[:21]] == [1] + [20] * 20  # before training, then four rates a decade
    assert all(updates == 200 for _, updates, _ in CALLS[21:])
    assert CALLS[-1][2] == pytest.approx(answer.rate, rel=1e-9)
    assert found.cost == pytest.approx((20 * 20 + 200 * len(CALLS[21:])) / 200)
    assert found.cost <= BUDGET
    assert answer.edge_of_divergence is not None
    assert 0.9 < answer.edge_of_divergence < 2
    assert found.state is None
    assert (found.task, found.updates, found.scan_updates) == ("parabola", 200, 20)


def test_first_whole_runs_are_wide_apart_and_close_in() -> None:
    CALLS.clear()
    find_with(parabola, 0.1, updates=200)
    peaks = [math.log10(peak) for _, updates, peak in CALLS if updates == 200]

    assert sorted(peaks[:3])[1] - min(peaks[:3]) == pytest.approx(0.5, abs=1e-6)
    assert min(abs(peaks[3] - other) for other in peaks[:3]) >= 0.25 - 1e-6


def test_what_it_trains_is_restored_before_every_run_and_at_the_end() -> None:
    model = torch.nn.Linear(1, 1)
    start, seen = model.weight.item(), list[float]()

    def train(plan: Plan, seed: int) -> float:
        seen.append(model.weight.item())
        with torch.no_grad():
            model.weight -= float(plan(0))
            torch.rand(3)
        if len(seen) == 22:
            raise RuntimeError("of the user")
        return 1.0

    random = torch.get_rng_state()
    with pytest.raises(RuntimeError, match="of the user"):
        find_with(train, 0.1, updates=24, things=[model])

    assert seen == [start] * 22
    assert model.weight.item() == start
    assert torch.equal(torch.get_rng_state(), random)


def test_an_answer_on_a_hill_is_given_up_for_the_best_run() -> None:
    """Good rates a quarter of a decade apart, and nothing between them."""

    def train(plan: Plan, seed: int) -> float:
        peak = float(max(plan.values()))
        if plan.total < 100:
            return 1.5 if 0.05 < peak < 0.2 else 2.0
        step = 4 * math.log10(peak) - 0.5
        return 0.1 * 1.03 ** abs(step + 6.3) if abs(step - round(step)) < 0.05 else 1.9

    found = find_with(train, 0.1, updates=200)
    answer = found.answer

    assert found.losses.max() == 1.9
    assert answer.rate is not None
    assert found.losses[list(found.rates).index(answer.rate)] == found.losses.min()
    assert (answer.confidence, answer.reason) == ("low", "the loss jumps between neighbouring rates")


def test_progress_is_told() -> None:
    heard: list[tuple[str, int, int]] = []
    find_with(parabola, 0.1, updates=60, tick=lambda stage, done, total: heard.append((stage, done, total)))

    assert heard[0] == ("scan", 6, 120)
    assert ("scan", 120, 120) in heard
    assert heard[-1] == ("whole runs", 60, 60)


@pytest.mark.parametrize("wrong", [None, "low", [1.0, 2.0]])
def test_training_that_returns_no_loss_is_refused(wrong: object) -> None:
    with pytest.raises(ArgumentError, match="must return the final validation loss"):
        find_with(lambda plan, seed: wrong, 0.1)


def test_training_that_never_learns_has_no_answer() -> None:
    found = find_with(lambda plan, seed: math.nan if plan.total > 1 else 2.0, 0.1, updates=24)

    assert found.answer.rate is None
    assert str(found.answer).startswith("no answer")
