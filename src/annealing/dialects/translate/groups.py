"""From what each parameter group gets to one plan, or to a recipe plan where groups or hyper-parameters differ."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from annealing.core.errors import ArgumentError, KindError
from annealing.core.plan import Plan
from annealing.core.recipe import RecipePlan
from annealing.dialects.sequence import endless, opening

Moves = Mapping[str, Plan]
"""The plan of each hyper-parameter that a scheduler moves in one group."""


def moves_of(plan: Plan | RecipePlan, momentum: str = "momentum") -> dict[str, Plan]:
    """Return what a plan moves, where "momentum" may have another name."""
    if isinstance(plan, Plan):
        return {"lr": plan}
    return {momentum if name == "momentum" else name: one for name, one in plan.everywhere}


def together(moves: Sequence[Moves], groups: Sequence[Mapping[str, Any]]) -> Plan | RecipePlan:
    """Join what each group gets; `groups` are the optimizer's, whose names the recipe plan uses.

    >>> import annealing as an
    >>> together([{"lr": an.linear().over(9)}, {"lr": an.linear().over(9)}], [{}, {}])
    linear().over(9)
    >>> together([{"lr": an.linear().over(9)}, {"lr": an.cosine().over(9)}], [{}, {"name": "head"}])
    Recipe(groups={"0": {"lr": linear()}, "head": {"lr": cosine()}}).over(9)
    """
    if len(moves) != len(groups):
        raise ArgumentError(
            f"the optimizer has {len(groups)} parameter groups and the scheduler knows {len(moves)}: a group was added after it "
            "was made, and its next step fails: make the scheduler again."
        )
    rows = _over_one_run(moves)
    names = sorted(rows[0], key=str.isidentifier)  # as text has them: "betas[0]", which is no word of Python, comes first
    same = {name: rows[0][name] for name in names if all(row.get(name) == rows[0][name] for row in rows)}
    if all(len(row) == len(same) for row in rows):
        return same["lr"] if same.keys() == {"lr"} else RecipePlan(tuple(same.items()))
    own = [{name: plan for name, plan in row.items() if name not in same} for row in rows]
    named: dict[str, Moves] = {}
    for row, (group, plans) in enumerate(zip(groups, own, strict=True)):
        name = str(group.get("name") or row)  # as annealing.torch knows them
        if named.setdefault(name, plans) != plans:
            raise ArgumentError(f"two parameter groups are named {name!r} and have different rates: give each a name of its own.")
    return RecipePlan(tuple(same.items()), tuple((_exactly(name), tuple(plans.items())) for name, plans in named.items()))


def _exactly(name: str) -> str:
    """The pattern that matches this name and no other."""
    return "".join(f"[{letter}]" if letter in "*?[" else letter for letter in name)


def _over_one_run(moves: Sequence[Moves]) -> list[dict[str, Plan]]:
    longest = max(plan.total for plan in _plans(moves))
    return [{name: plan if plan.total == longest else _until(longest, plan) for name, plan in row.items()} for row in moves]


def _plans(moves: Iterable[Moves]) -> list[Plan]:
    return [plan for row in moves for plan in row.values()]


def _until(total: float, plan: Plan) -> Plan:
    if plan.after == "continue":
        raise KindError(
            f"{plan} goes on past its end beside a group that is not done by then: translate a scheduler of one group at a time."
        )
    return endless(plan).over(math.inf) if math.isinf(total) else opening(plan, int(total)).over(total)
