"""Putting schedules together: one after another, again and again, in a window of their own."""

from __future__ import annotations

import math
from numbers import Real
from typing import Any

from annealing.core.checks import positive, whole
from annealing.core.errors import ArgumentError, KindError, LengthError
from annealing.core.length import REST, Length, LengthLike, compact, time_scale, total_of
from annealing.core.resolve.extent import extents_of
from annealing.core.schedule import Chain, Lasting, Repeat, Schedule


def chain(*phases: Schedule) -> Schedule:
    """Put phases one after another; each starts where the last one ended.

    >>> import annealing as an
    >>> an.chain(an.warmup(2), an.hold(2), an.linear(4)).over().values()
    array([0.33333333, 0.66666667, 1.        , 1.        , 1.        ,
           0.75      , 0.5       , 0.25      ])

    Raises `KindError` for a bare number: write `jump(0.2)` for a step to it, and `hold()` to stay there.
    """
    flat: list[Schedule] = []
    for phase in phases:
        if not isinstance(phase, Schedule):
            raise KindError(f"chain(…, {phase!r}, …) holds what is not a phase: {_instead(phase)}.")
        flat += phase.phases if isinstance(phase, Chain) else (phase,)
    if not flat:
        raise KindError("chain() is empty: give it at least one phase, such as chain(warmup(100), cosine()).")
    return flat[0] if len(flat) == 1 else Chain(tuple(flat))


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
    count = None if times is None else whole("times", times)
    total, one = Length.of(length), None if first is None else time_scale("first", first)
    longer, higher = positive("growth", growth), positive("scale", scale)
    own = total_of(extents_of(body))
    written = not own.fills and any(unit != "%" for unit, _ in own.amounts)
    if written and (one is not None or longer != 1):
        raise LengthError(
            f"repeat: the body is {own} long already: leave its length out and write first={own}"
            + (", growth=…." if longer != 1 else ".")
        )
    if times is not None and one is not None and total != REST:
        raise LengthError("repeat(times=…, first=…, length=…) says the length twice: leave one of them out.")
    if times is None and one is None and not written:
        raise LengthError("repeat() does not say how many cycles: write times=4, or first=100 for the first cycle's length.")
    for name, value in (("growth", longer), ("scale", higher)):
        if count is not None and abs(math.log(value)) * count > 700:  # the last cycle would be beyond every float
            raise ArgumentError(f"{name}={compact(value)} over {count} cycles leaves every number behind: write fewer cycles.")
    return Repeat(body, count, one, longer, higher, total)


def lasting(body: Schedule, length: LengthLike) -> Schedule:
    """Give a schedule a window of its own: inside it, "%" and "rest" are shares of `length`.

    >>> import annealing as an
    >>> an.chain(an.lasting(an.chain(an.warmup("50%"), an.cosine()), 4), an.hold()).over(6).keyframes()[-1]
    (6, 0.0)
    """
    _phase("lasting", body)
    return Lasting(body, Length.of(length))


def _instead(value: Any) -> str:
    if isinstance(value, str):
        return f"write {value.rstrip('()')}(…), or parse({value!r})"
    if isinstance(value, Real):
        return f"write jump({value!r}) for a step, or hold() to stay"
    return (
        "chain schedules, and call .over(total) on the whole" if hasattr(value, "schedule") else "write a phase such as cosine()"
    )


def _phase(word: str, body: Any) -> None:
    if not isinstance(body, Schedule):
        raise KindError(f"{word}({body!r}, …) holds what is not a schedule: write a phase such as cosine().")
