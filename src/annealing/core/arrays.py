"""The handful of functions a schedule needs, for plain numbers, NumPy, torch and JAX, importing none of the last two.

A backend that made a time value is already imported, so looking its type up is enough. Arrays of whole
numbers are the exact clock: they stay whole until local times have been subtracted.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

from annealing.core.errors import KindError

INT32_MAX = 2**31 - 1
_TINY = 1e-37  # below every float32 that matters: keeps the slope of a square root finite where it starts


class Namespace(NamedTuple):
    """One array library, reduced to what curves are written in."""

    real: Callable[[Any], Any]  # whole numbers to this library's floating type
    sin: Callable[[Any], Any]
    sqrt: Callable[[Any], Any]
    exp: Callable[[Any], Any]
    log: Callable[[Any], Any]  # of zero: minus infinity
    floor: Callable[[Any], Any]
    round: Callable[[Any], Any]  # half to even, as in Python
    power: Callable[[Any, Any], Any]
    divide: Callable[[Any, Any], Any]  # by zero: infinity or NaN, never an exception
    minimum: Callable[[Any, Any], Any]
    maximum: Callable[[Any, Any], Any]
    each: Callable[[Callable[[float], float], Any], Any]  # a Python function on every element
    is_whole: Callable[[Any], bool]  # whether a time is kept as whole numbers
    largest_whole: float  # whole times above this cannot be represented
    where: Callable[[Any, Any, Any], Any]
    take: Callable[[Any, Any], Any]  # (list of numbers, whole-number array) -> array
    take_whole: Callable[[Any, Any], Any]  # the same for whole numbers
    search: Callable[[Any, Any], Any]  # (sorted list, times) -> how many marks are ≤ each time


def _scalar_divide(a: float, b: float) -> float:
    if b:
        return a / b
    return math.nan if a == 0 or a != a else math.copysign(math.inf, a) * math.copysign(1.0, b)


def _scalar_power(a: float, b: float) -> float:
    try:
        return math.pow(a, b)
    except ValueError:  # a negative base with a broken exponent, or 0 to a negative one
        return math.inf if a == 0 else math.nan
    except OverflowError:
        return math.inf


def _scalar_exp(a: float) -> float:
    try:
        return math.exp(a)
    except OverflowError:
        return math.inf


def _scalar_log(a: float) -> float:
    if a > 0:
        return math.log(a)
    return -math.inf if a == 0 else math.nan


def _scalar_round(a: float) -> float:
    return round(a) if math.isfinite(a) else a


def _unused(*_: Any) -> Any:  # on the host the right piece is found by bisection, never through these
    raise AssertionError("not needed on the host")


SCALAR = Namespace(
    real=float,
    sin=math.sin,
    sqrt=math.sqrt,
    exp=_scalar_exp,
    log=_scalar_log,
    floor=math.floor,
    round=_scalar_round,
    power=_scalar_power,
    divide=_scalar_divide,
    minimum=min,
    maximum=max,
    each=_unused,
    is_whole=lambda t: isinstance(t, int),
    largest_whole=math.inf,
    where=_unused,
    take=_unused,
    take_whole=_unused,
    search=_unused,
)


def _numpy_each(function: Callable[[float], float], t: Any) -> Any:
    return np.array([function(x) for x in t.reshape(-1).tolist()]).reshape(t.shape)


def _numpy_take(values: Any, index: Any) -> Any:
    return np.asarray(np.asarray(values)[index])


def _numpy_search(marks: Any, t: Any) -> Any:
    return np.asarray(np.searchsorted(np.asarray(marks), np.asarray(t), side="right"))


NUMPY = Namespace(
    real=lambda x: np.asarray(x, dtype=np.float64),
    sin=np.sin,
    sqrt=np.sqrt,
    exp=np.exp,
    log=np.log,
    floor=np.floor,
    round=np.round,
    power=np.power,
    divide=np.divide,
    minimum=np.minimum,
    maximum=np.maximum,
    each=_numpy_each,
    is_whole=lambda t: t.dtype.kind in "iu",
    largest_whole=math.inf,
    where=np.where,
    take=_numpy_take,
    take_whole=_numpy_take,
    search=_numpy_search,
)


def library_of(t: Any) -> str:
    """Name the array library a time belongs to: "scalar", "numpy", "torch" or "jax".

    Raises `KindError` for anything else, and for arrays of booleans or complex numbers.
    """
    if isinstance(t, (np.ndarray, np.generic)):
        if t.dtype.kind not in "iuf":
            raise KindError(f"a plan is evaluated at numbers, not at {t.dtype}: give update indices such as numpy.arange(10).")
        return "numpy"
    if isinstance(t, bool):
        raise KindError(f"a plan is evaluated at an update index, not at {t}.")
    if isinstance(t, (int, float)):
        return "scalar"
    torch = sys.modules.get("torch")
    library = "torch" if torch is not None and isinstance(t, torch.Tensor) else type(t).__module__.partition(".")[0]
    if library in ("torch", "jax", "jaxlib"):
        if any(kind in str(t.dtype) for kind in ("bool", "complex")):
            raise KindError(f"a plan is evaluated at numbers, not at {t.dtype}: give update indices.")
        return "torch" if library == "torch" else "jax"
    raise KindError(
        f"a plan is evaluated at a number or an array, not at {type(t).__name__}: wrap a list or range as numpy.asarray(…)."
    )


@lru_cache(maxsize=16)
def torch_namespace(dtype: Any, device: Any) -> Namespace:
    """Return torch's functions, computing in `dtype` (float64 wherever the device has it)."""
    torch: Any = sys.modules["torch"]

    def tensor(x: Any) -> Any:
        return torch.as_tensor(x, dtype=dtype, device=device)

    def each(function: Callable[[float], float], t: Any) -> Any:
        return tensor([function(x) for x in t.reshape(-1).tolist()]).reshape(t.shape)

    def either(x: Any) -> Any:  # whole numbers stay whole
        return x if isinstance(x, torch.Tensor) else tensor(x)

    return Namespace(
        real=lambda x: x.to(dtype) if isinstance(x, torch.Tensor) else tensor(x),
        sin=torch.sin,
        sqrt=lambda x: torch.sqrt(torch.clamp(x, min=_TINY)),
        exp=torch.exp,
        log=torch.log,
        floor=torch.floor,
        round=torch.round,
        power=lambda a, b: torch.pow(tensor(a), tensor(b)),
        divide=lambda a, b: torch.divide(tensor(a), tensor(b)),
        minimum=lambda a, b: torch.minimum(either(a), either(b)),
        maximum=lambda a, b: torch.maximum(either(a), either(b)),
        each=each,
        is_whole=lambda t: not t.is_floating_point(),
        largest_whole=math.inf,
        where=lambda condition, a, b: torch.where(condition, tensor(a), tensor(b)),
        take=lambda values, index: tensor(values)[index],
        take_whole=lambda values, index: torch.as_tensor(values, device=device)[index],
        search=lambda marks, t: torch.searchsorted(torch.as_tensor(marks, device=device, dtype=t.dtype), t, right=True),
    )


@lru_cache(maxsize=4)
def jax_namespace(dtype: Any, whole_bits: int) -> Namespace:
    """Return JAX's functions, computing in `dtype`; whole numbers there end at 2³¹ − 1 unless x64 is on."""
    jnp: Any = sys.modules["jax.numpy"] if "jax.numpy" in sys.modules else __import__("jax.numpy", fromlist=["numpy"])

    def constant(values: Any, kind: Any) -> Any:  # through NumPy: each is then one constant of the program
        return jnp.asarray(np.asarray(values), dtype=kind)

    def real(x: Any) -> Any:
        return jnp.asarray(x).astype(dtype)

    def each(function: Callable[[float], float], t: Any) -> Any:
        jax: Any = sys.modules["jax"]
        if isinstance(t, jax.core.Tracer):
            raise KindError("a registered Python function cannot be traced by JAX: write it with @register(name, arrays=True).")
        return real(_numpy_each(function, np.asarray(t)))

    return Namespace(
        real=real,
        sin=jnp.sin,
        sqrt=lambda x: jnp.sqrt(jnp.maximum(x, _TINY)),
        exp=jnp.exp,
        log=jnp.log,
        floor=jnp.floor,
        round=jnp.round,
        power=lambda a, b: jnp.power(real(a), real(b)),
        divide=lambda a, b: jnp.divide(real(a), real(b)),
        minimum=jnp.minimum,
        maximum=jnp.maximum,
        each=each,
        is_whole=lambda t: jnp.issubdtype(t.dtype, jnp.integer),
        largest_whole=INT32_MAX if whole_bits == 32 else 2**63 - 1,
        where=lambda condition, a, b: jnp.where(condition, real(a), real(b)),
        take=lambda values, index: constant(values, dtype)[index],
        take_whole=lambda values, index: constant(values, jnp.result_type(int))[index],
        search=lambda marks, t: jnp.searchsorted(constant(marks, t.dtype), t, side="right"),
    )
