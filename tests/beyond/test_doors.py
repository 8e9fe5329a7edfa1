"""Every function here takes a plan for what changes over a run, and says what to write instead of anything else."""

import numpy as np
import pytest

import annealing as an
from annealing.beyond import (
    CutoffSpread,
    ModifiedLam,
    PowerSpread,
    anneal,
    anneal_noisy,
    anneal_restarts,
    contrastive_divergence,
    deterministic_annealing,
    diffuse,
    exact_success,
    learn_schedule,
    logarithmic,
    parallel_run_lengths,
    passes_tokens,
    ring,
    row_tokens,
    run_lengths,
    stochastic_annealing,
    tokens,
)
from annealing.beyond.checks import generator
from annealing.core.errors import ArgumentError, KindError
from annealing.core.plan import Plan
from annealing.testing import check_controller, check_schedule

START = np.zeros(2)


def same(x, *rest):
    return x


CONSUMERS = {
    "temperature": [
        lambda plan: anneal(same, same, START, temperature=plan),
        lambda plan: anneal_noisy(same, same, START, temperature=plan, samples=an.hold().over(4)),
        lambda plan: exact_success(np.arange(4.0), ring(4), plan),
        lambda plan: deterministic_annealing(same, START, temperature=plan),
    ],
    "samples": [lambda plan: anneal_noisy(same, same, START, temperature=an.hold().over(4), samples=plan)],
    "share": [lambda plan: list(tokens(plan, rows=4))],
    "rate": [lambda plan: contrastive_divergence(same, same, np.zeros((3, 2)), rate=plan, start=START)],
    "noise": [lambda plan: stochastic_annealing(same, START, noise=plan)],
    "scale": [lambda plan: PowerSpread(plan, exponent=1.0)],
}
CASES = [(name, consumer) for name, consumers in CONSUMERS.items() for consumer in consumers]


@pytest.mark.parametrize(("name", "consumer"), CASES)
def test_a_consumer_takes_a_plan(name, consumer) -> None:
    consumer(
        an.linear(to=1, start=0.1).over(4 if name != "share" else 8, endpoint=True)
        if name != "samples"
        else (2 * an.hold()).over(4)
    )


@pytest.mark.parametrize(("name", "consumer"), CASES)
@pytest.mark.parametrize("given", [0.5, an.linear(), [1.0, 0.5], None])
def test_what_is_no_plan_is_refused_by_its_name(name, consumer, given) -> None:
    with pytest.raises(KindError, match=rf"{name}=.*\.over\("):
        consumer(given)


@pytest.mark.parametrize(("name", "consumer"), CASES)
@pytest.mark.parametrize("plan", [an.linear(to=-1).over(4), an.hold().over(an.inf)], ids=["negative", "without an end"])
def test_a_plan_that_cannot_be_an_amount_is_refused_by_its_name(name, consumer, plan: Plan) -> None:
    with pytest.raises(ArgumentError, match=name):
        consumer(plan)


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: anneal_noisy(same, same, START, temperature=an.hold().over(4), samples=an.hold().over(5)), "the same total"),
        (lambda: anneal_noisy(same, same, START, temperature=an.hold().over(4), samples=an.linear().over(4)), "clip"),
        (lambda: anneal_restarts(same, same, same, temperature=an.hold().over(4), lengths=[4], budget=4), "its own length"),
        (lambda: anneal_restarts(same, same, same, temperature=an.hold(), lengths=[], budget=4), "run_lengths"),
        (lambda: run_lengths(0), "too small"),
        (lambda: run_lengths(growth=0.5), "1 or more"),
        (lambda: parallel_run_lengths(2, workers=2), "counted from 0"),
        (lambda: passes_tokens(4, passes=0.5), "1 or more"),
        (lambda: list(tokens((2 * an.linear(to=1, start=0)).over(8, endpoint=True), rows=2)), "end at 1"),
        (lambda: list(tokens(an.linear(to=1, start=0).over(4, endpoint=True), rows=8)), "one row"),
        (lambda: list(row_tokens(["REMOVE"], rows=2)), "no row"),
        (lambda: list(row_tokens(["ADD"] * 3, rows=2)), "no row"),
        (lambda: learn_schedule([], [1], lambda plan, problem: 1.0), "at least one"),
        (lambda: learn_schedule([an.hold().over(2)], [1], lambda plan, problem: np.nan), "finite"),
        (lambda: exact_success(np.arange(4.0), ring(3), an.hold().over(2)), "symmetric"),
        (lambda: exact_success(np.arange(3.0), np.eye(3) * 2, an.hold().over(2)), "sum to 1"),
        (lambda: ring(2), "3 or more"),
        (lambda: deterministic_annealing(same, START, temperature=an.linear().over(3, endpoint=True)), "come down to 1"),
        (lambda: stochastic_annealing(lambda x: x[:1], START, noise=an.hold().over(2)), "returns them all"),
        (
            lambda: contrastive_divergence(same, same, np.zeros((3, 2)), rate=an.hold().over(2), start=np.zeros(3)),
            "one parameter",
        ),
        (
            lambda: contrastive_divergence(same, same, np.zeros((3, 2)), rate=an.hold().over(2), start=START, average_from=2),
            "smaller",
        ),
        (lambda: logarithmic(0.0), "above 0"),
        (lambda: logarithmic(after=1.0), "above 1"),
        (lambda: PowerSpread(an.hold().over(2), exponent=-1.0), "0 or more"),
        (lambda: CutoffSpread(an.hold(), far=1.0, near=0.1), "plan"),
        (lambda: CutoffSpread(an.hold().over(2), far=0.1, near=1.0), "step less"),
        (lambda: diffuse(same, np.ones((2, 1)) * 3, spread=PowerSpread(an.hold().over(2), 1.0), low=-1, high=1), "the box"),
        (lambda: diffuse(same, START, spread=PowerSpread(an.hold().over(2), 1.0), low=-1, high=1), "dimensions"),
        (lambda: ModifiedLam(updates=0), "1 or more"),
        (lambda: generator("x"), "whole number"),
        (lambda: generator(None), "whole number"),
    ],
)
def test_what_cannot_be_is_refused_with_what_to_write(call, says) -> None:
    with pytest.raises((ArgumentError, KindError), match=says) as refused:
        call()
    assert "\n" not in str(refused.value)


def test_modified_lam_keeps_the_laws_of_controllers() -> None:
    check_controller(ModifiedLam(updates=20), scan=True)


def test_logarithmic_cooling_keeps_the_laws_of_schedules() -> None:
    check_schedule(2.0 * logarithmic(1.0), total=40)
