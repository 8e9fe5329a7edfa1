"""The laws of a schedule: whoever makes one of their own can hold it against what all of ours keep."""

from __future__ import annotations

import copy
import math
import pickle
from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Any

import numpy as np

from annealing.core.composition import chain, lasting
from annealing.core.errors import AnnealingError, ArgumentError
from annealing.core.phases import hold as held
from annealing.core.plan import Plan
from annealing.core.recipe import Recipe, RecipePlan
from annealing.core.schedule import Schedule
from annealing.core.text import from_json, parse, to_json
from annealing.testing.laws import Complaints, Law, hold

_FAR = 1_000  # updates looked at in a run without an end
_MOST = 400  # updates looked at in a long run, besides those where a phase begins or ends
_ROUNDING = 1e-12
_SINGLE = 2e-6  # what is promised in float32


def check_schedule(
    subject: Any, *, total: int = 60, lowest: float = 0.0, libraries: Sequence[str] = ("numpy",)
) -> tuple[str, ...]:
    """Hold a schedule, a plan or a recipe against the laws of all schedules; return the laws that were checked.

    >>> import annealing as an
    >>> @an.register("docs.wobble")
    ... def wobble(t: float) -> float:
    ...     return 1 + 0.1 * (-1) ** int(t)
    >>> for law in check_schedule(an.formula("docs.wobble"), total=20)[:3]:
    ...     print(law)
    every value is a finite number, none below 0
    an update always has the same value, in whatever order it is asked
    an array of updates has the values that they have one by one

    Arguments: `subject`, a schedule, which is looked at over a run of `total` updates; a plan or anything with the face of
    one; a recipe, whose plans are looked at one by one; or the text of any. `lowest`, below which no value may be: 0 for a
    rate, `-inf` for what may be negative. `libraries`, of which arrays it is asked: "numpy", "torch", "jax".

    Raises `ConformanceError` with the law that is broken and where.
    """
    spoken = parse(subject) if isinstance(subject, str) else subject
    if isinstance(spoken, Recipe):
        spoken = spoken.over(total)
    if isinstance(spoken, RecipePlan):
        plans = dict.fromkeys(plan for _, pairs in (("*", spoken.everywhere), *spoken.groups) for _, plan in pairs)
        kept = [check_schedule(plan, lowest=-math.inf, libraries=libraries) for plan in plans]
        return tuple(dict.fromkeys([sentence for sentences in kept for sentence in sentences]))
    unknown = set(libraries) - {"numpy", "torch", "jax"}
    if unknown:
        raise ArgumentError(f'libraries={sorted(unknown)} are unknown: write some of "numpy", "torch", "jax".')
    plan: Any = spoken.over(total) if isinstance(spoken, Schedule) else spoken
    times = _times(plan)
    laws = [Law(f"every value is a finite number, none below {lowest:g}", _finite(lowest)), *_ALWAYS]
    if "numpy" in libraries:
        laws[2:2] = [Law("an array of updates has the values that they have one by one", _arrays)]
    if math.isfinite(plan.total) and plan.after == "hold":
        laws.append(Law("after its end a plan holds its last value", _after))
        laws.append(Law("a branch never rewrites the past", _past))
    if math.isfinite(plan.total) and plan.after == "hold" and not plan.endpoint:
        laws.append(Law("a run stretched to twice its length has the same value at twice the time", _stretched))
    laws += [Law(f"it has the same values in {library}", _in_library(library)) for library in libraries if library != "numpy"]
    if isinstance(plan, Plan):
        laws.append(Law("its JSON is the plan", _json))
    if isinstance(spoken, Schedule):
        laws.append(Law("a phase of n covers the updates 0 to n - 1, wherever it stands", _half_open(spoken)))
    return hold(plan, laws, plan, times)


def _times(plan: Any) -> list[int]:
    """Updates to look at: all of a short run; of a long one some, and those on both sides of every keyframe."""
    end = math.ceil(min(plan.total, 2**31)) if math.isfinite(plan.total) else _FAR
    if end <= _MOST:
        return list(range(end + 1))
    edges = {int(t) + step for t, _ in plan.keyframes()[:_MOST] for step in (-1, 0, 1) if t < end}
    spread = {int(t) for t in np.linspace(0, end, _MOST)}
    return sorted(t for t in edges | spread if 0 <= t <= end)


def _finite(lowest: float) -> Callable[..., Complaints]:
    def complaints(plan: Any, times: Sequence[int]) -> Complaints:
        for t in times:
            value: Any = plan(t)
            if not isinstance(value, (int, float)) or not math.isfinite(value):
                yield f"update {t} has {value}"
            elif value < lowest:
                yield f"update {t} has {value:g}"

    return complaints


def _pure(plan: Any, times: Sequence[int]) -> Complaints:
    once = {t: plan(t) for t in times}
    for t in (*reversed(times), *times[::3]):
        again = plan(t)
        if again != once[t]:
            yield f"update {t} had {once[t]!r}, and {again!r} when it was asked again"


def _arrays(plan: Any, times: Sequence[int]) -> Complaints:
    expected = np.array([plan(t) for t in times])
    room = _ROUNDING * _peak(expected)
    for kind in (np.int64, np.int32, np.float64):
        found: Any = plan(np.array(times, kind))
        if getattr(found, "shape", None) != expected.shape:
            yield f"{len(times)} updates as {kind.__name__} give {found!r:.60}"
        if found.dtype != np.float64:
            yield f"an array of {kind.__name__} gives {found.dtype}, not float64"
        yield from _differences(times, found, expected, room, f"in an array of {kind.__name__}")
    if plan(np.array([times[:2], times[-2:]])).shape != (2, len(times[:2])):
        yield "it does not keep the shape of an array"
    if plan(np.array([], np.int64)).shape != (0,):
        yield "it has no values for no updates"


def _whole_floats(plan: Any, times: Sequence[int]) -> Complaints:
    for t in times:
        if plan(float(t)) != plan(t):
            yield f"update {t} has {plan(t)!r}, and {plan(float(t))!r} as a float"


def _before(plan: Any, times: Sequence[int]) -> Complaints:
    if plan(-1) != plan(0):
        yield f"before the run it has {plan(-1)!r}, and the first update has {plan(0)!r}"


def _after(plan: Any, times: Sequence[int]) -> Complaints:
    for later in (plan.total + 1, 10 * plan.total):
        if plan(later) != plan(plan.total):
            yield f"it ends at {plan(plan.total)!r}, and has {plan(later)!r} at {later:g}"


def _text(plan: Any, times: Sequence[int]) -> Complaints:
    again: Any = parse(str(plan))
    if again != plan:
        yield f"its text reads back as {again}"
    yield from _same(plan, again, times, "read from its text")


def _json(plan: Any, times: Sequence[int]) -> Complaints:
    again: Any = from_json(to_json(plan))
    if again != plan:
        yield f"its JSON reads back as {again}"
    yield from _same(plan, again, times, "read from JSON")


def _equality(plan: Any, times: Sequence[int]) -> Complaints:
    again: Any = copy.deepcopy(plan)
    if again != plan:
        yield "it differs from a copy of itself"
    if hash(again) != hash(plan):
        yield "a copy of it has another hash"
    if plan == 2 * plan and any(plan(t) for t in times):
        yield "it equals twice itself"


def _copies(plan: Any, times: Sequence[int]) -> Complaints:
    again: Any = pickle.loads(pickle.dumps(plan))  # noqa: S301 - of our own making
    if again != plan:
        yield "a pickle of it comes back as another one"
    yield from _same(plan, again, times, "unpickled")


def _frozen(plan: Any, times: Sequence[int]) -> Complaints:
    for name in ("schedule", "total", "journal"):
        before = getattr(plan, name)
        try:
            setattr(plan, name, before)
        except (AttributeError, TypeError):
            continue
        yield f"its {name} can be set"


def _scaled(plan: Any, times: Sequence[int]) -> Complaints:
    thrice: Any = 3 * plan
    expected = 3 * np.array([plan(t) for t in times])
    found = np.array([thrice(t) for t in times])
    yield from _differences(times, found, expected, _ROUNDING * _peak(expected), "times 3")


def _resumed(plan: Any, times: Sequence[int]) -> Complaints:
    for k in times[:: max(1, len(times) // 3)]:
        rest = [t for t in times if t >= k][:50]
        yield from _same(plan, parse(str(plan)), rest, f"of a run that goes on at {k}")


def _past(plan: Any, times: Sequence[int]) -> Complaints:
    for k in (plan.total // 3, plan.total - 1):
        if k >= 0 and k == int(k) and plan(k) != 0:
            yield from _same(plan, plan.branch(int(k), held()), [t for t in times if t < k], f"of a run that branches at {k:g}")


def _stretched(plan: Any, times: Sequence[int]) -> Complaints:
    if plan.total < 1 or plan.total != int(plan.total):
        return
    twice = plan.stretch(2 * int(plan.total))
    expected = np.array([plan(t) for t in times])
    found = np.array([twice(2 * t) for t in times])
    yield from _differences(times, found, expected, 1e-9 * _peak(expected), "at twice the time")


def _half_open(schedule: Schedule) -> Callable[..., Complaints]:
    def complaints(plan: Any, times: Sequence[int]) -> Complaints:
        n = int(plan.total)
        try:
            joined = chain(lasting(schedule, n), held()).over(n + 3)
        except AnnealingError as error:
            yield f"as a phase it is refused: {error}"
            return
        expected, found = (np.array([one(t) for t in range(n)]) for one in (plan, joined))
        yield from _differences(range(n), found, expected, _ROUNDING * _peak(expected), "as a phase of a chain")
        if joined(n) != joined(n + 2):
            yield f"the phase after it begins at {n} with {joined(n)!r}, and goes on with {joined(n + 2)!r}"

    return complaints


def _in_library(library: str) -> Callable[..., Complaints]:
    def complaints(plan: Any, times: Sequence[int]) -> Complaints:
        np_like: Any = import_module("jax.numpy" if library == "jax" else library)
        few = [t for t in times if t < 2**31][:: max(1, len(times) // 60)]
        given = np_like.asarray(few)
        found = plan(given)
        if type(found) is not type(given):
            yield f"an array of {library} gives {type(found).__name__}"
        expected = np.array([plan(t) for t in few])
        room = (_ROUNDING if "64" in str(found.dtype) else _SINGLE) * _peak(expected)
        yield from _differences(few, np.asarray(found, np.float64), expected, room, f"in {library}")

    return complaints


def _same(plan: Any, other: Any, times: Sequence[int], where: str) -> Complaints:
    for t in times:
        if other(t) != plan(t):
            yield f"update {t} has {plan(t)!r}, and {other(t)!r} {where}"


def _differences(times: Sequence[int], found: Any, expected: Any, room: float, where: str) -> Complaints:
    wrong = np.flatnonzero(~(np.abs(np.asarray(found) - expected) <= room))
    if wrong.size:
        at = int(wrong[0])
        yield f"update {times[at]} has {expected[at]!r}, and {found[at]!r} {where}"


def _peak(values: Any) -> float:
    return float(np.max(np.abs(values), initial=0.0))


_ALWAYS = (
    Law("an update always has the same value, in whatever order it is asked", _pure),
    Law("a whole float is the whole number that it equals", _whole_floats),
    Law("before the run it holds its first value", _before),
    Law("its text is the plan", _text),
    Law("equal plans are equal, and hash alike", _equality),
    Law("copies and pickles are the plan", _copies),
    Law("a plan cannot be changed", _frozen),
    Law("k times a plan has k times its values", _scaled),
    Law("a run that goes on anywhere uses what it would have used", _resumed),
)
