"""check_schedule: all of ours pass, and each way of being no schedule is caught with a sentence of its own."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

import annealing as an
from annealing import dialects
from annealing.testing import ConformanceError, check_schedule
from tests.conftest import require

FAMILIES = [
    "constant", "hold()", "cosine(to=0.1)", "linear()", "polynomial(power=2)", "exponential(to=0.01)", "geometric(0.9)",
    "power(0.5, per=7)", "inverse_time(0.5)", "wsd", "onecycle", "trapezoid", "sgdr(times=3)", "step(10, 0.5)",
    "triangular(times=2)", "inverse_sqrt(5)", "3e-4 * chain(warmup(7), hold, cooldown(20%))",
    "chain(warmup(10%), jump(0.5), linear())", "stairs({'50%': 0.1})", "table({'0%': 1, '50%': 0.2, '100%': 0})",
    "knots({0: 0.1, 10: 1, 60: 0})", "repeat(chain(warmup(2), cosine()), times=4, growth=2)", "cosine().clip(low=0.25)",
    "(10 * cosine()).rounded(2)", "cosine().every(7)", "minimum(cosine(), 0.5 * hold())",
    "chain(warmup(7), cosine()) * stairs({'50%': 0.5})",
]  # fmt: skip


@pytest.mark.parametrize("text", FAMILIES)
def test_our_schedules_pass(text: str) -> None:
    assert len(check_schedule(text)) == 16


@pytest.mark.parametrize("library", ["torch", pytest.param("jax", marks=pytest.mark.slow)])
def test_they_pass_in_other_libraries(library: str) -> None:
    require(library)

    assert len(check_schedule("chain(warmup(7), hold, cooldown(20%))", libraries=("numpy", library))) == 17


def test_plans_that_were_edited_pass() -> None:
    plan = (0.5 * an.chain(an.warmup(7), an.hold())).over(60)

    check_schedule(plan.branch(at=30, tail=an.cooldown(), total=50).stretch(100))
    check_schedule(plan.branch(at=30, tail=an.cooldown()) * 2)
    check_schedule((0.5 * an.inverse_sqrt(5)).over(an.inf))
    check_schedule(an.linear().over(60, endpoint=True))


@pytest.mark.parametrize("row", [row for row in dialects.everything() if row.example], ids=lambda row: row.name)
def test_what_the_dialects_say_passes(row: dialects.Dialect) -> None:
    assert len(check_schedule(dialects.parse(row.example), lowest=-math.inf)) >= 10


class Double:
    """A plan in all but one thing."""

    def __init__(self, plan: an.Plan) -> None:
        vars(self)["plan"] = plan

    def __getattr__(self, name: str) -> Any:
        return getattr(vars(self)["plan"], name)

    def __setattr__(self, name: str, value: Any) -> None:
        raise AttributeError(name)

    def __call__(self, t: Any) -> Any:
        return self.plan(t)

    def __eq__(self, other: object) -> bool:
        return self.plan == getattr(other, "plan", other)

    def __hash__(self) -> int:
        return hash(self.plan)

    def __str__(self) -> str:
        return str(self.plan)

    def __mul__(self, k: float) -> Any:
        return self.plan * k

    __rmul__ = __mul__

    def __getstate__(self) -> dict[str, Any]:
        return {"plan": self.plan}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)


PLAN = (0.5 * an.chain(an.warmup(7), an.cosine(to=0.1))).over(60)


def test_the_double_passes_while_nothing_is_broken() -> None:
    assert len(check_schedule(Double(PLAN))) == 14


class Nan(Double):
    def __call__(self, t: Any) -> Any:
        return self.plan(t) if np.ndim(t) or t != 40 else math.nan


class Negative(Double):
    def __call__(self, t: Any) -> Any:
        return self.plan(t) - 0.2


class Remembers(Double):
    def __call__(self, t: Any) -> Any:
        vars(self)["calls"] = vars(self).get("calls", 0) + 1
        return self.plan(t) * (1 + 1e-9 * vars(self)["calls"])


class OtherArrays(Double):
    def __call__(self, t: Any) -> Any:
        return self.plan(t) if np.ndim(t) == 0 else self.plan(t - 1)


class SingleArrays(Double):
    def __call__(self, t: Any) -> Any:
        return self.plan(t) if np.ndim(t) == 0 else self.plan(t).astype(np.float32)


class FlatArrays(Double):
    def __call__(self, t: Any) -> Any:
        return self.plan(t) if np.ndim(t) == 0 else self.plan(np.ravel(t))


class OtherFloats(Double):
    def __call__(self, t: Any) -> Any:
        return self.plan(t + 1) if isinstance(t, float) else self.plan(t)


class Early(Double):
    def __call__(self, t: Any) -> Any:
        return self.plan(t) if np.ndim(t) or t >= 0 else 0.0


class Falls(Double):
    def __call__(self, t: Any) -> Any:
        return self.plan(t) if np.ndim(t) or t <= 60 else 0.0


class OtherText(Double):
    def __str__(self) -> str:
        return str(2 * self.plan)


class NoText(Double):
    def __str__(self) -> str:
        return "<plan>"


class Alone(Double):
    def __eq__(self, other: object) -> bool:
        return self is other or isinstance(other, an.Plan)

    __hash__ = Double.__hash__


class OtherHash(Double):
    def __hash__(self) -> int:
        return id(self)


class EqualsAll(Double):
    def __eq__(self, other: object) -> bool:
        return True

    __hash__ = Double.__hash__


class OtherPickle(Double):
    def __getstate__(self) -> dict[str, Any]:
        return {"plan": 2 * self.plan}

    def __deepcopy__(self, memo: object) -> Double:
        return self


class Open(Double):
    def __setattr__(self, name: str, value: Any) -> None:
        vars(self)[name] = value


class OtherScale(Double):
    def __mul__(self, k: float) -> Any:
        return self.plan * k**2

    __rmul__ = __mul__


class Rewrites(Double):
    def branch(self, at: int, tail: an.Schedule) -> Any:
        return (2 * self.plan).branch(at, tail)


class Shifts(Double):
    def stretch(self, total: int) -> Any:
        return self.plan.stretch(total + 20)


BROKEN = [
    (Nan, "every value is a finite number, none below 0: update 40 has nan"),
    (Negative, "none below 0: update 0 has -0.1375"),
    (Remembers, "always has the same value, in whatever order it is asked: update 60 had"),
    (OtherArrays, "an array of updates has the values that they have one by one: update 1 has"),
    (SingleArrays, "an array of int64 gives float32, not float64"),
    (FlatArrays, "does not keep the shape of an array"),
    (OtherFloats, "a whole float is the whole number that it equals: update 0"),
    (Early, "before the run it holds its first value: before the run it has 0.0"),
    (Falls, "after its end a plan holds its last value: it ends at 0.05"),
    (OtherText, "its text is the plan: its text reads back as 2 *|its text is the plan: its text reads back as"),
    (NoText, "its text is the plan: it raises ParseError"),
    (Alone, "equal plans are equal, and hash alike: it differs from a copy of itself"),
    (OtherHash, "equal plans are equal, and hash alike: a copy of it has another hash"),
    (EqualsAll, "equal plans are equal, and hash alike: it equals twice itself"),
    (OtherPickle, "copies and pickles are the plan: a pickle of it comes back as another one"),
    (Open, "a plan cannot be changed: its schedule can be set"),
    (OtherScale, "k times a plan has k times its values: update 0"),
    (Rewrites, "a branch never rewrites the past: update 0"),
    (Shifts, "a run stretched to twice its length has the same value at twice the time: update"),
]


@pytest.mark.parametrize(("kind", "sentence"), BROKEN, ids=[kind.__name__ for kind, _ in BROKEN])
def test_a_plan_that_breaks_one_law_is_caught_by_that_law(kind: type[Double], sentence: str) -> None:
    with pytest.raises(ConformanceError) as caught:
        check_schedule(kind(PLAN))

    assert any(part in str(caught.value) for part in sentence.split("|")), caught.value


def test_every_law_of_a_plan_is_broken_by_one_of_them() -> None:
    """Only that a resumed run uses the same values is not: it follows from the text and from being pure."""
    laws = set(check_schedule(Double(PLAN)))

    unbroken = {law for law in laws if not any(law.partition(":")[0] in _caught(kind) for kind, _ in BROKEN)}

    assert unbroken == {"a run that goes on anywhere uses what it would have used"}


def _caught(kind: type[Double]) -> str:
    with pytest.raises(ConformanceError) as caught:
        check_schedule(kind(PLAN))
    return str(caught.value)


@an.register("tests.counts")
def counts(t: float, calls: list[int] = []) -> float:  # noqa: B006 - it remembers, which is what is wrong with it
    calls.append(1)
    return 1.0 / len(calls)


@an.register("tests.dips")
def dips(t: float) -> float:
    return 1.0 - t / 30


@an.register("tests.two_faced", arrays=True)
def two_faced(xp: Any, t: Any) -> Any:
    return xp.where(t > 3, 1.0, 0.5) if hasattr(t, "shape") else 1.0


def test_a_formula_of_ones_own_is_held_against_them() -> None:
    for name, sentence in [
        ("tests.counts", "always has the same value"),
        ("tests.dips", "none below 0: update 31 has"),
        ("tests.two_faced", "an array of updates has the values"),
    ]:
        with pytest.raises(ConformanceError, match=sentence):
            check_schedule(an.formula(name))


def test_a_library_that_is_unknown_is_refused() -> None:
    with pytest.raises(ValueError, match="tensorflow"):
        check_schedule("cosine", libraries=("tensorflow",))
