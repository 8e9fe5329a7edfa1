"""Names that stand for a composition: the schedules the field knows by one word, with their papers."""

from __future__ import annotations

from annealing.core.checks import number, positive
from annealing.core.composition import chain, repeat
from annealing.core.errors import ArgumentError
from annealing.core.length import LengthLike
from annealing.core.phases import cooldown, cosine, geometric, hold, linear, power, warmup
from annealing.core.schedule import Schedule


def constant(value: float = 1.0) -> Schedule:
    """Stay at one value for the whole run.

    >>> import annealing as an
    >>> an.constant(0.1)
    0.1 * hold()
    """
    level = number("value", value)
    return hold() if level == 1 else level * hold()


def step(every: LengthLike = "30%", factor: float = 0.1) -> Schedule:
    """Multiply by `factor` at the end of every period: factor^⌊t/every⌋ (step decay).

    It is geometric decay, sampled and held. With chosen marks instead of a period, see `stairs`.

    >>> import annealing as an
    >>> an.step(every=2, factor=0.5).over(5).values()
    array([1.  , 1.  , 0.5 , 0.5 , 0.25])

    Source: the schedule of He et al. 2015, arXiv:1512.03385, among many.
    """
    return geometric(factor, per=every).every(every)


def wsd(
    warmup_length: LengthLike = "5%", cooldown_length: LengthLike = "20%", to: float = 0.0, *, ease: str = "sqrt"
) -> Schedule:
    """Warm up, stay, decay: the cooldown can be decided late (`Plan.branch`).

    >>> import annealing as an
    >>> an.wsd(2_000)
    chain(warmup(2000), hold(), cooldown("20%"))

    Source: Hu et al. 2024 (MiniCPM), arXiv:2404.06395; the 1 − √ cooldown is Hägele et al. 2024, arXiv:2405.18392.
    """
    return chain(warmup(warmup_length), hold(), cooldown(cooldown_length, to, ease=ease))


def trapezoid(warmup_length: LengthLike = "10%", cooldown_length: LengthLike = "20%", to: float = 0.0) -> Schedule:
    """Rise, stay and fall in straight lines.

    >>> import annealing as an
    >>> an.trapezoid()
    chain(warmup("10%"), hold(), linear("20%"))

    Source: Xing et al. 2018, arXiv:1802.08770.
    """
    return chain(warmup(warmup_length), hold(), linear(cooldown_length, to))


def onecycle(up: LengthLike = "30%", start: float = 1 / 25, to: float = 4e-6) -> Schedule:
    """Rise along a cosine from `start`, then fall along a cosine to `to`: one cycle for the whole run.

    >>> import annealing as an
    >>> an.onecycle()
    chain(warmup("30%", start=0.04, ease="cosine"), cosine(to=4e-6))

    Its momentum goes the other way: `0.95 - 0.1 * chain(warmup("30%", start=0, ease="cosine"), cosine())`.
    Source: Smith & Topin 2017, arXiv:1708.07120.
    """
    return chain(warmup(up, start=start, ease="cosine"), cosine(to=to))


def sgdr(
    times: int | None = 4, *, first: LengthLike | None = None, growth: float = 2.0, scale: float = 1.0, to: float = 0.0
) -> Schedule:
    """Restart a cosine `times` times, each cycle `growth` times as long as the one before.

    >>> import annealing as an
    >>> an.sgdr()
    repeat(cosine(), 4, growth=2)
    >>> an.sgdr(None, first=10)
    repeat(cosine(), first=10, growth=2)

    Source: Loshchilov & Hutter 2016, arXiv:1608.03983 (T_0 is `first`, T_mult is `growth`).
    """
    return repeat(cosine(to=to), times, first=first, growth=growth, scale=scale)


def triangular(times: int | None = 4, *, first: LengthLike | None = None, low: float = 0.1, scale: float = 1.0) -> Schedule:
    """Go up and down in straight lines between `low` and the peak, `times` times.

    >>> import annealing as an
    >>> an.triangular(2, low=0.2).over(8).values()
    array([0.2, 0.6, 1. , 0.6, 0.2, 0.6, 1. , 0.6])

    Arguments: `first`, the length of a cycle instead of their number; `low`, the bottom as a share of the
    peak; `scale`, how high each cycle's top stands above `low` compared with the one before (0.5 is "triangular2").
    Source: Smith 2015, arXiv:1506.01186.
    """
    bottom = number("low", low)
    if not 0 <= bottom < 1:
        raise ArgumentError(f"low={low!r} must be at least 0 and below the peak, 1.")
    cycle = chain(linear("50%", to=1.0, start=0.0), linear(to=0.0))
    waves = repeat(cycle, times, first=first, scale=positive("scale", scale))
    return waves if bottom == 0 else bottom + (1 - bottom) * waves


def inverse_sqrt(per: LengthLike = "10%") -> Schedule:
    """Fall as 1/√(1 + t/per).

    After a warm-up of the same length, `chain(warmup(w), inverse_sqrt(w))` is the schedule of the original
    transformer; `inverse_sqrt("1ep").every("1ep")` is η0/√epoch, epochs counted from 1.

    >>> import annealing as an
    >>> an.inverse_sqrt(1).over(4).values()
    array([1.        , 0.70710678, 0.57735027, 0.5       ])

    Source: Vaswani et al. 2017, arXiv:1706.03762.
    """
    return power(-0.5, per=per)
