"""What fastai's fit_one_cycle, fit_flat_cos, fit_sgdr and fine_tune do to the rate and the momentum."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from annealing.core.checks import number, positive
from annealing.core.composition import chain, lasting, repeat
from annealing.core.errors import ArgumentError
from annealing.core.phases import cosine, jump
from annealing.core.plan import Plan
from annealing.core.recipe import Recipe, RecipePlan
from annealing.core.schedule import Schedule
from annealing.dialects.catalogue import dialect
from annealing.dialects.checks import count, rate
from annealing.dialects.fastai.combined import between, edges_of, two_cosines
from annealing.dialects.pieces import joined, scaled

_MOMENTS = (0.95, 0.85, 0.95)


@dialect(
    "fastai.fit_one_cycle",
    odd="ends at lr_max/div_final, which other one-cycles divide by div as well",
    example="n_epoch=10, steps_per_epoch=100, lr_max=0.1",
)
def fit_one_cycle(
    n_epoch: int,
    lr_max: float = 1e-3,
    div: float = 25.0,
    div_final: float = 1e5,
    pct_start: float = 0.25,
    moms: Sequence[float] | None = None,
    *,
    steps_per_epoch: int,
) -> RecipePlan:
    """Rise from `lr_max / div` to `lr_max`, then fall to `lr_max / div_final`; the momentum goes the other way.

    >>> from annealing.dialects import fastai
    >>> fastai.fit_one_cycle(4, 0.1, steps_per_epoch=25).plans_for("")["lr"]
    (0.1 * chain(warmup(25, start=0.04, ease="cosine"), cosine(to=1e-5))).over(100)

    Arguments: `lr_max`, by default the learner's own 1e-3; `moms`, three momenta, by default 0.95, 0.85, 0.95.
    Odd: torch's OneCycleLR ends at lr_max/(div·div_final). Ours: `lr * onecycle("25%")`.
    Source: Smith & Topin 2017, arXiv:1708.07120.
    """
    total = _total(n_epoch, steps_per_epoch)
    rates, momenta = _one_cycle(rate("lr_max", lr_max), div, div_final, pct_start, moms, total)
    return Recipe(lr=rates, momentum=momenta).over(total)


@dialect(
    "fastai.fit_flat_cos",
    odd="start_epoch is ignored: a run that is resumed starts again",
    example="n_epoch=10, steps_per_epoch=100, lr=0.1",
)
def fit_flat_cos(
    n_epoch: int, lr: float = 1e-3, div_final: float = 1e5, pct_start: float = 0.75, *, steps_per_epoch: int
) -> Plan:
    """Stay at `lr`, then fall to `lr / div_final` along half a cosine.

    >>> from annealing.dialects import fastai
    >>> fastai.fit_flat_cos(4, 0.1, steps_per_epoch=25)
    (0.1 * chain(hold(75), cosine(to=1e-5))).over(100)

    Odd: theirs takes a `start_epoch` and ignores it. Ours: `lr * chain(hold(), cosine("25%"))`.
    """
    total = _total(n_epoch, steps_per_epoch)
    return scaled(rate("lr", lr), two_cosines(pct_start, (1.0, 1.0, 1 / positive("div_final", div_final)), total).schedule).over(
        total
    )


@dialect(
    "fastai.fit_sgdr",
    odd="from three cycles on a restart may begin with a batch at rate 0, by float32; cycle_mult=1 divides by zero",
    example="n_cycles=3, cycle_len=1, steps_per_epoch=100, lr_max=0.1",
)
def fit_sgdr(n_cycles: int, cycle_len: int, lr_max: float = 1e-3, cycle_mult: int = 2, *, steps_per_epoch: int) -> Plan:
    """Fall from `lr_max` to 0 along half a cosine `n_cycles` times, each `cycle_mult` times as long as the last.

    >>> from annealing.dialects import fastai
    >>> fastai.fit_sgdr(2, 1, 0.1, steps_per_epoch=100)
    (0.1 * repeat(cosine(), 2, first=100, growth=2)).over(300)
    >>> fastai.fit_sgdr(3, 1, 0.1, steps_per_epoch=100)(300)
    0.0

    Odd: in float32, 1/7 + 2/7 is more than 3/7, so the first batch of the third cycle is still the last of the
    second and trains at rate 0; so it does here. Equal cycles (cycle_mult=1) divide by zero in theirs.
    Raises `ArgumentError` for those.
    Ours: `lr * sgdr(3)`. Source: Loshchilov & Hutter 2016, arXiv:1608.03983.
    """
    cycles, growth = count("n_cycles", n_cycles, 1), count("cycle_mult", cycle_mult, 1)
    if growth == 1:
        raise ArgumentError(f"cycle_mult=1 divides by zero in fastai: write lr * sgdr({cycles}, growth=1) for equal cycles.")
    first = _total(cycle_len, steps_per_epoch)
    total = first * (growth**cycles - 1) // (growth - 1)
    edges = edges_of([first * growth**i / total for i in range(cycles)], total)
    if all(edge.first == edge.time for edge in edges):
        return scaled(rate("lr_max", lr_max), repeat(cosine(), cycles, first=first, growth=growth)).over(total)
    falls = [between(a, b, 1.0, 0.0, "cosine") for a, b in pairwise(edges)]
    return scaled(rate("lr_max", lr_max), joined(falls, total)).over(total)


@dialect(
    "fastai.fine_tune",
    odd="two runs in one: the second starts again from base_lr/2/div, and the head's rate is lr_mult times the body's",
    example="epochs=4, steps_per_epoch=100",
)
def fine_tune(
    epochs: int,
    base_lr: float = 2e-3,
    freeze_epochs: int = 1,
    lr_mult: float = 100,
    pct_start: float = 0.3,
    div: float = 5.0,
    div_final: float = 1e5,
    moms: Sequence[float] | None = None,
    *,
    steps_per_epoch: int,
    groups: Sequence[str] = ("body", "head"),
) -> RecipePlan:
    """Train the head for a while, then everything: two one-cycles in a row, the second with a rate for each group.

    >>> from annealing.dialects import fastai
    >>> plan = fastai.fine_tune(4, 0.2, steps_per_epoch=10, groups=("body", "head"))
    >>> plan.total, plan.plans_for("head")["lr"](22), plan.plans_for("body")["lr"](22)
    (50, 0.1, 0.001)

    Arguments: `groups`, the names of the parameter groups from first to last layer. In the first run all but the
    last use a tenth of its rate (they are frozen); in the second rates grow by equal ratios from
    base_lr/2/lr_mult to base_lr/2. Ours: `Recipe(lr=…, groups={"body": {"lr": …}})`.
    """
    before, after = _total(freeze_epochs, steps_per_epoch, least=0), _total(epochs, steps_per_epoch)
    top, names = rate("base_lr", base_lr), list(groups)
    if not names:
        raise ArgumentError("groups=() names no parameter group: write groups=('body', 'head').")
    frozen = [top / 10] * (len(names) - 1) + [top]
    steps = max(len(names) - 1, 1)
    free = [top / 2 / positive("lr_mult", lr_mult) ** ((len(names) - 1 - i) / steps) for i in range(len(names))]
    rates: dict[str, dict[str, Schedule | float]] = {}
    momenta: Schedule | None = None
    for name, low, high in zip(names, frozen, free, strict=True):
        head, first = _one_cycle(low, 25.0, div_final, 0.99, moms, max(before, 1))
        rest, second = _one_cycle(high, div, div_final, pct_start, moms, after)
        rates[name] = {"lr": _in_a_row(head, rest, before, after)}
        momenta = _in_a_row(first, second, before, after)
    assert momenta is not None
    return Recipe(momentum=momenta, groups=rates).over(before + after)


def _one_cycle(
    peak: float, div: float, div_final: float, pct_start: float, moms: Sequence[float] | None, total: int
) -> tuple[Schedule, Schedule]:
    momenta = [number("moms", m) for m in (_MOMENTS if moms is None else moms)]
    if len(momenta) != 3:
        raise ArgumentError(f"moms={moms!r} must be three momenta: write moms=(0.95, 0.85, 0.95).")
    start, end = 1 / positive("div", div), 1 / positive("div_final", div_final)
    rates = scaled(peak, two_cosines(pct_start, (start, 1.0, end), total).schedule)
    return rates, two_cosines(pct_start, momenta, total).schedule


def _in_a_row(first: Schedule, second: Schedule, before: int, after: int) -> Schedule:
    opens = second.over(after)(0)
    return chain(lasting(first, before), jump(opens), lasting(second, after)) if before else second


def _total(epochs: int, steps_per_epoch: int, least: int = 1) -> int:
    return count("epochs", epochs, least) * count("steps_per_epoch", steps_per_epoch, 1)
