"""Where a first sketch of this library broke its own laws. Each line of that list is a test here, with its story."""

from __future__ import annotations

from math import cos, inf, pi, sqrt

import numpy as np
import pytest

import annealing as an
from annealing.core.errors import KindError, LengthError, ParseError, RampError
from tests.conftest import require
from tests.core.refusals import refused


def test_a_factor_of_one_inside_a_chain_changes_nothing() -> None:
    """The sketch gave 1.0 where the flat chain gave 0.81: a chain behind `1 *` was one phase and lost its lengths."""
    nested = an.chain(1 * an.chain(an.warmup(10), an.hold(20)), an.cosine()).over(100)
    flat = an.chain(an.chain(an.warmup(10), an.hold(20)), an.cosine()).over(100)

    assert nested(50) == flat(50) == pytest.approx((1 + cos(pi * 20 / 70)) / 2)
    np.testing.assert_array_equal(nested.values(), flat.values())


def test_a_written_length_at_the_top_level_is_not_stretched_over_the_run() -> None:
    """The sketch spread `warmup(10)` over all 100 updates; now the 90 that nobody covers are refused."""
    with refused(LengthError, "cover 10 of 100", "add hold()"):
        an.warmup(10).over(100)
    assert an.warmup(10).over().total == 10


def test_a_written_length_under_a_clip_is_kept() -> None:
    """The sketch forgot the 10 below `.clip`, and warmed up for half of the run."""
    plan = an.chain(an.warmup(10).clip(low=0.01), an.cosine()).over(100)

    assert plan(9) == pytest.approx(10 / 11)
    assert plan(10) == 1.0


def test_a_written_length_as_the_tail_of_a_branch_is_kept() -> None:
    """The sketch never cooled down on an endless run: at update 60 the rate was still 3e-4."""
    plan = (3e-4 * an.chain(an.warmup(10), an.hold())).over(inf).branch(41, an.cooldown(8))

    assert plan.total == 49
    assert plan(41) == 3e-4
    assert plan(45) == pytest.approx(3e-4 * (1 - sqrt(0.5)))
    assert plan(60) == 0.0


@pytest.mark.parametrize("both", [an.linear(10) * an.cosine(20), an.cosine(20) * an.linear(10)], ids=str)
def test_two_written_lengths_under_one_product_are_refused_in_either_order(both: an.Schedule) -> None:
    """The sketch took the left one, so a product was not commutative: 0.0 one way round, 0.25 the other."""
    with refused(LengthError, "two different lengths, ", "10", "20", "leave one without a length"):
        an.chain(both, an.hold()).over(100)


def test_parts_that_do_not_add_up_to_the_whole_are_refused() -> None:
    """The sketch returned [10, 20] for a run of 100 and said nothing about the other 70."""
    with refused(LengthError, "cover 30 of 100", "add hold()", '"rest"'):
        an.split(100, [an.Length(10), an.Length(20)])


def test_updates_that_no_phase_covers_are_refused() -> None:
    """The sketch trained 70 updates at a rate of 0, silently."""
    with refused(LengthError, "cover 30 of 100", "10 + 20", "add hold()"):
        an.chain(an.warmup(10), an.cosine(20)).over(100)


def test_rounding_never_changes_a_count() -> None:
    """The sketch rounded the 10 % of 5 up and took the missing half update from the exact count beside it."""
    assert an.split(5, ["10%", 1, "rest"]) == [0, 1, 4]


def test_a_product_that_opens_elsewhere_than_the_last_phase_ended_is_refused() -> None:
    """The sketch jumped from 0.51 to 1 without anybody having written a jump."""
    with refused(RampError, "opens at 1 ", "ends at 0.5", "write jump(1)"):
        an.chain(an.linear(50, to=0.5), an.cosine() * an.linear(to=0.8)).over(100)

    meant = an.chain(an.linear(50, to=0.5), an.jump(1), an.cosine() * an.linear(to=0.8)).over(100)
    assert (meant(49), meant(50)) == (pytest.approx(0.51), 1.0)


def test_a_warmup_in_the_middle_starts_where_the_run_is() -> None:
    """The sketch fell from 1 to 0 to warm up again."""
    plan = an.chain(an.hold(50), an.warmup(10), an.hold()).over(100)

    np.testing.assert_array_equal(plan.values(), np.ones(100))


def test_a_number_over_a_ramp_starts_where_the_run_is() -> None:
    """The sketch fell from 0.51 to 0.1: the division was not undone on the value that the ramp inherits."""
    plan = an.chain(an.linear(50, to=0.5), 0.1 / an.linear(to=1)).over(100)

    assert plan(49) == pytest.approx(0.51)
    assert plan(50) == pytest.approx(0.5)
    assert plan(75) == pytest.approx(0.1 / 0.6)  # what is below goes from 0.2 to 1
    assert plan(100) == pytest.approx(0.1)


def test_a_long_count_reads_back() -> None:
    """The sketch wrote a million as 1e+06 and then refused to read it."""
    assert str(an.hold(1_000_000)) == "hold(1000000)"
    assert an.parse(str(an.hold(1_000_000))) == an.hold(1_000_000)


def test_a_count_of_seven_digits_survives_json() -> None:
    """The sketch rounded it to six digits."""
    assert an.from_json(an.to_json(an.hold(1234567))) == an.hold(1234567)


def test_a_third_reads_back_to_the_same_bits() -> None:
    """The sketch wrote 0.333333."""
    assert an.parse(str(an.linear(to=1 / 3))) == an.linear(to=1 / 3)


def test_the_schedule_of_a_plan_can_be_written() -> None:
    """The sketch resolved a chain into something it had no words for."""
    schedule = an.chain(an.warmup(10), an.cosine())
    plan = schedule.over(100)

    assert str(plan.schedule) == "chain(warmup(10), cosine())"
    assert an.parse(str(plan.schedule)) == schedule
    assert an.parse(str(plan)) == plan


@pytest.mark.parametrize(
    ("text", "teaching"),
    [
        pytest.param("1/0", "has no value", id="a ZeroDivisionError leaked"),
        pytest.param("1" + "+1" * 5000, "try 3e-4 * chain", id="a RecursionError leaked"),
        pytest.param("'a' * 99999999999", "joins numbers and schedules", id="a MemoryError leaked: a denial of service"),
    ],
)
def test_text_that_cannot_be_a_schedule_is_refused_by_the_parser(text: str, teaching: str) -> None:
    """The sketch let Python's own errors out, one of them after filling the memory."""
    with refused(ParseError, teaching):
        an.parse(text)


def test_a_share_where_a_value_belongs_is_refused_at_once() -> None:
    """The sketch accepted it and failed much later, with a TypeError."""
    with refused(KindError, "is a value, not a length", "to=0.1"):
        an.parse("cosine(to=10%)")


def test_a_plan_can_be_multiplied() -> None:
    """The sketch knew arithmetic on schedules only."""
    plan = 3e-4 * an.cosine().over(10)

    assert isinstance(plan, an.Plan)
    np.testing.assert_allclose(plan.values(), 3e-4 * (1 + np.cos(np.pi * np.arange(10) / 10)) / 2, rtol=1e-12)


def test_a_finished_run_can_rise_again() -> None:
    """The sketch counted the tail from the value reached, which was 0, and stayed at 0 for ever without a word."""
    tail = an.chain(an.warmup(10), an.cosine())
    with refused(RampError, "the value reached at 100 is 0", "absolute=True"):
        an.cosine().over(100).branch(100, tail, total=200)

    again = an.cosine().over(100).branch(100, tail, total=200, absolute=True)
    assert (again(100), again(105), again(110)) == (0.0, 0.5, 1.0)
    assert again(150) == pytest.approx((1 + cos(pi * 40 / 90)) / 2)


def test_a_rounded_batch_has_a_least_size_and_one_type() -> None:
    """The sketch gave a batch of 0, as an int for a number and as float64 for an array."""
    plan = (256 * an.cosine()).rounded(64, minimum=64).over(10)

    assert plan(9) == 64.0
    assert type(plan(9)) is float
    assert plan(np.arange(10)).dtype == np.float64
    assert plan.values().tolist() == [256, 256, 256, 192, 192, 128, 64, 64, 64, 64]
    assert type((256 * an.cosine()).rounded(64).over(10)(9)) is float


def test_the_last_updates_of_a_long_run_are_right_under_jit() -> None:
    """The sketch computed 1 − t/n in float32: 1.3 % off in the last 100 of a million updates."""
    jax = require("jax")
    plan = an.linear().over(10**6)
    t = np.arange(10**6 - 100, 10**6)

    np.testing.assert_allclose(np.asarray(jax.jit(plan)(jax.numpy.asarray(t))), (10**6 - t) / 10**6, rtol=1e-6)


def test_a_run_longer_than_32_bits_compiles() -> None:
    """The sketch raised OverflowError: its length did not fit into a whole number of the device."""
    jax = require("jax")
    compiled = jax.jit(an.cosine().over(4_000_000_000))

    assert float(compiled(jax.numpy.int32(5))) == 1.0
    assert float(compiled(jax.numpy.int32(2_000_000_000))) == pytest.approx(0.5, abs=2e-6)


def test_the_last_update_of_a_cooldown_is_not_zero_in_torch() -> None:
    """The sketch lost 3e-8 to float32, where 1 − √u is all rounding."""
    torch = require("torch")
    left = 1 / 2**24  # 1 − √(1 − x) without cancellation: x/(1 + √(1 − x))

    value = an.cooldown().over(2**24)(torch.tensor(2**24 - 1))

    assert value.item() == pytest.approx(left / (1 + sqrt(1 - left)), rel=1e-12)


def test_whole_number_tensors_give_float64() -> None:
    """The sketch answered an int64 tensor in float32."""
    torch = require("torch")

    assert an.cosine().over(10)(torch.arange(10)).dtype == torch.float64


def test_bytes_count_as_updates() -> None:
    """The sketch raised OverflowError, because 2000 does not fit into the array's own type."""
    plan = an.chain(an.warmup(2000), an.hold()).over(3000)

    np.testing.assert_allclose(plan(np.arange(3, dtype=np.uint8)), np.array([1, 2, 3]) / 2001, rtol=1e-12)
