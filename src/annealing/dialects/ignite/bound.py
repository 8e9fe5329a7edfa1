"""What a schedule of theirs is bound to: a hyper-parameter, of every group or of one."""

from __future__ import annotations

import math

from annealing.core.errors import KindError
from annealing.core.plan import Plan
from annealing.core.recipe import Recipe, RecipePlan
from annealing.core.schedule import Schedule
from annealing.dialects.checks import count


def bound(
    schedule: Schedule, param_name: str, param_group_index: int | None = None, total: float = math.inf
) -> Plan | RecipePlan:
    """Return the plan of "lr", or the recipe plan of another hyper-parameter or of a single group, named by its index."""
    if not isinstance(param_name, str):
        raise KindError(f'param_name={param_name!r} is not the name of a hyper-parameter: write "lr" or "momentum".')
    if param_group_index is not None:
        return Recipe(groups={str(count("param_group_index", param_group_index)): {param_name: schedule}}).over(total)
    return schedule.over(total) if param_name == "lr" else Recipe({param_name: schedule}).over(total)
