"""`scale_by_controller`: a controller of `annealing.control` as a gradient transformation."""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax

from annealing.control import Controller
from annealing.control import parse as parse_controller
from annealing.core.errors import KindError


class ControllerState(NamedTuple):
    """What `scale_by_controller` remembers: the controller's own state, as arrays, and the gain that was used last."""

    controller: Any
    gain: Any  # shape ()


def scale_by_controller(controller: Controller[Any] | str) -> optax.GradientTransformationExtraArgs:
    """Multiply the updates by the gain of a controller, which observes the `value=` that each update is given.

    After a rate in an `optax.chain` the gain multiplies the rate. The observation comes before the update it goes with, so
    that a spike of the loss lowers the very step that it would have blown up.

    >>> import annealing as an, jax.numpy as jnp
    >>> from annealing.control import Plateau
    >>> optimizer = optax.chain(optax.sgd((0.5 * an.hold()).over(9)), scale_by_controller(Plateau(factor=0.5, patience=1)))
    >>> params = jnp.zeros(())
    >>> state = optimizer.init(params)
    >>> for loss in (2.0, 2.0, 1.0):
    ...     updates, state = optimizer.update(jnp.ones(()), state, params, value=loss)
    ...     print(updates, end=" ")
    -0.5 -0.25 -0.25

    Arguments: `controller`, such as `Plateau()`, a product of several, or its text. An update without `value=` keeps the
    gain: `optimizer.update(grads, state, params)` between two evaluations. Under `optax.MultiSteps` the observation is the
    one that comes with the last micro-batch. The state is a tree of arrays, for `jit`, `lax.scan` and any checkpoint.

    Raises `KindError` for what is no controller: an `EarlyStop` gives no gain.
    """
    rule = parse_controller(controller) if isinstance(controller, str) else controller
    if not isinstance(rule, Controller):
        raise KindError(f"{controller!r} is not a controller with a gain: write one such as Plateau(factor=0.5, patience=5).")

    def init(params: optax.Params) -> ControllerState:
        del params
        state = jax.tree.map(lambda leaf: jnp.asarray(leaf, jnp.result_type(type(leaf))), rule.init())
        return ControllerState(state, jnp.asarray(rule.gain(state), jnp.result_type(float)))

    def update(updates: optax.Updates, state: Any, params: optax.Params | None = None, **extra: Any) -> Any:
        del params
        seen = extra.get("value")
        if seen is not None:
            after, gain = rule.step(state.controller, jnp.asarray(seen))
            state = jax.tree.map(lambda old, new: jnp.asarray(new, old.dtype), state, ControllerState(after, gain))
        return jax.tree.map(lambda u: u * state.gain.astype(u.dtype), updates), state

    return optax.GradientTransformationExtraArgs(init, update)
