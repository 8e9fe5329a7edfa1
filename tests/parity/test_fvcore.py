"""fvcore's schedulers, asked for where = t/total, and the plans that stand for them here."""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import annealing as an
from annealing.dialects import DIALECTS
from annealing.dialects import fvcore as ours
from annealing.dialects import parse as parse_any
from tests.parity.alone import fvcore_schedulers

theirs = fvcore_schedulers()

totals = st.one_of(st.integers(1, 150), st.just(1000))
values = st.one_of(st.just(0.0), st.floats(1e-6, 10.0))
above = st.floats(1e-3, 10.0)

Call = tuple[str, dict[str, Any]]


def call(name: str, **arguments: st.SearchStrategy[Any]) -> st.SearchStrategy[Call]:
    return st.tuples(st.just(name), st.fixed_dictionaries(arguments))


def milestones(numbers: list[int], levels: list[float], *, counted: bool) -> dict[str, Any]:
    marks = sorted(set(numbers))
    levels = (levels * len(marks))[: len(marks)]
    if counted:
        return {"values": levels, "num_updates": marks[-1], "milestones": marks[:-1]}
    return {"values": levels, "milestones": marks}


glides = st.one_of(
    call("ConstantParamScheduler", value=values),
    call("CosineParamScheduler", start_value=values, end_value=values),
    call("LinearParamScheduler", start_value=values, end_value=values),
    call("ExponentialParamScheduler", start_value=values, decay=st.floats(1e-3, 3.0)),
    call("PolynomialDecayParamScheduler", base_value=values, power=st.floats(0.2, 4.0)),
)
steps = st.one_of(
    call("StepParamScheduler", num_updates=st.integers(1, 99), values=st.lists(values, min_size=1, max_size=7)),
    call(
        "StepWithFixedGammaParamScheduler",
        base_value=above,
        num_decays=st.integers(1, 6),
        gamma=st.floats(0.01, 1.5),
        num_updates=st.integers(1, 99),
    ),
    st.tuples(
        st.just("MultiStepParamScheduler"),
        st.builds(
            milestones,
            st.lists(st.integers(20, 99), min_size=2, max_size=6).filter(lambda n: len(set(n)) > 1),
            st.lists(values, min_size=1, max_size=5),
            counted=st.booleans(),
        ),
    ),
    call("MultiStepParamScheduler", values=st.lists(values, min_size=1, max_size=4), num_updates=st.integers(20, 99)),
)


@st.composite
def composites(draw: st.DrawFn, parts: st.SearchStrategy[Call]) -> Call:
    weights = draw(st.lists(st.integers(1, 30), min_size=1, max_size=4))
    lengths = [weight / sum(weights) for weight in weights]
    if draw(st.booleans()):
        lengths[-1] -= 5e-4  # near enough to 1 for theirs
    schedulers = [draw(parts) for _ in weights]
    scalings = [draw(st.sampled_from(["rescaled", "fixed"])) for _ in weights]
    return "CompositeParamScheduler", {"schedulers": schedulers, "lengths": lengths, "interval_scaling": scalings}


calls = st.one_of(glides, steps, composites(st.one_of(glides, steps)), composites(composites(glides)))


def made(module: Any, wanted: Call) -> Any:
    """The scheduler of that call, in their library or in ours."""
    name, arguments = wanted
    arguments = {key: list(value) if isinstance(value, list) else value for key, value in arguments.items()}
    if "schedulers" in arguments:
        arguments["schedulers"] = [made(module, part) for part in arguments["schedulers"]]
    return getattr(module, name)(**arguments)


def difference(plan: an.Plan, expected: np.ndarray) -> float:
    """The largest difference, as a share of the largest value."""
    return float(np.abs(plan.values() - expected).max() / max(np.abs(expected).max(), 1e-300))


@given(wanted=calls, total=totals)
def test_every_update_of_the_run_agrees(wanted: Call, total: int) -> None:
    scheduler = made(theirs, wanted)
    plan = made(ours, wanted).over(total)
    expected = np.array([scheduler(t / total) for t in range(total)])

    assert difference(plan, expected) <= 1e-12, plan
    assert an.parse(str(plan)) == plan
    assert plan(total + 1) == plan(2 * total) == plan(total)  # theirs says nothing about what comes after; a plan stays


@given(wanted=st.one_of(glides, steps), total=totals)
def test_a_total_gives_the_plan_at_once(wanted: Call, total: int) -> None:
    name, arguments = wanted

    assert getattr(ours, name)(**arguments, total=total) == made(ours, wanted).over(total)


NAMES = [name for name in theirs.__all__ if name != "ParamScheduler"]


def test_every_scheduler_of_theirs_is_spoken() -> None:
    assert {row.removeprefix("fvcore.") for row in DIALECTS if row.startswith("fvcore.")} == set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_names_and_defaults_are_theirs(name: str) -> None:
    mine, given_by_them = (
        {p.name: p.default for p in inspect.signature(getattr(module, name)).parameters.values()} for module in (ours, theirs)
    )

    assert mine == given_by_them | {"total": None}


@pytest.mark.parametrize("name", NAMES)
def test_the_example_of_the_catalogue_is_read_from_text(name: str) -> None:
    plan = parse_any(DIALECTS[f"fvcore.{name}"].example)

    assert isinstance(plan, an.Plan)
    assert an.parse(str(plan)) == plan


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: ours.ExponentialParamScheduler(0.1, 0.0), "above 0"),
        (lambda: ours.PolynomialDecayParamScheduler(0.1, -1.0), "above 0"),
        (lambda: ours.MultiStepParamScheduler([0.1, 0.2]), "milestones="),
        (lambda: ours.MultiStepParamScheduler([0.1, 0.2], milestones=[3]), "one fewer"),
        (lambda: ours.MultiStepParamScheduler([0.1, 0.2, 0.3], 90, [60, 30]), "rising"),
        (lambda: ours.MultiStepParamScheduler([0.1, 0.2], 90, [90]), "rising"),
        (lambda: ours.StepParamScheduler(0, [0.1]), "above 0"),
        (lambda: ours.StepParamScheduler(10, []), "at least one"),
        (lambda: ours.StepWithFixedGammaParamScheduler(0.1, 3, 0.0, 10), "above 0"),
        (lambda: ours.CompositeParamScheduler([], [], []), "add up to 1"),
        (lambda: ours.CompositeParamScheduler([ours.ConstantParamScheduler(1)], [0.9], ["fixed"]), "add up to 1"),
        (lambda: ours.CompositeParamScheduler([ours.ConstantParamScheduler(1)], [1.0], ["scaled"]), "'rescaled'"),
        (lambda: ours.CompositeParamScheduler([an.hold()], [1.0], ["fixed"]), "without a total"),
        (lambda: ours.ConstantParamScheduler(0.1, total=0), "total"),
    ],
)
def test_what_cannot_be_is_refused(make: Any, said: str) -> None:
    with pytest.raises(an.AnnealingError, match=said):
        make()
