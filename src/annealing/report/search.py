"""The search behind a recommendation, as figures: what was tried, what mattered, where each optimizer's rates lie."""

from __future__ import annotations

import math
from collections.abc import Sequence

from annealing.report.figures import Axis, Dot, Dots, Line, Lines, Table
from annealing.report.ranges import axis, inside, round_numbers
from annealing.report.words import count, number
from annealing.study.tuned import Tried, Tuned

_SHOWN = 12  # rows of the table of what was tried
_AHEAD = 3.0  # losses that are so many times as far from the best as the median are drawn at the upper border


def cloud(tuned: Tuned) -> Lines:
    """Show every setting that was tried: its loss against its peak rate, one colour per schedule (or optimizer, if several)."""
    by = "optimizer" if len({one.values.get("optimizer") for one in tuned.tried}) > 1 else "schedule"
    groups: dict[str, list[Tried]] = {}
    for one in tuned.tried:
        groups.setdefault(str(one.values.get(by, "constant")), []).append(one)
    finite = sorted(one.loss for one in tuned.tried if math.isfinite(one.loss))
    reach = finite[0] + _AHEAD * (finite[len(finite) // 2] - finite[0]) if finite else math.inf
    y = axis("validation loss where it ended", [loss for loss in finite if loss <= reach] or finite)
    rates = [rate for one in tuned.tried if (rate := _rate(one)) > 0]
    low, high = (min(rates), max(rates)) if rates else (0.1, 1.0)
    return Lines(
        title="What was tried",
        caption=f"{count(len(tuned.tried), 'run')} of the search, one dot each; hollow ones were given up on the way, "
        f"crosses diverged or lie above{_again(tuned)}.",
        x=Axis("learning rate (peak)", low / 1.15, high * 1.15, "log", round_numbers(low / 1.15, high * 1.15)),
        y=y,
        lines=tuple(_dots(name, groups[name], y) for name in sorted(groups)),
    )


def given_up(tuned: Tuned) -> frozenset[tuple[float, float]]:
    """Return the places of dots whose runs were given up on the way."""
    return frozenset((_rate(one), one.loss) for one in tuned.tried if one.cut)


def influences(tuned: Tuned) -> Dots:
    """Show how much each hyper-parameter matters."""
    dots = tuple(
        Dot(one.name, one.share, one.interval, (), one.note if one.share is None else f"{one.share:.0%}")
        for one in tuned.importance
    )
    highest = max((edge for one in tuned.importance if one.interval for edge in one.interval), default=1.0)
    return Dots(
        title="What mattered",
        caption=f"Among the runs of the search: {tuned.importance_method}.",
        x=Axis("share of the order explained", 0.0, max(0.1, 1.05 * highest)),
        dots=dots,
    )


def range_tests(tuned: Tuned) -> tuple[Lines, ...]:
    """Draw the range test of each optimizer: a short scan of constant rates, then whole runs."""
    return tuple(_range(found, tuned) for found in tuned.ranges)


def tried_table(tuned: Tuned) -> Table:
    """List the best settings of the search as it ranked them: those that were repeated, those trained to the end, the others."""
    settings: dict[int, list[Tried]] = {}
    for one in tuned.tried:
        settings.setdefault(one.number, []).append(one)
    ranked = sorted(settings.values(), key=_rank)[:_SHOWN]
    names = list(dict.fromkeys(name for runs in ranked for name in runs[0].values))
    rows = tuple(
        (
            f"#{runs[0].number}",
            *(_written(runs[0].values.get(name)) for name in names),
            number(_mean(runs), fixed=True),
            _end(runs),
        )
        for runs in ranked
    )
    return Table(("", *names, "loss", "trained"), rows)


def setting_table(tuned: Tuned) -> Table:
    """List the values of the setting to use."""
    return Table(("", ""), tuple((name, _written(value)) for name, value in tuned.values.items()))


def _dots(name: str, group: Sequence[Tried], y: Axis) -> Line:
    seen = [one for one in group if math.isfinite(one.loss) and one.loss <= y.high and not one.diverged]
    lost = [one for one in group if one not in seen]
    return Line(
        name,
        tuple(_rate(one) for one in seen),
        tuple(one.loss for one in seen),
        crosses=tuple((_rate(one), inside(y, math.inf)) for one in lost),
    )


def _rate(one: Tried) -> float:
    rate = one.values.get("lr", 1.0)
    return float(rate) if isinstance(rate, int | float) else 1.0


def _range(found: object, tuned: Tuned) -> Lines:
    assert isinstance(found, dict)
    scan, whole = found["scan"], found["whole"]
    losses = [loss for _, loss in (*scan, *whole) if loss is not None]
    first = max((loss for _, loss in scan[:1] if loss is not None), default=math.inf)
    y = axis("validation loss", [loss for loss in losses if loss <= 1.15 * first] or losses)
    rates = [rate for rate, _ in (*scan, *whole)] or [0.1, 1.0]
    looked = found["looked_at"]
    said = (
        "no answer: the rates stay as they were"
        if looked is None
        else f"looked at: {number(looked[0], 2)} to {number(looked[1], 2)}"
    )
    name = found["optimizer"] or "its own optimizer"
    stages = "short constant rates, then whole runs" if whole else "short constant rates"
    return Lines(
        title=f"Range test, {name}",
        caption=f"{said}; {stages}, which cost {number(found['cost'], 2)} runs in all",
        x=Axis("learning rate", min(rates) / 1.3, max(rates) * 1.3, "log"),
        y=y,
        lines=tuple(_pairs(word, pairs, y) for word, pairs in (("whole runs", whole), ("scan", scan)) if pairs),
    )


def _pairs(name: str, pairs: Sequence[Sequence[float | None]], y: Axis) -> Line:
    seen = [(rate, loss) for rate, loss in pairs if rate is not None and loss is not None and loss <= y.high]
    lost = [rate for rate, loss in pairs if rate is not None and (loss is None or loss > y.high)]
    return Line(
        name,
        tuple(rate for rate, _ in seen),
        tuple(loss for _, loss in seen),
        crosses=tuple((rate, inside(y, math.inf)) for rate in lost),
    )


def _written(value: object) -> str:
    return "–" if value is None else number(value, 3) if isinstance(value, float) else str(value)


def _again(tuned: Tuned) -> str:
    return "; the best were trained from more seeds" if any(one.repeat for one in tuned.tried) else ""


def _rank(runs: Sequence[Tried]) -> tuple[bool, bool, bool, float, int]:
    lost, again = any(one.diverged for one in runs), any(one.repeat for one in runs)
    return lost, not again, any(one.cut for one in runs), _mean(runs), runs[0].number


def _mean(runs: Sequence[Tried]) -> float:
    return math.fsum(one.loss for one in runs) / len(runs)


def _end(runs: Sequence[Tried]) -> str:
    for one in runs:
        if one.diverged or one.cut:
            return f"{'diverged' if one.diverged else 'given up'} at {one.updates}"
    return "to the end" if len(runs) == 1 else f"to the end, from {len(runs)} seeds"
