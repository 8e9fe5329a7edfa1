"""Random nested schedules: every node, every unit of length, arithmetic at every level."""

from __future__ import annotations

from hypothesis import strategies as st

import annealing as an
from annealing.core.schedule import Schedule

counts = st.integers(0, 12)
percents = st.integers(0, 12).map(lambda n: f"{n}%")
shares = st.sampled_from(["rest", "2fr", "0.5fr"])
lengths = st.one_of(counts, percents, shares)
values = st.floats(0.1, 3.0).map(lambda x: round(x, 3))
starts = st.one_of(st.none(), values)
eases = st.sampled_from(["linear", "cosine", "sqrt", "square", "u^0.7", "1-(1-u)^3"])
scales = st.one_of(st.integers(5, 50), st.integers(5, 40).map(lambda n: f"{n}%"))

phases = st.one_of(
    st.builds(lambda n, to, start, ease: an.warmup(n, to, start=start, ease=ease), counts, values, starts, eases),
    st.builds(an.hold, lengths),
    st.builds(lambda n, to, start, ease: an.cooldown(n, to, start=start, ease=ease), lengths, values, starts, eases),
    st.builds(lambda n, to, p: an.polynomial(n, to, power=p), lengths, values, st.sampled_from([0.5, 1.0, 2.0, 3.5])),
    st.builds(lambda n, to, start: an.exponential(n, to, start=start), lengths, values, starts),
    st.builds(an.geometric, st.floats(0.5, 1.1), scales, lengths),
    st.builds(an.power, st.sampled_from([-1.0, -0.5, -2.0, 0.3]), scales, lengths),
    st.builds(an.inverse_time, st.floats(0, 3), scales, lengths),
    st.builds(an.jump, values),
    st.builds(an.stairs, st.just({"30%": 0.5, "60%": 0.25}), lengths),
    st.builds(lambda n, ease: an.table({"20%": 0.4, "50%": 1.0, "90%": 0.2}, n, ease=ease), lengths, eases),
    st.builds(an.table, st.lists(values, min_size=1, max_size=6)),
)


def _repeated(body: Schedule, times: int, growth: float, scale: float) -> Schedule:
    try:
        return an.repeat(an.chain(body, an.hold()), times, growth=growth, scale=scale)
    except an.AnnealingError:  # a body whose lengths clash is refused here already
        return body


def _deeper(inner: st.SearchStrategy[Schedule]) -> st.SearchStrategy[Schedule]:
    return st.one_of(
        st.lists(inner, min_size=1, max_size=3).map(lambda parts: an.chain(*parts)),
        st.builds(lambda a, b: an.chain(a, b, an.hold()), inner, inner),
        st.builds(lambda k, s: k * s, values, inner),
        st.builds(lambda c, s: s + c, values, inner),
        st.builds(lambda c, s: c - s, values, inner),
        st.builds(lambda k, s: s / k, values, inner),
        st.builds(lambda s, k: k / s.clip(low=0.1), inner, values),
        st.builds(lambda s: s.clip(low=0.1) ** 0.5, inner),
        st.builds(lambda s, low, gap: s.clip(low=low, high=low + gap), inner, values, values),
        st.builds(lambda s, n: s.every(n), inner, st.one_of(st.integers(1, 9), st.just("10%"))),
        st.builds(an.lasting, inner, lengths),
        st.builds(_repeated, inner, st.integers(1, 3), st.sampled_from([1.0, 2.0]), st.sampled_from([1.0, 0.5])),
        st.builds(lambda a, b: a * b, inner, inner),
        st.builds(lambda a, b: a + b, inner, inner),
        st.builds(an.minimum, inner, inner),
        st.builds(an.maximum, inner, values),
    )


schedules: st.SearchStrategy[Schedule] = st.recursive(phases, _deeper, max_leaves=6)
totals = st.integers(40, 300)


def accepted(schedule: Schedule, total: int) -> an.Plan | None:
    """The plan, or None where the schedule does not fit a run of this length."""
    try:
        return schedule.over(total)
    except an.AnnealingError:
        return None


@st.composite
def plans(draw: st.DrawFn) -> an.Plan:
    """A plan of a random schedule; what does not fit alone is given a hold to fill the rest."""
    schedule, total = draw(schedules), draw(totals)
    plan = accepted(schedule, total) or accepted(an.chain(schedule, an.hold()), total)
    if plan is None:
        from hypothesis import reject

        reject()
    return plan
