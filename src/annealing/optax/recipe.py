"""`scheduled`: an optax optimizer whose hyper-parameters follow a recipe, for every parameter or for those of a pattern."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any

import optax

from annealing.core.errors import ArgumentError, KindError
from annealing.core.follow import followed
from annealing.core.plan import Plan
from annealing.core.recipe import RecipePlan
from annealing.optax.groups import EVERYWHERE, check_reach, labels_of
from annealing.optax.names import optax_names

Transformation = optax.GradientTransformationExtraArgs


def scheduled(factory: Callable[..., Any], recipe: RecipePlan | str, **fixed: Any) -> Transformation:
    """Return the optimizer that `factory` makes, each update of which uses the recipe's values.

    It is `optax.inject_hyperparams` of the factory: `state.hyperparams` holds what the last update used, and `used(state)`
    reads it from any state. Where the recipe has groups it is an `optax.partition` of those: a pattern matches a
    parameter's path, such as "layer0/kernel"; every pattern that matches applies, and the last one wins.

    >>> import annealing as an, jax.numpy as jnp
    >>> recipe = an.Recipe(lr=0.1 * an.linear(), weight_decay=0.5, groups={"*bias": {"weight_decay": 0.0}}).over(4)
    >>> params = {"dense": {"kernel": jnp.ones(2), "bias": jnp.ones(2)}}
    >>> optimizer = scheduled(optax.adamw, recipe, eps=1e-6)
    >>> state = optimizer.init(params)
    >>> updates, state = optimizer.update(params, state, params)
    >>> {group: round(float(s.inner_state.hyperparams["weight_decay"]), 3) for group, s in state.inner_states.items()}
    {'*': 0.5, '*bias': 0.0}

    Arguments: `factory`, such as `optax.adamw`; `recipe`, a `RecipePlan` or its text, with optax' names or torch's ("lr" is
    `learning_rate`, "betas[0]" is `b1`); `fixed`, other arguments of the factory. What looks at all gradients at once, such
    as `optax.clip_by_global_norm`, belongs before it in an `optax.chain`: inside, it would see one group at a time.

    Raises `KindError` for what is not a recipe over a known run, `ArgumentError` for a hyper-parameter that the factory
    does not have, for values that no optimizer can use, and, from `init`, for a pattern that matches no parameter.
    """
    plan = followed(recipe)
    if isinstance(plan, Plan):
        raise KindError(
            "a plan alone does not say what it is for: give it to the optimizer, optax.adamw(learning_rate=plan), "
            "or write a recipe, Recipe(lr=schedule).over(total)."
        )
    _check(factory, plan, fixed)

    if not plan.groups:
        return _injected(factory, EVERYWHERE, dict(plan.everywhere), fixed)

    def parts(tree: Any) -> Transformation:
        labels, plans = labels_of(plan, tree)
        return optax.partition({label: _injected(factory, label, own, fixed) for label, own in sorted(plans.items())}, labels)

    def init(params: optax.Params) -> optax.OptState:
        check_reach(plan, params)
        return parts(params).init(params)

    def update(updates: optax.Updates, state: optax.OptState, params: optax.Params | None = None, **extra: Any) -> Any:
        return parts(updates).update(updates, state, params, **extra)

    return Transformation(init, update)


def _injected(factory: Callable[..., Any], label: str, plans: Mapping[str, Plan], fixed: Mapping[str, Any]) -> Transformation:
    own = inspect.signature(factory).parameters
    given = {there: plans[name] for name, there in optax_names(factory, plans).items()} | dict(fixed)
    for name, parameter in own.items():
        if name not in given and parameter.default is parameter.empty and parameter.kind is not parameter.VAR_KEYWORD:
            short = "lr" if name == "learning_rate" else name
            where = "" if label == EVERYWHERE else f" where {label} matches"
            raise ArgumentError(f"the recipe has no {short!r}{where}: write Recipe({short}=3e-4 * cosine(), …).")
    functions = tuple(name for name, value in fixed.items() if callable(value))  # a mask is not a schedule
    return optax.inject_hyperparams(factory, static_args=functions)(**given)


def _check(factory: Callable[..., Any], plan: RecipePlan, fixed: Mapping[str, Any]) -> None:
    optax_names(factory, fixed)
    for name, value in fixed.items():
        if isinstance(value, Plan):
            raise KindError(f"{name}={value} is a plan: put its schedule into the recipe, Recipe({name}={value.schedule}).")
    for names in (dict(plan.everywhere), *(dict(plans) for _, plans in plan.groups)):
        for name, there in optax_names(factory, names).items():
            if there in fixed:
                raise ArgumentError(
                    f"{there}={fixed[there]!r} is given beside the recipe, which schedules {name!r}: leave one out."
                )
