"""Plans one after another: each is what it was, on a clock of its own."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

import annealing as an
from annealing.dialects.sequence import in_sequence
from tests.laws.strategies import plans

rules = st.sampled_from(["hold", "repeat"])


@given(st.lists(plans(), min_size=1, max_size=3), rules, st.lists(st.integers(0, 60), min_size=2, max_size=2))
def test_every_plan_keeps_its_own_values(parts: list[an.Plan], after: str, gaps: list[int]) -> None:
    """Whatever comes before, however far it is needed, and whatever it does past its own end."""
    assume(not any(part.journal or part.endpoint or part.unit != "updates" for part in parts))
    parts = [replace(part, after=after).checked() for part in parts]
    edges = np.cumsum(gaps)[: len(parts) - 1].tolist()
    plan = in_sequence("test", parts, edges)
    assert isinstance(plan, an.Plan)

    times = np.arange(200)
    begins = np.array([0, *edges])
    active = np.searchsorted(begins, times, side="right") - 1
    expected = np.array([parts[k](t - begins[k]) for k, t in zip(active.tolist(), times.tolist(), strict=True)])
    np.testing.assert_allclose(plan(times), expected, rtol=1e-9, atol=1e-12 * max(1.0, float(np.abs(expected).max())))
    assert an.parse(str(plan)) == plan


def test_a_plan_that_opens_with_a_product_of_no_length_keeps_its_own_values() -> None:
    opens = an.chain(an.hold(0) * (2 * an.hold(0)), an.hold()).over(40)
    plan = in_sequence("test", [(3 * an.hold()).over(40), opens], [1])
    assert isinstance(plan, an.Plan)

    assert [plan(t) for t in (0, 1, 40)] == [3.0, opens(0), opens(39)]


@given(st.integers(1, 20), st.integers(0, 70), st.sampled_from([an.linear, an.cosine]))
def test_a_mirrored_ramp_goes_to_and_fro_inside_a_sequence(total: int, edge: int, ramp: type[an.Schedule]) -> None:
    waves = (0.3 * ramp(to=0.1)).over(total, after="mirror")
    plan = in_sequence("test", [waves, waves], [edge])
    assert isinstance(plan, an.Plan)

    np.testing.assert_allclose(plan(np.arange(edge)), waves(np.arange(edge)), atol=1e-12)
    np.testing.assert_allclose(plan(edge + np.arange(100)), waves(np.arange(100)), atol=1e-12)


def test_a_plan_that_no_schedule_can_say_is_refused_by_name() -> None:
    mirrored = an.wsd(2, 3).over(10, after="mirror")

    with pytest.raises(an.AnnealingError, match="which inside a sequence only a mirrored cosine or line can do"):
        in_sequence("test", [mirrored, an.hold().over(3)], [15])
    with pytest.raises(an.AnnealingError, match="cannot be a part of another plan"):
        in_sequence("test", [an.hold().over(3, unit="tokens"), an.hold().over(3)], [2])
