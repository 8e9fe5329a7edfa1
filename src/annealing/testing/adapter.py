"""The laws of an adapter: every update uses plan(t), also after a checkpoint of any update, loaded in any order."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Mapping, Sequence
from itertools import permutations
from typing import Any, Protocol

from annealing.core.composition import chain
from annealing.core.errors import ConformanceError
from annealing.core.phases import cosine, warmup
from annealing.core.plan import Plan
from annealing.testing.laws import Complaints, Law, hold

_PLAN = (0.5 * chain(warmup(3), cosine(to=0.1))).over(11)


class Run(Protocol):
    """A training under way whose rates follow a plan: what an adapter has to offer to be checked."""

    def train(self, updates: int) -> Sequence[float]:
        """Make so many updates; return the rate that each of them really used, told by what it did to a weight."""
        ...

    def save(self) -> Mapping[str, Any]:
        """Return the parts of a checkpoint by name, such as "optimizer" and "scheduler"."""
        ...

    def load(self, part: str, saved: Any) -> None:
        """Load one part of a checkpoint; the parts come one by one, in every order."""
        ...


def check_adapter(make: Callable[[Plan], Run], *, plan: Plan | None = None, precision: float = 1e-12) -> tuple[str, ...]:
    """Hold what makes optimizers follow plans against the laws of all adapters; return the laws that were checked.

    >>> class Loop:
    ...     def __init__(self, plan):
    ...         self.plan, self.update = plan, 0
    ...     def train(self, updates):
    ...         used = [self.plan(self.update + i) for i in range(updates)]  # yours: what moved a weight
    ...         self.update += updates
    ...         return used
    ...     def save(self):
    ...         return {"clock": self.update}
    ...     def load(self, part, saved):
    ...         self.update = saved
    >>> for law in check_adapter(Loop)[:2]:
    ...     print(law)
    every update uses plan(t)
    it makes no difference in how many calls the updates are made

    Arguments: `make`, a function of a plan that returns a fresh `Run` at update 0; it is called many times, so the model
    should be tiny. `plan`, by default a warm-up and a cosine of 11 updates; no two of its updates may share a value, or an
    adapter that is one update off could not be told. `precision`, of the rates, as a share of the peak: 1e-12, or 2e-6 where
    they are kept in float32.

    Raises `ConformanceError` with the law that is broken, the update, and which update's rate it used instead.
    """
    asked = _PLAN if plan is None else plan
    total = int(asked.total)
    values: list[float] = [asked(t) for t in range(total)]
    room = precision * max(abs(value) for value in values)
    apart = min((abs(a - b) for at, a in enumerate(values) for b in values[:at]), default=0.0)
    if total < 3 or apart <= 4 * room:
        raise ConformanceError(f"{asked} cannot tell its updates apart to {precision:g} of its peak: pass a plan that varies.")
    judge = _Judge(asked, room)
    laws = [
        Law("every update uses plan(t)", _every),
        Law("it makes no difference in how many calls the updates are made", _pieces),
        Law("after the end of the plan its last value is used", _after),
        Law("two runs do not disturb each other", _two),
        Law("saving changes nothing", _saving),
        Law("a checkpoint is what a run goes on from: one that loads nothing begins at update 0", _control),
        Law("a run goes on from a checkpoint of any update, whose parts are loaded in any order", _resumed),
        Law("a checkpoint can be loaded into a run that has trained already", _overwritten),
    ]
    return hold(getattr(make, "__qualname__", make), laws, make, judge)


class _Judge:
    """Compares used rates with those of the plan, and says which update's they are instead."""

    def __init__(self, plan: Plan, room: float) -> None:
        self.plan, self.room, self.total = plan, room, int(plan.total)

    def __call__(self, used: Sequence[float], first: int, updates: int, when: str) -> Complaints:
        rates = [float(rate) for rate in used]
        if len(rates) != updates:
            yield f"{when}, train({updates}) returns {len(rates)} rates"
        for t, rate in enumerate(rates, start=first):
            if not abs(rate - self.plan(t)) <= self.room:
                yield f"{when}, update {t} used {rate:g} and plan({t}) is {self.plan(t):g}{self._instead(rate, t)}"

    def _instead(self, rate: float, t: int) -> str:
        other = next((s for s in range(self.total) if abs(rate - self.plan(s)) <= self.room), None)
        if other is None:
            return ""
        return f", which is plan({other}): it is {abs(t - other)} {'behind' if other < t else 'ahead'}"


def _every(make: Callable[[Plan], Run], judge: _Judge) -> Complaints:
    yield from judge(make(judge.plan).train(judge.total), 0, judge.total, "from the start")


def _pieces(make: Callable[[Plan], Run], judge: _Judge) -> Complaints:
    run, t = make(judge.plan), 0
    for updates in (0, 1, 2, 0, judge.total - 3):
        yield from judge(run.train(updates), t, updates, f"in pieces of which one begins at {t}")
        t += updates


def _after(make: Callable[[Plan], Run], judge: _Judge) -> Complaints:
    run = make(judge.plan)
    run.train(judge.total)
    yield from judge(run.train(2), judge.total, 2, "past the end")


def _two(make: Callable[[Plan], Run], judge: _Judge) -> Complaints:
    one, other = make(judge.plan), make(judge.plan)
    one.train(2)
    yield from judge(other.train(1), 0, 1, "beside another run")
    yield from judge(one.train(1), 2, 1, "beside another run")


def _saving(make: Callable[[Plan], Run], judge: _Judge) -> Complaints:
    run = make(judge.plan)
    for t in range(judge.total):
        run.save()
        yield from judge(run.train(1), t, 1, "saved before every update")


def _control(make: Callable[[Plan], Run], judge: _Judge) -> Complaints:
    _saved(make, judge, 2)
    fresh = make(judge.plan)
    yield from judge(fresh.train(1), 0, 1, "after another run was saved at update 2, with nothing loaded")


def _resumed(make: Callable[[Plan], Run], judge: _Judge) -> Complaints:
    for k in range(judge.total):
        saved = _saved(make, judge, k)
        if not saved:
            yield "save() returns no parts"
        for order in permutations(saved):
            run = make(judge.plan)
            for part in order:
                run.load(part, _apart(saved)[part])
            rest = judge.total - k
            yield from judge(run.train(rest), k, rest, f"resumed at {k} by loading {', then '.join(order)}")


def _overwritten(make: Callable[[Plan], Run], judge: _Judge) -> Complaints:
    for k, trained in ((0, 2), (1, 3), (judge.total - 1, 1)):
        saved = _saved(make, judge, k)
        for order in permutations(saved):
            run = make(judge.plan)
            run.train(trained)
            for part in order:
                run.load(part, _apart(saved)[part])
            yield from judge(run.train(1), k, 1, f"resumed at {k} by a run that had made {trained}, {', then '.join(order)}")


def _saved(make: Callable[[Plan], Run], judge: _Judge, updates: int) -> Mapping[str, Any]:
    run = make(judge.plan)
    run.train(updates)
    return _apart(run.save())


def _apart(saved: Mapping[str, Any]) -> Mapping[str, Any]:
    """A checkpoint as it comes back from a disk: nothing in it is shared with the run any more."""
    return pickle.loads(pickle.dumps(dict(saved)))  # noqa: S301 - of our own making
