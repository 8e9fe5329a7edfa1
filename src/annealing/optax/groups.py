"""Parameter groups in JAX: a parameter is known by its path in the tree, "layer0/kernel", and a pattern matches paths."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import Any

import jax

from annealing.core.errors import ArgumentError
from annealing.core.plan import Plan
from annealing.core.recipe import RecipePlan

EVERYWHERE = "*"


def path_of(keys: Any) -> str:
    """Return a parameter's name: its keys, joined by "/"."""
    return jax.tree_util.keystr(keys, simple=True, separator="/")


def labels_of(recipe: RecipePlan, params: Any) -> tuple[Any, dict[str, dict[str, Plan]]]:
    """Return a tree like the parameters' that says which patterns match each of them, and the plans of each such label.

    A label is "*" where no pattern matches, else "*bias" or "layer0/* & *bias": of the patterns, per hyper-parameter, the
    last one wins.
    """
    plans: dict[str, dict[str, Plan]] = {}

    def label(keys: Any, _: Any) -> str:
        path = path_of(keys)
        matched = [pattern for pattern, _ in recipe.groups if _matches(pattern, path)]
        chosen = dict(recipe.everywhere)
        for pattern, own in recipe.groups:
            if pattern in matched:
                chosen |= dict(own)
        plans[name := " & ".join(matched) or EVERYWHERE] = chosen
        return name

    return jax.tree_util.tree_map_with_path(label, params), plans


def check_reach(recipe: RecipePlan, params: Any) -> None:
    """Refuse a pattern that matches no parameter: it is a typing error more often than a plan for later."""
    paths = [path_of(keys) for keys, _ in jax.tree_util.tree_flatten_with_path(params)[0]]
    for pattern, _ in recipe.groups:
        if not any(_matches(pattern, path) for path in paths):
            shown = ", ".join(map(repr, paths[:8])) + (", …" if len(paths) > 8 else "")
            raise ArgumentError(f"the pattern {pattern!r} matches no parameter: they are named {shown}.")


def _matches(pattern: str, path: str) -> bool:
    """Whether a pattern matches a path, also as PyTorch would write it: "*.bias" is then the same text everywhere."""
    return fnmatchcase(path, pattern) or fnmatchcase(path.replace("/", "."), pattern)
