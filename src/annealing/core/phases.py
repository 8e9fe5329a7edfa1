"""The words people write. Each returns a plain value; the peak is 1, so multiply to taste.

Every phase goes to `to` and starts where the one before it ended. Lengths are counts of updates, shares
("10%", "rest", "2fr") or other units ("3ep", "2e9tok"); see `annealing.Length`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

from annealing.core.checks import number, positive
from annealing.core.ease import ease as ease_named
from annealing.core.errors import ArgumentError, KindError, LengthError
from annealing.core.length import REST, Length, compact, total_of
from annealing.core.resolve.extent import extents_of
from annealing.core.schedule import (
    Chain,
    Exponential,
    Geometric,
    Hold,
    Jump,
    Lasting,
    Power,
    Ramp,
    Repeat,
    Schedule,
    Table,
    Warmup,
)

LengthLike = Length | int | str


def chain(*phases: Schedule) -> Schedule:
    """Put phases one after another; each starts where the last one ended.

    >>> import annealing as an
    >>> an.chain(an.warmup(2), an.hold(2), an.linear(4)).over().values()
    array([0.33333333, 0.66666667, 1.        , 1.        , 1.        ,
           0.75      , 0.5       , 0.25      ])

    Raises `KindError` for a bare number: write `jump(0.2)` for a step, `0.2 * hold()` for a constant.
    """
    flat: list[Schedule] = []
    for phase in phases:
        if not isinstance(phase, Schedule):
            raise KindError(
                f"chain(…, {phase!r}, …) holds what is not a phase: write jump({phase!r}) for a step, or hold() to stay."
            )
        flat += phase.phases if isinstance(phase, Chain) else (phase,)
    if not flat:
        raise KindError("chain() is empty: give it at least one phase, such as chain(warmup(100), cosine()).")
    return flat[0] if len(flat) == 1 else Chain(tuple(flat))


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
    return Geometric(positive("factor", factor), _scale("per", per), Length.of(length), _start(start))


def power(exponent: float = -0.5, per: LengthLike = "10%", length: LengthLike = REST, *, start: float | None = None) -> Schedule:
    """Fall as a power of time: start·(1 + t/per)^exponent, with no end needed.

    >>> import annealing as an
    >>> an.power(-0.5, per=1).over(4).values()
    array([1.        , 0.70710678, 0.57735027, 0.5       ])

    `chain(hold(τ), power(-1, per=τ))` is τ/max(t, τ), the rule of Bengio 2012, arXiv:1206.5533.
    """
    return Power(number("exponent", exponent), _scale("per", per), 1.0, Length.of(length), _start(start))


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
    return Power(-1.0, _scale("per", per), k, Length.of(length), _start(start))


def jump(to: float) -> Schedule:
    """Go to `to` at once, taking no time; the next phase starts from there.

    >>> import annealing as an
    >>> an.chain(an.hold(2), an.jump(0.1), an.hold(2)).over().values()
    array([1. , 1. , 0.1, 0.1])
    """
    return Jump(number("to", to))


def stairs(steps: Mapping[LengthLike, float], length: LengthLike = REST) -> Schedule:
    """Hold each value from its mark to the next; before the first mark, stay at the value that was reached.

    >>> import annealing as an
    >>> an.stairs({"50%": 0.1, "75%": 0.01}).over(8).values()
    array([1.  , 1.  , 1.  , 1.  , 0.1 , 0.1 , 0.01, 0.01])

    Arguments: `steps`, marks counted from the beginning of the phase ("%" is a share of its own length) and
    the value from there on. Raises `LengthError` when the marks do not rise or lie beyond the phase.
    """
    return _table(steps, "hold", length)


def table(values: Mapping[LengthLike, float] | Sequence[float], length: LengthLike = REST, *, ease: str = "linear") -> Schedule:
    """Go from value to value: at written marks, or one value per update when given a sequence.

    >>> import annealing as an
    >>> an.table({0: 0.2, 2: 1.0, "100%": 0.0}).over(4).values()
    array([0.2, 0.6, 1. , 0.5])
    >>> an.table([0.1, 0.3, 0.2]).over().values()
    array([0.1, 0.3, 0.2])

    Arguments: `values`, {mark: value} with marks as in `stairs`, or a sequence of one value per update;
    `ease`, how marks are joined ("linear", "cosine", …).
    """
    if isinstance(values, Mapping):
        return _table(values, ease_named(ease).name, length)
    listed = [number(f"values[{i}]", value) for i, value in enumerate(values)]
    whole = Length.of(length)
    if whole == REST:
        whole = Length.of(len(listed))
    return _table(dict(enumerate(listed)), "hold", whole)


def repeat(
    body: Schedule,
    times: int | None = None,
    *,
    first: LengthLike | None = None,
    growth: float = 1.0,
    scale: float = 1.0,
    length: LengthLike = REST,
) -> Schedule:
    """Run `body` again and again; each cycle opens where the first one opened.

    Inside a cycle, "%" is a share of that cycle.

    >>> import annealing as an
    >>> an.repeat(an.linear(), times=2).over(4).values()
    array([1. , 0.5, 1. , 0.5])
    >>> an.repeat(an.cosine(), first=10, growth=2).over(150).keyframes()[:3]
    ((0, 1.0), (10, 0.0), (10, 1.0))

    Arguments: `times`, how many cycles (without it they fill the window, the last one cut); `first`, the
    first cycle's length (by default the body's own, or a share of the window); `growth`, how much longer and
    `scale`, how much higher each cycle is than the one before; `length`, all cycles together.
    Raises `LengthError` when the cycles' lengths are written twice or not at all.
    Source: Loshchilov & Hutter 2016, arXiv:1608.03983 (warm restarts).
    """
    _phase("repeat", body)
    if times is not None and (isinstance(times, bool) or not isinstance(times, int) or times < 1):
        raise ArgumentError(f"repeat(times={times!r}) is not a number of cycles: write a whole number from 1.")
    whole, one = Length.of(length), None if first is None else _scale("first", first)
    longer, higher = positive("growth", growth), positive("scale", scale)
    own = total_of(extents_of(body))
    written = not own.fills and any(unit != "%" for unit, _ in own.amounts)
    if written and (one is not None or longer != 1):
        raise LengthError(
            f"repeat: the body is {own} long already: leave its length out and write first={own}"
            + (", growth=…." if longer != 1 else ".")
        )
    if times is not None and one is not None and whole != REST:
        raise LengthError("repeat(times=…, first=…, length=…) says the length twice: leave one of them out.")
    if times is None and one is None and not written:
        raise LengthError("repeat() does not say how many cycles: write times=4, or first=100 for the first cycle's length.")
    return Repeat(body, times, one, longer, higher, whole)


def lasting(body: Schedule, length: LengthLike) -> Schedule:
    """Give a schedule a window of its own: inside it, "%" and "rest" are shares of `length`.

    >>> import annealing as an
    >>> an.chain(an.lasting(an.chain(an.warmup("50%"), an.cosine()), 4), an.hold()).over(6).keyframes()[-1]
    (6, 0.0)
    """
    _phase("lasting", body)
    return Lasting(body, Length.of(length))


def _start(value: Any) -> float | None:
    return None if value is None else number("start", value)


def _phase(word: str, body: Any) -> None:
    if not isinstance(body, Schedule):
        raise KindError(f"{word}({body!r}, …) holds what is not a schedule: write a phase such as cosine().")


def _scale(name: str, value: LengthLike) -> Length:
    length = Length.of(value)
    if length.unit == "fr" or length.amount <= 0:
        raise LengthError(f'{name}={value!r} is not a time scale: write a count such as 1000, or "10%", "1ep".')
    return length


def _table(marks: Mapping[LengthLike, float], between: str, length: LengthLike) -> Schedule:
    if not marks:
        raise LengthError('a table needs at least one mark: write stairs({"50%": 0.1}).')
    places = tuple(Length.of(mark) for mark in marks)
    for mark in places:
        if mark.unit == "fr":
            raise LengthError(f'{mark} is not a mark: write a count or a share such as "60%".')
    for a, b in pairwise(places):
        if a.unit == b.unit and b.amount <= a.amount:
            raise LengthError(f"the marks of a table must rise: {b} comes after {a}.")
    return Table(
        places, tuple(number(f"value at {m}", v) for m, v in zip(places, marks.values(), strict=True)), between, Length.of(length)
    )
