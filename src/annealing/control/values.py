"""What a transition is written in: arithmetic, comparisons, `&`, `|`, and the one function below that Python lacks.

So the same lines run on Python floats, on columns of many runs (NumPy, torch) and on JAX arrays and tracers.
"""

from __future__ import annotations

import math
import sys
from numbers import Real
from typing import Any, TypeVar, cast

import numpy as np

from annealing.core.errors import KindError

Part = TypeVar("Part")


def where(condition: Any, yes: Part, no: Part) -> Part:
    """Return `yes` where the condition holds and `no` elsewhere, in the library that the condition belongs to.

    >>> where(2 > 1, 0.5, 1.0)
    0.5
    >>> where(np.array([True, False]), 0.5, 1.0)
    array([0.5, 1. ])
    """
    if isinstance(condition, bool):
        return yes if condition else no
    if isinstance(condition, (np.ndarray, np.generic)):
        return cast("Any", np.where)(condition, yes, no)
    torch: Any = sys.modules.get("torch")
    if torch is not None and isinstance(condition, torch.Tensor):
        if isinstance(yes, float) and isinstance(no, float):  # torch would make float32 of two Python floats
            return torch.where(condition, torch.as_tensor(yes, dtype=torch.float64, device=condition.device), no)
        return torch.where(condition, yes, no)
    return sys.modules["jax"].numpy.where(condition, yes, no)


def choose(condition: Any, yes: Part, no: Part) -> Part:
    """Return one of two states, field by field.

    >>> choose(False, (1.0, (2, 3)), (4.0, (5, 6)))
    (4.0, (5, 6))
    """
    if isinstance(condition, bool):
        return yes if condition else no
    if isinstance(yes, tuple):
        kind = cast("Any", yes).__class__
        parts = [choose(condition, a, b) for a, b in zip(cast("Any", yes), cast("Any", no), strict=True)]
        return kind(*parts) if hasattr(kind, "_fields") else kind(parts)
    return where(condition, yes, no)


def finite(value: Any) -> Any:
    """Whether a value is neither NaN nor infinite: every comparison with NaN is false."""
    return abs(value) < math.inf


def observed(value: Any) -> float:
    """Return an observation as a float, or as the floating array or tracer that it is.

    >>> observed(2), observed(np.float32(0.5))
    (2.0, 0.5)

    Raises `KindError` for what is not a number: `None`, text, a truth value.
    """
    if isinstance(value, Real) and not isinstance(value, bool):
        return _real(value)
    array: Any = value
    if isinstance(value, (np.ndarray, np.generic)) and array.dtype.kind in "iuf":
        return float(array) if array.ndim == 0 else array.astype(np.float64)
    torch: Any = sys.modules.get("torch")
    if torch is not None and isinstance(array, torch.Tensor):
        return array.detach() if array.is_floating_point() else array.detach().double()
    if type(array).__module__.partition(".")[0] in ("jax", "jaxlib"):
        jnp: Any = sys.modules["jax"].numpy  # a float16 loss is judged in float32, or in float64 where that is the rule
        return array.astype(jnp.promote_types(array.dtype, jnp.result_type(float)))
    raise KindError(
        f"an observation is one number, such as a validation loss, not {value!r}: write controller.step(state, 2.31)."
    )


def one_number(observation: Any) -> Any:
    """Return an observation as a plain Python number where it is an array or a tensor of one, so that states stay plain.

    >>> one_number(np.array([0.5])), one_number(3)
    (0.5, 3)

    Raises `KindError` for more than one number, or none; what is no number at all is refused by the controller.
    """
    size = math.prod(getattr(observation, "shape", ()))
    if size != 1:
        raise KindError(f"observe() sees one number and was given {size}: write loss.mean(), say.")
    return observation.item() if hasattr(observation, "item") else observation


def _real(value: Any) -> float:
    try:
        return float(value)
    except OverflowError:  # a whole number beyond every float
        return math.inf if value > 0 else -math.inf
