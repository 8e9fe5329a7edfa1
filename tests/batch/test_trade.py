"""A decay traded for batch growth: the noise stays, the updates become fewer."""

from typing import assert_type

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import annealing as an
from annealing.batch import Trade, TradePlan, trade
from annealing.core.errors import ArgumentError, KindError

STEPS = 0.03 * an.stairs({"30%": 1 / 5, "60%": 1 / 25, "80%": 1 / 125})
RUN = an.Horizon(updates=5_000, epochs=40, samples=40_000)


def settled(schedule: an.Schedule = STEPS, total: an.Horizon | int = RUN, **options: object) -> TradePlan:
    return trade(schedule, **{"batch": 8, **options}).over(total)  # pyright: ignore[reportArgumentType]


def test_the_answer_has_a_length_where_the_schedule_has_one() -> None:
    unsettled, settled_at_once = trade(STEPS, batch=8), trade(STEPS.over(RUN, unit="samples"), batch=8)

    assert_type(unsettled, Trade)
    assert_type(settled_at_once, TradePlan)
    assert unsettled.over(RUN) == settled_at_once


decays = st.one_of(
    st.floats(0.01, 1).map(lambda low: an.cosine(to=low)),
    st.floats(0.01, 1).map(lambda low: an.chain(an.warmup("10%"), an.hold("20%"), an.linear(to=low))),
    st.floats(0.01, 1).map(lambda low: an.stairs({"40%": low})),
    st.floats(0.1, 1).map(lambda low: an.chain(an.warmup("5%"), an.exponential(to=low))),
)


@given(decays, st.integers(1, 64), st.sampled_from([1, 2, 8]), st.integers(1, 40), st.floats(1e-4, 10))
def test_rate_over_batch_is_the_schedules_also_after_rounding_and_after_the_cap(
    schedule: an.Schedule, units: int, multiple: int, room: int, peak: float
) -> None:
    before = units * multiple
    pair = settled(peak * schedule, 10_000, batch=before, max_batch=before * room, multiple=multiple)
    seen = np.arange(0, 10_000, 7)

    batch, wanted = pair.batch(seen), pair.schedule(seen)

    np.testing.assert_allclose(pair.rate(seen) / batch, wanted / before, rtol=1e-12)
    assert (batch % multiple == 0).all()
    assert batch.max() <= before * room
    assert batch.min() >= multiple


@given(decays, st.integers(1, 40))
def test_seesaw_keeps_rate_over_the_root_of_the_batch(schedule: an.Schedule, room: int) -> None:
    pair = settled(schedule, 10_000, max_batch=8 * room, rule="seesaw")
    seen = np.arange(0, 10_000, 7)

    np.testing.assert_allclose(pair.rate(seen) / pair.batch(seen) ** 0.5, pair.schedule(seen) / 8**0.5, rtol=1e-12)


def test_seesaw_gives_the_root_of_every_factor_to_the_rate() -> None:
    pair = settled(an.stairs({"50%": 1 / 4}), 1_000, rule="seesaw")

    assert (pair.rate(0), pair.batch(0)) == (1.0, 8.0)
    assert (pair.rate(500), pair.batch(500)) == (0.5, 32.0)


def test_pure_growth_leaves_the_rate_alone() -> None:
    pair = settled()

    assert {round(float(rate), 12) for rate in pair.rate(pair.begins)} == {0.03}
    assert [pair.batch(seen) for seen in (0, 12_000, 24_000, 32_000)] == [8, 40, 200, 1_000]


def test_a_hybrid_decays_the_rate_once_the_batch_fits_no_more() -> None:
    pair = settled(max_batch=100)

    assert [pair.batch(seen) for seen in (0, 12_000, 24_000, 32_000)] == [8, 40, 100, 100]
    assert [round(pair.rate(seen), 9) for seen in (0, 12_000, 24_000, 32_000)] == [0.03, 0.03, 0.015, 0.003]


def test_a_raised_rate_takes_the_batch_with_it() -> None:
    pair = settled(raise_rate=2)

    assert (pair.rate(0), pair.batch(0)) == (0.06, 16.0)
    assert pair.rate(0) / pair.batch(0) == pair.schedule(0) / 8


def test_a_raised_momentum_is_paid_for_in_samples() -> None:
    pair = settled(momentum=0.9, raise_momentum=0.98)

    assert pair.momentum == 0.98
    assert pair.batch(0) == 40
    assert pair.rate(0) == pytest.approx(0.03)
    noise = pair.rate(0) / pair.batch(0) / (1 - 0.98)
    assert noise == pytest.approx(pair.schedule(0) / 8 / (1 - 0.9), rel=1e-12)


def test_a_warm_up_is_no_decay() -> None:
    pair = settled(an.chain(an.warmup("10%"), an.hold("40%"), an.stairs({"25%": 0.5})), 1_000)

    assert {pair.batch(seen) for seen in range(500)} == {8.0}
    assert pair.rate(10) == pair.schedule(10)
    assert pair.batch(999) == 16


def test_updates_are_counted_exactly_epoch_by_epoch() -> None:
    pair = settled()

    assert pair.epoch == 1_000
    assert pair.updates_before() == 40 * 125
    assert pair.updates() == 12 * 125 + 12 * 25 + 8 * 5 + 8 * 1
    assert pair.sizes.sum() == 40_000
    assert pair.begins[-1] + pair.sizes[-1] == 40_000


def test_the_same_pair_counted_in_updates_is_the_same_pair() -> None:
    for schedule in (STEPS, 0.1 * an.cosine(to=0.1)):
        pair = settled(schedule, 10_000)
        t = np.arange(pair.updates())

        np.testing.assert_array_equal(pair.rate_by_update()(t), pair.rate(pair.begins))
        np.testing.assert_array_equal(pair.batch_by_update()(t), pair.sizes)
        assert pair.rate_by_update().total == pair.updates()


def test_a_plan_over_samples_is_traded_at_once_and_its_parts_are_text() -> None:
    pair = trade(STEPS.over(RUN, unit="samples"), batch=8)

    assert pair == settled()
    assert an.parse(str(settled(total=40_000).rate)) == settled(total=40_000).rate


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"schedule": an.cosine()}, "max_batch="),
        ({"schedule": 0 * an.hold()}, "never rises above 0"),
        ({"batch": 100, "multiple": 64}, "write 128"),
        ({"max_batch": 4}, "below the batch"),
        ({"raise_rate": 0.5}, "1 or more"),
        ({"rule": "adam"}, "'seesaw'"),
        ({"rule": "seesaw", "raise_rate": 2}, "leave raise_rate"),
        ({"momentum": 0.9}, "belong together"),
        ({"momentum": 0.9, "raise_momentum": 0.5}, "the second above the first"),
    ],
)
def test_what_contradicts_itself_is_refused_with_what_to_write(options: dict[str, object], words: str) -> None:
    with pytest.raises(ArgumentError, match=words):
        settled(**options)  # pyright: ignore[reportArgumentType]


def test_a_plan_over_updates_cannot_be_traded() -> None:
    with pytest.raises(KindError, match="its clock would bend"):
        trade(STEPS.over(5_000), batch=8)
