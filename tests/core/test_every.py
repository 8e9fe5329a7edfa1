"""Sample and hold: the value changes only where a period begins."""

from __future__ import annotations

import numpy as np
import pytest

import annealing as an
from annealing.core.errors import LengthError
from tests.core.refusals import refused

RUN = an.Horizon(20, epochs=4)


def test_the_value_changes_every_so_many_updates() -> None:
    assert an.linear().every(2).over(8).values().tolist() == [1, 1, 0.75, 0.75, 0.5, 0.5, 0.25, 0.25]
    assert an.linear().every(1).over(8).values().tolist() == an.linear().over(8).values().tolist()
    assert an.linear().every(100).over(8).values().tolist() == [1] * 8


@pytest.mark.parametrize("period", [3, 7, "10%", "1ep", "0.5ep", "5up"])
@pytest.mark.parametrize(
    "body", [an.cosine(), an.chain(an.warmup(4), an.hold(5), an.jump(0.5), an.linear()), an.sgdr(2)], ids=str
)
def test_sampling_is_looking_back_to_where_the_period_began(body: an.Schedule, period: int | str) -> None:
    """plan.every(p)(t) is plan(p·⌊t/p⌋), also for a body of several phases."""
    size = {"10%": 2.0, "1ep": 5.0, "0.5ep": 2.5, "5up": 5.0}.get(str(period), period)
    plain = body.over(RUN)

    expected = [plain(float(np.floor(t / size) * size)) for t in range(20)]

    assert body.every(period).over(RUN).values().tolist() == pytest.approx(expected, abs=1e-15)


def test_epochs_are_the_runs_own_and_other_periods_begin_with_the_phase() -> None:
    """After a warm-up of 3 the first whole epoch begins at update 5, the first period of 4 at update 3."""
    by_epoch = an.chain(an.hold(3), an.linear().every("1ep")).over(RUN).values()
    by_count = an.chain(an.hold(3), an.linear().every(4)).over(RUN).values()

    assert np.flatnonzero(np.diff(by_epoch)).tolist() == [4, 9, 14]
    assert by_epoch[5] == pytest.approx(1 - 2 / 17)
    assert np.flatnonzero(np.diff(by_count)).tolist() == [6, 10, 14, 18]


def test_inside_a_cycle_epochs_are_still_the_runs_own() -> None:
    """Cycles of 8 on epochs of 5: a restart is seen at once, what follows at the next epoch."""
    inside = an.repeat(an.linear(8).every("1ep")).over(RUN).values()
    around = an.repeat(an.linear(8)).every("1ep").over(RUN).values()

    np.testing.assert_allclose(inside, [1] * 5 + [3 / 8] * 3 + [1] * 2 + [6 / 8] * 5 + [1 / 8] + [1] * 4)
    np.testing.assert_allclose(around, [1] * 5 + [3 / 8] * 5 + [6 / 8] * 5 + [1 / 8] * 5)


def test_in_the_tail_of_a_branch_epochs_are_still_the_runs_own() -> None:
    plan = an.hold().over(RUN).branch(7, an.geometric(0.5, per="1ep").every("1ep"))

    np.testing.assert_allclose(plan.values(), [1] * 10 + [0.5**0.6] * 5 + [0.5**1.6] * 5)


def test_the_next_phase_starts_from_what_was_last_held() -> None:
    """linear(10).every(4) is seen last at update 8, at 0.2; it never shows its end."""
    plan = an.chain(an.linear(10).every(4), an.hold(2)).over()

    np.testing.assert_allclose(plan.values(), [1] * 4 + [0.6] * 4 + [0.2] * 4)
    assert an.linear(8).every(4).over()(8) == 0  # here a period begins at the end


def test_a_percentage_is_a_share_of_the_nearest_window() -> None:
    plan = an.repeat(an.linear().every("50%"), 2).over(8)

    assert plan.values().tolist() == [1, 1, 0.5, 0.5, 1, 1, 0.5, 0.5]


def test_a_stretched_run_holds_for_as_long_in_proportion() -> None:
    plan = an.linear().every("1ep").over(RUN).stretch(40)

    np.testing.assert_allclose(plan.values(), np.repeat([1, 0.75, 0.5, 0.25], 10))


@pytest.mark.parametrize("period", [0, "0%", "rest", "2fr"])
def test_a_period_without_a_length_is_refused(period: int | str) -> None:
    with refused(LengthError, "is not a period", 'every("1ep")'):
        an.cosine().every(period)
    with refused(LengthError, "bare float"):
        an.cosine().every(2.5)  # type: ignore[arg-type]


def test_epochs_without_a_horizon_are_refused() -> None:
    with refused(LengthError, '"1ep"', "Horizon.of(loader, epochs="):
        an.cosine().every("1ep").over(100)


def test_long_periods_begin_on_time_in_arrays_too() -> None:
    """On a clock of tokens an epoch has 10¹⁰ of them, and the last one still belongs to it."""
    plan = an.linear().every(10**10).over(10**11)

    assert plan(10**10 - 1) == 1
    assert plan(np.array([10**10 - 1])).tolist() == [1]


def test_keyframes_show_the_steps() -> None:
    """Both sides of every jump: from its keyframes a staircase looks like a slope otherwise."""
    frames = an.linear().every(4).over(8).keyframes()

    assert frames == ((0, 1.0), (4, 1.0), (4, 0.5), (8, 0.5), (8, 0.0))
