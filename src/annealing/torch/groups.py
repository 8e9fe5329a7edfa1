"""`param_groups`: a model's parameters as the groups that a recipe speaks of."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from difflib import get_close_matches
from fnmatch import fnmatchcase
from typing import Any, TypeAlias

from annealing.core.errors import ArgumentError, KindError
from annealing.core.plan import Plan
from annealing.core.recipe import Recipe, RecipePlan
from annealing.core.schedule import Schedule
from annealing.core.text import parse
from annealing.torch.names import Named, Parameter, common, parameters_of
from annealing.torch.slot import Group, name_of, place_of

PATTERNS = "annealing_patterns"
"""Where a group keeps the patterns that reach its parameters: its one name cannot match all of them."""

_Values: TypeAlias = tuple[tuple[str, Schedule | Plan], ...]


def param_groups(model: Named, recipe: Recipe | RecipePlan | str) -> list[dict[str, Any]]:
    """Return a model's trainable parameters in as few groups as a recipe needs, for any torch optimizer.

    Parameters that get the same schedules share a group, so hundreds of them make a handful of groups. Each group's name
    is one that the recipe's patterns match as they match the parameters in it.

    >>> import annealing as an, torch
    >>> from annealing.torch import Scheduler
    >>> lr = 3e-4 * an.chain(an.warmup(100), an.cosine())
    >>> recipe = an.Recipe(lr=lr, weight_decay=0.1, groups={"0.*": {"lr": 0.8 * lr}, "*.bias": {"weight_decay": 0.0}})
    >>> model = torch.nn.Sequential(torch.nn.Linear(4, 8), torch.nn.Linear(8, 8), torch.nn.Linear(8, 1))
    >>> optimizer = torch.optim.AdamW(param_groups(model, recipe))
    >>> [(group["name"], len(group["params"])) for group in optimizer.param_groups]
    [('0.weight', 1), ('0.bias', 1), ('*.weight', 2), ('*.bias', 2)]
    >>> scheduler = Scheduler(optimizer, recipe.over(1_000))

    Arguments: `model`, or pairs as its `named_parameters()` gives them; wrappers (DDP, FSDP, `torch.compile`) leave the
    names as they are without. `recipe`, with or without a length, or its text. Groups come in the model's order. Parameters
    that are frozen (`requires_grad=False`) are left out, those that are tied appear once, under their first name.

    Raises `ArgumentError` for a pattern that reaches no trainable parameter, `KindError` for a plan or schedule alone.
    """
    spoken = _read(recipe)
    found = parameters_of(model)
    trained = [parameter for parameter in found if parameter.tensor.requires_grad]
    if not trained:
        raise ArgumentError("this model has no parameter that can be trained: set requires_grad before making groups.")
    for pattern, _ in spoken.groups:
        if not any(fnmatchcase(parameter.name, pattern) for parameter in trained):
            raise ArgumentError(f"the pattern {pattern!r} {_why_unreached(pattern, found)}")
    members: dict[_Values, list[Parameter]] = {}
    for parameter in trained:
        members.setdefault(_values(spoken, parameter.name), []).append(parameter)
    return [_group(spoken, values, own) for values, own in members.items()]


def _group(recipe: Recipe | RecipePlan, values: _Values, members: Sequence[Parameter]) -> dict[str, Any]:
    names = [parameter.name for parameter in members]
    patterns = [pattern for pattern, _ in recipe.groups if any(fnmatchcase(name, pattern) for name in names)]
    whole = [pattern for pattern in patterns if all(fnmatchcase(name, pattern) for name in names)]

    def fits(name: str) -> bool:
        chance = any(fnmatchcase(name, pattern) for pattern, _ in recipe.groups if pattern not in patterns)
        return not chance and _values(recipe, name) == values

    # The most telling name under which the recipe gives the group just what its members get; the first member's does.
    name = next(name for name in (common(names), *whole, names[0]) if fits(name))
    return {"params": [parameter.tensor for parameter in members], "name": name, PATTERNS: patterns}


def reached(pattern: str, groups: Sequence[Group]) -> bool:
    """Whether a pattern is meant for one of the groups: by its name, or because the group was made for that pattern."""
    return any(
        fnmatchcase(name_of(group, row), pattern) or pattern in group.get(PATTERNS, ()) for row, group in enumerate(groups)
    )


def check_made_for(groups: Sequence[Group], patterns: Sequence[str]) -> None:
    """Refuse a pattern that matches the name of a group by chance: the group was made for a recipe that does not have it.

    Its parameters share one name, which is right for the patterns that it was chosen for.
    """
    for row, group in enumerate(groups):
        name = name_of(group, row)
        for pattern in patterns if PATTERNS in group else ():
            if pattern != "*" and fnmatchcase(name, pattern) and pattern not in group[PATTERNS]:
                raise ArgumentError(
                    f"the pattern {pattern!r} matches {place_of(group, row)}, which was made for a recipe without it and may "
                    "hold parameters that it is not meant for: make the groups for this recipe, param_groups(model, recipe)."
                )


def _read(recipe: object) -> Recipe | RecipePlan:
    spoken = parse(recipe) if isinstance(recipe, str) else recipe
    if not isinstance(spoken, (Recipe, RecipePlan)):
        what = f"{spoken} is for every group alike" if isinstance(spoken, (Schedule, Plan)) else f"{spoken!r} is no recipe"
        raise KindError(f"{what}: write Recipe(lr=…, groups={{pattern: {{…}}}}) to tell parameters apart.")
    return spoken


def _values(recipe: Recipe | RecipePlan, name: str) -> _Values:
    """What moves a parameter of this name: the recipe's own rule, the last pattern wins."""
    chosen: dict[str, Schedule | Plan] = dict(recipe.everywhere)
    for pattern, pairs in recipe.groups:
        if fnmatchcase(name, pattern):
            chosen |= dict(pairs)
    return tuple(sorted(chosen.items(), key=lambda pair: pair[0]))


def _why_unreached(pattern: str, parameters: Sequence[Parameter]) -> str:
    frozen = [parameter.name for parameter in parameters if fnmatchcase(parameter.name, pattern)]
    if frozen:
        return f"matches frozen parameters only, such as {frozen[0]!r}: let them train (requires_grad), or leave the pattern out."
    for parameter in parameters:
        for alias in parameter.aliases:
            if fnmatchcase(alias, pattern):
                return f"matches only {alias!r}, which is tied to {parameter.name!r}: write the pattern for that name."
    known = list(dict.fromkeys(_spellings(parameter.name for parameter in parameters)))
    close = get_close_matches(pattern, known, n=3) or known[:3]
    return f"matches no parameter of this model: did you mean {' or '.join(map(repr, close))}?"


def _spellings(names: Iterable[str]) -> Iterator[str]:
    """Patterns that would match: names, what they begin with, what they end with."""
    for name in names:
        words = name.split(".")
        yield name
        yield from (".".join([*words[:at], "*"]) for at in range(1, len(words)))
        yield from (".".join(["*", *words[at:]]) for at in range(1, len(words)))
