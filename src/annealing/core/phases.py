"""The words people write. Each returns a plain value; the peak is 1, so multiply to taste.

Every phase goes to `to` and starts where the one before it ended. Lengths are counts of updates, shares
("10%", "rest", "2fr") or other units ("3ep", "2e9tok"); see `annealing.Length`.
"""

from __future__ import annotations

from typing import Any

from annealing.core.checks import number, positive
from annealing.core.ease import ease as ease_named
from annealing.core.errors import ArgumentError
from annealing.core.length import REST, Length, LengthLike, compact, time_scale
from annealing.core.schedule import (
    Exponential,
    Geometric,
    Hold,
    Jump,
    Power,
    Ramp,
    Schedule,
    Warmup,
)


def warmup(length: LengthLike, to: float = 1.0, *, start: float | None = None, ease: str = "linear") -> Schedule:
    """Rise to `to` over `length` updates.

    With nothing before it and no `start`, update t uses (t + 1)/(length + 1) of the peak, so that no
    update is wasted at zero; `start=0` gives the zero start of other libraries.

    >>> import annealing as an
    >>> an.warmup(3).over().values()
    array([0.25, 0.5 , 0.75])

    Source: Goyal et al. 2017, arXiv:1706.02677 (gradual warm-up).
    """
    return Warmup(Length.of(length), number("to", to), _start(start), ease_named(ease).name)


def hold(length: LengthLike = REST) -> Schedule:
    """Stay at the value that was reached.

    >>> import annealing as an
    >>> (0.1 * an.hold(3)).over().values()
    array([0.1, 0.1, 0.1])
    """
    return Hold(Length.of(length))


def linear(length: LengthLike = REST, to: float = 0.0, *, start: float | None = None) -> Schedule:
    """Go to `to` in a straight line.

    >>> import annealing as an
    >>> an.linear(4).over().values()
    array([1.  , 0.75, 0.5 , 0.25])

    Source: Defazio et al. 2023, arXiv:2310.07831 (linear decay is worst-case optimal).
    """
    return Ramp(number("to", to), Length.of(length), _start(start), "linear")


def cosine(length: LengthLike = REST, to: float = 0.0, *, start: float | None = None) -> Schedule:
    """Go to `to` along half a cosine: to + (start − to)·(1 + cos(πt/n))/2.

    >>> import annealing as an
    >>> an.cosine(4).over().values()
    array([1.        , 0.85355339, 0.5       , 0.14644661])

    Source: Loshchilov & Hutter 2016, arXiv:1608.03983.
    """
    return Ramp(number("to", to), Length.of(length), _start(start), "cosine")


def cooldown(length: LengthLike = REST, to: float = 0.0, *, start: float | None = None, ease: str = "sqrt") -> Schedule:
    """Go to `to` along 1 − √(t/n), the last phase of a warm-up-stable-decay run; `ease` names another curve.

    >>> import annealing as an
    >>> an.cooldown(4).over().values()
    array([1.        , 0.5       , 0.29289322, 0.1339746 ])
    >>> an.cooldown(4, ease="linear") == an.linear(4)
    True

    Arguments: `ease` is "sqrt", "linear", "cosine", "square", or a power such as "u^0.7" or "1-(1-u)^2".
    Source: Hägele et al. 2024, arXiv:2405.18392.
    """
    return Ramp(number("to", to), Length.of(length), _start(start), ease_named(ease).name)


def polynomial(length: LengthLike = REST, to: float = 0.0, *, power: float = 2.0, start: float | None = None) -> Schedule:
    """Go to `to` along (1 − t/n)^power.

    >>> import annealing as an
    >>> an.polynomial(4, power=2).over().values()
    array([1.    , 0.5625, 0.25  , 0.0625])

    Source: the "poly" policy of Chen et al. 2016, arXiv:1606.00915.
    """
    exponent = positive("power", power)
    return Ramp(number("to", to), Length.of(length), _start(start), ease_named(f"1-(1-u)^{compact(exponent)}").name)


def exponential(length: LengthLike = REST, to: float = 0.01, *, start: float | None = None) -> Schedule:
    """Go to `to` by equal ratios in equal times: start·(to/start)^(t/n).

    >>> import annealing as an
    >>> an.exponential(2, to=0.01).over().values()
    array([1. , 0.1])

    With a factor per epoch instead of an end, see `geometric`. Raises `ArgumentError` for `to=0`, which equal
    ratios never reach.
    """
    end = number("to", to)
    if end == 0:
        raise ArgumentError("exponential(to=0) is never reached by equal ratios: write to=0.01, or use linear() or cosine().")
    return Exponential(end, Length.of(length), _start(start))


def geometric(factor: float, per: LengthLike = 1, length: LengthLike = REST, *, start: float | None = None) -> Schedule:
    """Multiply by `factor` once in every `per` updates: start·factor^(t/per), with no end needed.

    Exponential decay "by γ per epoch" is `geometric(γ, per="1ep").every("1ep")`, per update `geometric(γ)`.

    >>> import annealing as an
    >>> an.geometric(0.5, per=2).over(4).values()
    array([1.        , 0.70710678, 0.5       , 0.35355339])

    Raises `ArgumentError` for a factor that is not above 0.
    """
    return Geometric(positive("factor", factor), time_scale("per", per), Length.of(length), _start(start))


def power(exponent: float = -0.5, per: LengthLike = "10%", length: LengthLike = REST, *, start: float | None = None) -> Schedule:
    """Fall as a power of time: start·(1 + t/per)^exponent, with no end needed.

    >>> import annealing as an
    >>> an.power(-0.5, per=1).over(4).values()
    array([1.        , 0.70710678, 0.57735027, 0.5       ])

    `chain(hold(τ), power(-1, per=τ))` is τ/max(t, τ), the rule of Bengio 2012, arXiv:1206.5533.
    """
    return Power(number("exponent", exponent), time_scale("per", per), 1.0, Length.of(length), _start(start))


def inverse_time(
    rate: float = 1.0, per: LengthLike = "10%", length: LengthLike = REST, *, start: float | None = None
) -> Schedule:
    """Fall as start/(1 + rate·t/per), the textbook inverse-time (time-based) decay.

    Per update it is `inverse_time(k, per=1)`, per epoch `inverse_time(k, per="1ep").every("1ep")`. The other
    rule of that name, η0/√epoch, is `inverse_sqrt("1ep").every("1ep")`.

    >>> import annealing as an
    >>> an.inverse_time(1, per=1).over(4).values()
    array([1.        , 0.5       , 0.33333333, 0.25      ])

    Raises `ArgumentError` for a rate below 0.
    """
    k = number("rate", rate)
    if k < 0:
        raise ArgumentError(f"rate={rate!r} is below 0, so 1 + rate·t would reach zero: write a rate of 0 or more.")
    return Power(-1.0, time_scale("per", per), k, Length.of(length), _start(start))


def jump(to: float) -> Schedule:
    """Go to `to` at once, taking no time; the next phase starts from there.

    >>> import annealing as an
    >>> an.chain(an.hold(2), an.jump(0.1), an.hold(2)).over().values()
    array([1. , 1. , 0.1, 0.1])
    """
    return Jump(number("to", to))


def _start(value: Any) -> float | None:
    return None if value is None else number("start", value)
