"""Which schedule moves which hyper-parameter of which parameter group."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any, final

from annealing.core.checks import number
from annealing.core.errors import ArgumentError, KindError, LengthError
from annealing.core.families import constant
from annealing.core.horizon import Horizon
from annealing.core.plan import Plan
from annealing.core.schedule import Schedule

_NAME = re.compile(r"[A-Za-z_]\w*(\[\d+\])?")

Schedules = tuple[tuple[str, Schedule], ...]
Plans = tuple[tuple[str, Plan], ...]


@final
@dataclass(frozen=True, init=False, repr=False)
class Recipe:
    """Schedules for hyper-parameters, for every group or for those whose name matches a pattern.

    Every pattern that matches a group applies, in the order written; per hyper-parameter the last one wins,
    so "a lower rate for the first layers" and "no decay on biases" are two lines.

    >>> import annealing as an
    >>> lr = 3e-4 * an.chain(an.warmup(100), an.cosine())
    >>> recipe = an.Recipe(
    ...     lr=lr, weight_decay=0.1, groups={"layer.0.*": {"lr": 0.8 * lr}, "*.bias": {"weight_decay": 0.0}}
    ... )
    >>> sorted(recipe.over(1_000).plans_for("layer.0.bias").items())
    [('lr', (0.8 * (3e-4 * chain(warmup(100), cosine()))).over(1000)), ('weight_decay', (0 * hold()).over(1000))]

    Arguments: hyper-parameters by name, each a schedule or a number that stays; names that are no Python
    words in a mapping first (`Recipe({"betas[0]": 0.9})`); `groups`, {pattern: {name: schedule}} with `*` and `?`.
    Raises `KindError` or `ArgumentError` for anything else.
    """

    everywhere: Schedules
    groups: tuple[tuple[str, Schedules], ...]

    def __init__(
        self,
        named: Mapping[str, Schedule | float] | None = None,
        /,
        *,
        groups: Mapping[str, Mapping[str, Schedule | float]] | None = None,
        **hyper: Schedule | float,
    ) -> None:
        for what, given in (("Recipe", named), ("groups=", groups)):
            if given is not None and not isinstance(given, Mapping):
                raise KindError(f'{what}{given!r} is no mapping: write {{"lr": 3e-4 * cosine()}}, and groups={{pattern: {{…}}}}.')
        object.__setattr__(self, "everywhere", _schedules({**(named or {}), **hyper}, "every group"))
        object.__setattr__(self, "groups", tuple((str(p), _schedules(h, f"groups[{p!r}]")) for p, h in (groups or {}).items()))
        if not self.everywhere and not any(schedules for _, schedules in self.groups):
            raise ArgumentError("Recipe() is empty: write Recipe(lr=3e-4 * cosine()).")

    def over(
        self, total: Horizon | float | None = None, *, unit: str = "updates", endpoint: bool = False, after: str = "hold"
    ) -> RecipePlan:
        """Settle every schedule for one run; the arguments are those of `Schedule.over`.

        >>> import annealing as an
        >>> an.Recipe(lr=an.cosine(), momentum=0.95 - 0.1 * an.cosine()).over(10)(0)
        {'*': {'lr': 1.0, 'momentum': 0.85}}
        """

        def plans(schedules: Schedules) -> Plans:
            return tuple((name, _over(name, s, total, unit, endpoint, after)) for name, s in schedules)

        return RecipePlan(plans(self.everywhere), tuple((p, plans(s)) for p, s in self.groups))

    def __str__(self) -> str:
        from annealing.core.text import write

        return write(self)

    __repr__ = __str__


def _over(name: str, schedule: Schedule, total: Any, unit: str, endpoint: bool, after: str) -> Plan:
    try:
        return schedule.over(total, unit=unit, endpoint=endpoint, after=after)
    except LengthError as error:
        raise LengthError(f"{name}: {error}") from None


@final
@dataclass(frozen=True, repr=False)
class RecipePlan:
    """A recipe over a known run: one plan per hyper-parameter and pattern.

    >>> import annealing as an
    >>> plan = an.Recipe(lr=an.linear(), groups={"head": {"lr": 2 * an.linear()}}).over(4)
    >>> plan(2)
    {'*': {'lr': 0.5}, 'head': {'lr': 1.0}}
    """

    everywhere: Plans
    groups: tuple[tuple[str, Plans], ...] = ()

    def __post_init__(self) -> None:
        if not self._all():
            raise ArgumentError("RecipePlan() is empty: write Recipe(lr=3e-4 * cosine()).over(1000).")
        runs = {(plan.total, plan.unit) for _, plan in self._all()}
        if len(runs) > 1:
            raise LengthError(f"the plans of a recipe must cover one run, not {len(runs)}: {sorted(runs)}.")

    def _all(self) -> Plans:
        return self.everywhere + tuple(pair for _, plans in self.groups for pair in plans)

    @property
    def total(self) -> float:
        """The run's length, shared by all plans."""
        return self._all()[0][1].total

    @property
    def unit(self) -> str:
        """What the plans count in."""
        return self._all()[0][1].unit

    def plans_for(self, group: str) -> dict[str, Plan]:
        """Return the plan of each hyper-parameter for a group of this name."""
        chosen = dict(self.everywhere)
        for pattern, plans in self.groups:
            if fnmatchcase(group, pattern):
                chosen |= dict(plans)
        return chosen

    def __call__(self, t: Any) -> dict[str, dict[str, Any]]:
        """Return every value at update `t`, by pattern ("*" for every group) and hyper-parameter."""
        rows = ((("*", self.everywhere),) if self.everywhere else ()) + self.groups
        return {pattern: {name: plan(t) for name, plan in plans} for pattern, plans in rows}

    @property
    def recipe(self) -> Recipe:
        """The recipe this was made from."""
        return Recipe(
            {name: plan.schedule for name, plan in self.everywhere},
            groups={pattern: {name: plan.schedule for name, plan in plans} for pattern, plans in self.groups},
        )

    def __str__(self) -> str:
        from annealing.core.text import write

        return write(self)

    __repr__ = __str__


def _schedules(given: Mapping[str, Schedule | float], where: str) -> Schedules:
    if not isinstance(given, Mapping):
        raise KindError(f'{where} is {given!r}: write a mapping such as {{"lr": 3e-4 * cosine()}}.')
    pairs: list[tuple[str, Schedule]] = []
    for name, value in given.items():
        if not isinstance(name, str) or _NAME.fullmatch(name) is None:
            raise ArgumentError(f'{name!r} is not a hyper-parameter: write a name such as "lr", "momentum" or "betas[0]".')
        if isinstance(value, Plan):
            raise KindError(
                f"{name}={value} is a plan already: give the recipe its schedule, and call .over(total) on the recipe."
            )
        if isinstance(value, (tuple, list)):
            raise KindError(f'{name}={value!r} is more than one number: schedule one of them, such as "{name}[0]".')
        pairs.append((name, value if isinstance(value, Schedule) else constant(number(name, value))))
    return tuple(pairs)
