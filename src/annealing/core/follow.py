"""What an adapter asks of a plan before it follows it, and of a saved plan before it goes on with another one."""

from __future__ import annotations

from typing import TypeAlias

from annealing.core.check_rate import check_rate
from annealing.core.errors import ArgumentError, KindError, ParseError, PlanMismatchError
from annealing.core.journal import Branch
from annealing.core.plan import Plan
from annealing.core.recipe import Plans, Recipe, RecipePlan
from annealing.core.schedule import Schedule
from annealing.core.text import parse

Followed: TypeAlias = Plan | RecipePlan
"""What a run follows: a plan of one hyper-parameter, or a recipe over a known run."""


def followed(value: object) -> Followed:
    """Return a plan or a recipe plan from itself or its text, after checking that an optimizer can use its values.

    >>> followed("(0.1 * cosine()).over(10)")
    (0.1 * cosine()).over(10)

    Raises `KindError` for what has no length yet or is no plan, `ArgumentError` for a plan that does not count updates and
    for values below zero, NaN or infinite.
    """
    plan = parse(value) if isinstance(value, str) else value
    if isinstance(plan, (Schedule, Recipe)):
        raise KindError(f"{plan} has no length yet: say how many updates the run has, .over(10_000).")
    if not isinstance(plan, (Plan, RecipePlan)):
        raise KindError(f"{plan!r} is not a plan: write one such as (3e-4 * cosine()).over(10_000).")
    if plan.unit != "updates":
        raise ArgumentError(
            f"the plan counts {plan.unit} and an optimizer counts updates: write .over(total) with the number of updates, "
            "or .over(Horizon.of(loader, epochs=...))."
        )
    for name, one in dict.fromkeys(_named(plan)):
        check_rate(one, name)
    return plan


def check_goes_on(saved: str, mine: Followed, update: int) -> None:
    """Refuse to go on with a plan that would rewrite the past of a run which followed another one up to `update`.

    The same plan goes on, and so does one that was branched since, at an update which is still to come.

    >>> import annealing as an
    >>> plan = an.hold().over(100)
    >>> check_goes_on(str(plan), plan.branch(60, an.cooldown()), update=50)

    Raises `PlanMismatchError` with both texts.
    """
    if saved == str(mine):
        return
    try:
        before = parse(saved)
    except ParseError:  # a formula that is registered elsewhere
        before = None
    if not (isinstance(before, (Plan, RecipePlan)) and _continues(before, mine, update)):
        raise PlanMismatchError(
            f"the saved state followed {saved} up to update {update}, and this run follows {mine}. Go on with the saved plan, "
            'branch it at an update to come, or write resume="replace" to go on with this one.'
        )


def _named(plan: Followed) -> Plans:
    if isinstance(plan, Plan):
        return (("lr", plan),)
    return plan.everywhere + tuple(pair for _, plans in plan.groups for pair in plans)


def _continues(saved: Followed, mine: Followed, update: int) -> bool:
    if isinstance(saved, Plan) and isinstance(mine, Plan):
        known = len(saved.journal)
        return (saved.base, saved.journal) == (mine.base, mine.journal[:known]) and all(
            isinstance(edit, Branch) and edit.at >= update for edit in mine.journal[known:]
        )
    if isinstance(saved, RecipePlan) and isinstance(mine, RecipePlan):
        rows = [(p, [name for name, _ in plans]) for p, plans in (("", saved.everywhere), *saved.groups)]
        own = [(p, [name for name, _ in plans]) for p, plans in (("", mine.everywhere), *mine.groups)]
        pairs = zip(_named(saved), _named(mine), strict=rows == own)
        return rows == own and all(_continues(a, b, update) for (_, a), (_, b) in pairs)
    return False
