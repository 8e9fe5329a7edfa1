"""`+ - * / **`, `clip` and `rounded`, the same on schedules and on plans."""

from __future__ import annotations

import math
from abc import ABC
from typing import Any, Self


class Arithmetic(ABC):
    """What can be multiplied, shifted, clipped and rounded like the values it stands for.

    A subclass of this house is a schedule or a plan; both hand the work to `annealing.core.combine`.
    """

    __slots__ = ()
    __array_ufunc__ = None  # numpy.float64(3e-4) * schedule asks the schedule, instead of making an object array

    def __add__(self, other: Any) -> Self:
        return _binary("+", self, other)

    def __radd__(self, other: Any) -> Self:
        return _binary("+", other, self)

    def __sub__(self, other: Any) -> Self:
        return _binary("-", self, other)

    def __rsub__(self, other: Any) -> Self:
        return _binary("-", other, self)

    def __mul__(self, other: Any) -> Self:
        return _binary("*", self, other)

    def __rmul__(self, other: Any) -> Self:
        return _binary("*", other, self)

    def __truediv__(self, other: Any) -> Self:
        return _binary("/", self, other)

    def __rtruediv__(self, other: Any) -> Self:
        return _binary("/", other, self)

    def __pow__(self, other: Any) -> Self:
        return _binary("**", self, other)

    def __rpow__(self, other: Any) -> Self:
        return _binary("**", other, self)

    def __neg__(self) -> Self:
        return _binary("*", -1.0, self)

    def clip(self, low: float = -math.inf, high: float = math.inf) -> Self:
        """Keep the value between `low` and `high`.

        >>> import annealing as an
        >>> an.linear().clip(low=0.4).over(4).values()
        array([1.  , 0.75, 0.5 , 0.4 ])

        Raises `ArgumentError` when low is above high.
        """
        from annealing.core.combine import clip

        return clip(self, low, high)

    def rounded(self, multiple: float = 1, minimum: float = -math.inf) -> Self:
        """Round to whole multiples of `multiple` (half to even), never below `minimum`.

        The result is a float on every kind of input: a batch of 64 samples is 64.0.

        >>> import annealing as an
        >>> (256 * an.cosine()).rounded(64, minimum=64).over(5).values()
        array([256., 256., 192.,  64.,  64.])

        Raises `ArgumentError` for a multiple that is not above 0.
        """
        from annealing.core.combine import rounded

        return rounded(self, multiple, minimum)


def _binary(op: str, left: Any, right: Any) -> Any:
    from annealing.core.combine import combine

    return combine(op, left, right)
