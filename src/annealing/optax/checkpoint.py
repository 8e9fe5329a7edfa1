"""A state with the text of what it followed: a flat dictionary of arrays, which anything that stores arrays can store."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Literal, TypeAlias, cast, get_args

import jax
import jax.numpy as jnp
import numpy as np
import optax

from annealing.control import Controller
from annealing.core.errors import ArgumentError, KindError, ParseError, PlanMismatchError
from annealing.core.follow import Followed, check_goes_on, followed
from annealing.optax.control import ControllerState
from annealing.optax.groups import path_of
from annealing.optax.used import updates_made

VERSION = 1
HEADER = "annealing"

Resume: TypeAlias = Literal["refuse", "replace"]
"""What to do with the state of a run that followed another plan: refuse it, or go on from it with this one's."""


def save(state: optax.OptState, plan: Followed | str, controller: Controller[Any] | str | None = None) -> dict[str, Any]:
    """Return a state and the text of its plan as NumPy arrays by name: for `numpy.savez`, pickle, safetensors or orbax.

    >>> import annealing as an, jax.numpy as jnp, optax
    >>> plan = (0.1 * an.cosine()).over(100)
    >>> optimizer = optax.sgd(plan, momentum=0.9)
    >>> saved = save(optimizer.init(jnp.ones(2)), plan)
    >>> sorted(saved)
    ['0/trace', '1/count', 'annealing']
    >>> bytes(saved["annealing"]).decode()
    '{"annealing": 1, "plan": "(0.1 * cosine()).over(100)", "controller": null, "update": 0}'

    Arguments: `state`, of the optimizer, or any tree that holds one, such as (params, state); `plan`, the plan or recipe
    plan that it follows; `controller`, that of its `scale_by_controller`. Raises `KindError` where the state has a
    controller and its options are not given.
    """
    _check_controller(state, controller)
    header = {
        "annealing": VERSION,
        "plan": str(followed(plan)),
        "controller": None if controller is None else str(controller),
        "update": updates_made(state),
    }
    text = json.dumps(header).encode()
    return {HEADER: np.frombuffer(text, np.uint8), **{name: _host(leaf) for name, leaf in _leaves(state)}}


def load(
    saved: Mapping[str, Any],
    like: optax.OptState,
    plan: Followed | str,
    controller: Controller[Any] | str | None = None,
    *,
    resume: Resume = "refuse",
) -> Any:
    """Return the state that `save` was given: going on from there is as if one had never stopped.

    >>> import annealing as an, jax.numpy as jnp, optax
    >>> plan = (0.1 * an.cosine()).over(100)
    >>> optimizer, params = optax.sgd(plan), jnp.ones(2)
    >>> saved = save(optimizer.init(params), plan)
    >>> load(saved, optimizer.init(params), plan)[1].count
    Array(0, dtype=int32)
    >>> load(saved, optimizer.init(params), 2 * plan)
    Traceback (most recent call last):
    ...
    annealing.core.errors.PlanMismatchError: the saved state followed (0.1 * cosine()).over(100) up to update 0, and this
    run follows (2 * (0.1 * cosine())).over(100). Go on with the saved plan, branch it at an update to come, or write
    resume="replace" to go on with this one.

    Arguments: `saved`, what `save` returned, or `numpy.load(path)` of it; `like`, a state of the same shape, such as
    `optimizer.init(params)` or `jax.eval_shape(optimizer.init, params)`; `plan` and `controller`, what this run follows. A
    plan that was branched since, at an update to come, goes on. `resume="replace"` goes on with any.

    Raises `PlanMismatchError` for another plan or controller, `ArgumentError` for the state of another optimizer,
    `ParseError` for what `save` has not written.
    """
    if resume not in get_args(Resume):
        raise ArgumentError(f"resume={resume!r} is unknown: write one of {', '.join(map(repr, get_args(Resume)))}.")
    mine, header = followed(plan), _header(saved)
    _check_controller(like, controller)
    if resume == "refuse":
        check_goes_on(header["plan"], mine, int(header["update"]))
        before, now = header["controller"], None if controller is None else str(controller)
        if before != now:
            raise PlanMismatchError(
                f'the saved state belongs to the controller {before}, not to {now}: give that one, or write resume="replace".'
            )
    named = _leaves(like)
    extra = set(saved) - {name for name, _ in named} - {HEADER}
    if extra:
        raise ArgumentError(f"the saved state is that of another optimizer: it has {min(extra)!r}, which this one has not.")
    return jax.tree.unflatten(jax.tree.structure(like), [_device(saved, name, leaf) for name, leaf in named])


def _check_controller(state: optax.OptState, controller: Controller[Any] | str | None) -> None:
    leaves = jax.tree.leaves(state, is_leaf=lambda node: isinstance(node, ControllerState))
    if controller is None and any(isinstance(leaf, ControllerState) for leaf in leaves):
        raise KindError("this state has a controller: give it too, as in save(state, plan, controller), so that it is checked.")


def _header(saved: Mapping[str, Any]) -> dict[str, Any]:
    if HEADER not in saved:
        raise ParseError(f"this holds no {HEADER!r} entry: pass what annealing.optax.save(state, plan) returned.")
    try:
        data: object = json.loads(bytes(np.asarray(saved[HEADER], np.uint8)))
    except ValueError as error:
        raise ParseError(f"the {HEADER!r} entry is damaged: {error}.") from None
    header = cast("dict[str, Any]", data) if isinstance(data, dict) else {}
    if not isinstance(header.get("annealing"), int) or not isinstance(header.get("plan"), str):
        raise ParseError(f"the {HEADER!r} entry is damaged: it names no plan.")
    if header["annealing"] > VERSION:
        raise ParseError(
            f"this was written by format version {header['annealing']} and this reads up to {VERSION}: upgrade annealing."
        )
    return header


def _leaves(state: optax.OptState) -> list[tuple[str, Any]]:
    return [(path_of(keys), leaf) for keys, leaf in jax.tree_util.tree_flatten_with_path(state)[0]]


def _is_key(leaf: Any) -> bool:
    return jax.dtypes.issubdtype(getattr(leaf, "dtype", None), jax.dtypes.prng_key)


def _host(leaf: Any) -> np.ndarray:
    return np.asarray(jax.random.key_data(leaf) if _is_key(leaf) else leaf)


def _device(saved: Mapping[str, Any], name: str, like: Any) -> Any:
    if name not in saved:
        raise ArgumentError(f"the saved state is that of another optimizer: it has no {name!r}.")
    found = np.asarray(saved[name])
    if _is_key(like):
        return jax.random.wrap_key_data(jnp.asarray(found), impl=jax.random.key_impl(like))
    shape, dtype = np.shape(like), jnp.result_type(like)
    if found.dtype.kind == "V" and found.dtype.itemsize == dtype.itemsize:  # how NumPy's files keep bfloat16
        found = found.view(dtype)
    if (found.shape, found.dtype) != (shape, dtype):
        raise ArgumentError(
            f"{name!r} was saved as {found.dtype}{list(found.shape)} and is {dtype}{list(shape)} here: "
            "make the optimizer and the parameters as they were."
        )
    return jnp.asarray(found)
