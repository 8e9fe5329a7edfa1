"""Which plan to go on with when a saved run followed another one than the script gives now.

The past is what was used and stays as it is; every policy says what comes after. What it decides on is written into the
journal and the state, so that resuming once more, with the same script, goes on exactly where this one stopped.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Literal, NamedTuple, TypeAlias, cast

from annealing.control import saved_controller
from annealing.core.diff import diff
from annealing.core.errors import AnnealingError, PlanMismatchError
from annealing.core.journal import Branch, Stretch
from annealing.core.phases import cosine
from annealing.core.plan import Plan
from annealing.core.recipe import Plans, RecipePlan
from annealing.core.text import parse_edit
from annealing.torch.binding import Binding, checked, read_plan
from annealing.torch.feedback import Feedback, restored, taken_over
from annealing.torch.owner import Place
from annealing.torch.state import State

Resume: TypeAlias = Literal["refuse", "keep", "replace", "stretch", "from_here", "branch"]
"""What to do at update u when the saved run followed S and the script gives N, another plan:

refuse: raise an error that shows both and where they differ. The default.
keep: go on with S (and its controllers), whatever the script gives.
replace: N(t) from here on, as if it had always been N. The value may jump, which is reported as a warning.
stretch: what is left of S at u takes what is left of N's run, so the value is continuous and the share of the curve that
    is done stays what it was. Only for a run that changed its length: S and N are the same schedule.
from_here: a half cosine from the value in use to N's last value, which it reaches at the end of N's run.
branch: N(t) from here on, where S and N meet at u (as a run that was stable and now cools down). What was used before u
    stays in the journal; where they do not meet, it is refused.

Before the first update (u = 0) there is no past, and the last three follow N.
"""


class Settled(NamedTuple):
    """Where to go on from."""

    place: Place
    asked: str  # the text of what this state was settled for
    jumps: list[str]  # what changes at once, in words


def settle(mine: Place, saved: State, resume: Resume) -> Settled:
    """Decide what to follow from here: it depends on what was given at construction and the saved state alone.

    Not a change, under any policy: the saved run was settled for this very script; it was edited since (its journal goes
    on where mine ends); or my plan branches off at an update that is still to come.

    Raises `PlanMismatchError` where the policy does not say what to do.
    """
    binding = _unchanged(mine.binding, saved, resume)
    asked = str(mine.binding)
    if binding is None:
        before = None if resume == "replace" else _rebuilt(saved)
        binding = _changed(before, mine.binding, saved, resume)
        asked = saved.asked or str(binding) if resume == "keep" else asked
    feedback = _heard(mine.feedback, saved, resume)
    place = Place(binding, feedback, saved.update, saved.bases, saved.starts, saved.seen or 0.0)
    return Settled(place, asked, _jumps(place, saved) if resume == "replace" else [])


def _unchanged(mine: Binding, saved: State, resume: Resume) -> Binding | None:
    if saved.asked and saved.asked == str(mine) and (resume != "replace" or saved.plan == mine.text):
        return _rebuilt(saved)
    if (saved.mode, saved.plan) == (mine.mode, mine.text):
        ours = mine.journal
        if saved.journal[: len(ours)] == ours:
            return _rebuilt(saved)
        if ours[: len(saved.journal)] == saved.journal and _all_ahead(mine, len(saved.journal), saved.position):
            return mine
    return None


def _changed(before: Binding | None, mine: Binding, saved: State, resume: Resume) -> Binding:
    if before is None:
        return mine
    if resume == "keep":
        return before
    if resume == "refuse":
        raise PlanMismatchError(_difference(before, mine, saved))
    if saved.update == 0:
        return mine
    try:
        return _joined(before, mine, saved.position, resume)
    except AnnealingError as error:
        raise PlanMismatchError(
            f'resume="{resume}" at update {saved.update} cannot go from {before} to {mine}: {error}'
        ) from error


def _joined(before: Binding, mine: Binding, u: int, resume: Resume) -> Binding:
    """Apply an edit to every plan of the saved run."""
    if before.mode != mine.mode:
        raise PlanMismatchError(f'one is {before.mode}= and the other {mine.mode}=: only "keep" and "replace" can choose.')
    edit = {"stretch": _stretched, "from_here": _annealed, "branch": _branched}[resume]
    if isinstance(before.plan, Plan) and isinstance(mine.plan, Plan):
        return checked(mine.mode, edit(before.plan, mine.plan, u))
    return checked(mine.mode, _each(edit, cast("RecipePlan", before.plan), cast("RecipePlan", mine.plan), u))


def _each(edit: Callable[[Plan, Plan, int], Plan], before: RecipePlan, mine: RecipePlan, u: int) -> RecipePlan:
    def names(recipe: RecipePlan) -> list[tuple[str, list[str]]]:
        return [(pattern, [name for name, _ in plans]) for pattern, plans in (("", recipe.everywhere), *recipe.groups)]

    def edited(old: Plans, new: Plans) -> Plans:
        return tuple((name, edit(plan, other, u)) for (name, plan), (_, other) in zip(old, new, strict=True))

    if names(before) != names(mine):
        raise PlanMismatchError('the recipes move different hyper-parameters or groups: only "keep" and "replace" can choose.')
    groups = zip(before.groups, mine.groups, strict=True)
    return RecipePlan(
        edited(before.everywhere, mine.everywhere), tuple((pattern, edited(old, new)) for (pattern, old), (_, new) in groups)
    )


def _stretched(before: Plan, mine: Plan, u: int) -> Plan:
    if before.schedule != mine.schedule or mine.journal:
        raise PlanMismatchError('the schedules differ, not only their lengths: "from_here" and "replace" follow another one.')
    return before if before.total == mine.total else before.stretch(_end(mine), at=u)


def _annealed(before: Plan, mine: Plan, u: int) -> Plan:
    return before.branch(u, cosine(to=mine(_end(mine))), _end(mine), absolute=True, why="from_here")


def _branched(before: Plan, mine: Plan, u: int) -> Plan:
    return before.branch(u, mine)


def _end(plan: Plan) -> int:
    if math.isinf(plan.total):
        raise PlanMismatchError(f"{plan} has no end to go to: give it a total.")
    return int(plan.total)


def _rebuilt(saved: State) -> Binding:
    plan = read_plan(saved.plan, saved.mode)
    for edit in saved.journal:
        plan = parse_edit(edit, cast("Plan", plan))
    return checked(saved.mode, plan)


def _all_ahead(mine: Binding, known: int, update: int) -> bool:
    edits = mine.plan.journal[known:] if isinstance(mine.plan, Plan) else ()
    return all(isinstance(edit, (Branch, Stretch)) and edit.at >= update for edit in edits)


def _difference(before: Binding, mine: Binding, saved: State) -> str:
    told = f"the saved run followed {before} up to update {saved.update}, and this Scheduler follows {mine}"
    if before.mode == mine.mode:
        endless = math.isinf(before.plan.total) and math.isinf(mine.plan.total)
        told += f": {diff(before.plan, mine.plan, over=saved.update + 10_000 if endless else None)}"
    return (
        f'{told}. Build it with the saved plan, or choose with resume=: "keep" goes on with the saved plan, "replace" with '
        f'this one from update {saved.update} on, "stretch" takes the saved curve over the new length, "from_here" anneals from '
        'the value in use to where this plan ends, "branch" follows this plan from where both meet.'
    )


def _heard(mine: Feedback, saved: State, resume: Resume) -> Feedback:
    """Bring the controllers back to what they remembered; one that is new starts afresh.

    A gain that was reached is part of the value in use: only "replace" may drop it.
    """
    if resume == "keep":
        return restored(saved.control, saved.observed)
    feedback = taken_over(mine, saved.control, saved.observed)
    controllers = {bond.key: str(bond.controller) for bond in mine.bonds}
    for key, text in zip(saved.control, saved.observed, strict=True):
        before, now = saved_controller(text), controllers.get(key, "no controller")
        if before == now or resume == "replace":
            continue
        if resume == "refuse":
            raise PlanMismatchError(
                f"the saved run had control={{{key!r}: {before}}} and this Scheduler has {now} there: build it with the saved "
                'one, or choose with resume=: "keep" goes on with the saved one, "replace" with this one.'
            )
        gain = restored([key], [text]).gains.get(key, 1.0)
        if gain != feedback.gains.get(key, 1.0):
            raise PlanMismatchError(
                f"the saved gain of {key!r} is {gain:g}, and this Scheduler has {now} there, which cannot go on from it: "
                f'keep {before}, or write resume="replace" to let the value jump.'
            )
    return feedback


def _jumps(place: Place, saved: State) -> list[str]:
    """Say which values change at once, as far as the saved plan can be read."""
    try:
        before = _rebuilt(saved)
    except AnnealingError:
        return [f"{place.binding} replaces {saved}"]
    if before.mode != place.binding.mode:
        return [f"{place.binding} replaces {before}"]
    u, gains = saved.position, restored(saved.control, saved.observed).gains
    old, new = dict(_values(before, u)), dict(_values(place.binding, u))
    jumps = [
        f"{name} goes from {old[name]:g} to {new[name]:g}"
        for name in old
        if name in new and not math.isclose(old[name], new[name], rel_tol=1e-9)
    ]
    kept = place.feedback.gains
    return jumps + [f"the gain of {key!r} goes from {gain:g} to 1" for key, gain in gains.items() if kept.get(key, 1.0) != gain]


def _values(binding: Binding, u: int) -> Iterator[tuple[str, float]]:
    if isinstance(binding.plan, Plan):
        yield binding.mode, binding.plan(u)
        return
    for pattern, plans in (("", binding.plan.everywhere), *binding.plan.groups):
        yield from ((f"{name} of {pattern}" if pattern else name, plan(u)) for name, plan in plans)
