"""Which phase is in force, told from the same pieces that the values come from."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import annealing as an

LR = 3e-4 * an.chain(an.warmup(20), an.hold(), an.cooldown("20%"))


def phases(plan: an.Plan, count: int | None = None) -> list[tuple[str, int, int]]:
    """Every phase that is in force, with its first and last update."""
    found: list[tuple[str, int, int]] = []
    for t in range(count or int(plan.total)):
        phase = str(plan.why(t).phase)
        if not found or found[-1][0] != phase or plan.why(t).begin == t:
            found.append((phase, t, t))
        found[-1] = (*found[-1][:2], t)
    return found


def test_the_phases_of_a_chain_come_one_after_the_other() -> None:
    assert phases(LR.over(100)) == [("warmup(20)", 0, 19), ("hold()", 20, 79), ('cooldown("20%")', 80, 99)]


@given(t=st.integers(0, 99), k=st.floats(0.1, 10))
@settings(max_examples=30)
def test_scaling_clipping_and_rounding_change_values_and_no_reason(t: int, k: float) -> None:
    plain = LR.over(100).why(t)

    for other in (k * LR, LR**k, LR.clip(high=1e-4), (LR * 1e6).rounded(2), 1 - 0.1 * LR):
        assert other.over(100).why(t) == plain


def test_a_reason_says_how_far_its_phase_is() -> None:
    reason = LR.over(100).why(85)

    assert (reason.index, reason.begin, reason.end, reason.local) == (2, 80, 100, 5)
    assert str(reason) == 'cooldown("20%"): 5 of 20'


def test_a_product_of_schedules_is_in_a_product_of_phases() -> None:
    plan = (an.chain(an.warmup(4), an.hold()) * an.stairs({"50%": 0.5})).over(10)

    assert [phase for phase, _, _ in phases(plan)] == [
        'warmup(4) * stairs({"50%": 0.5})',
        'hold() * stairs({"50%": 0.5})',
    ]


def test_the_steps_of_one_table_are_one_phase() -> None:
    assert phases(an.stairs({"25%": 0.5, "50%": 0.1}).over(8)) == [('stairs({"25%": 0.5, "50%": 0.1})', 0, 7)]


@pytest.mark.parametrize("total", [12, 1_000_000_000])  # written out, and one cycle that stands for all
def test_a_repetition_says_which_cycle_it_is(total: int) -> None:
    plan = an.repeat(an.chain(an.warmup(1), an.cosine(3))).over(total)

    assert [(str(plan.why(t).phase), plan.why(t).cycles, plan.why(t).local, plan.why(t).index) for t in (0, 3, 4, 9)] == [
        ("warmup(1)", (0,), 0, 0),
        ("cosine(3)", (0,), 2, 1),
        ("warmup(1)", (1,), 0, 2),
        ("cosine(3)", (2,), 0, 5),
    ]
    assert [(plan.why(t).begin, plan.why(t).end) for t in (4, 9)] == [(4, 5), (9, 12)]


def test_a_repetition_inside_another_names_both() -> None:
    inner = an.repeat(an.cosine(), times=2)

    assert an.repeat(inner, times=2).over(8).why(6).cycles == (1, 1)


def test_sampling_once_an_epoch_stays_in_the_phase() -> None:
    plan = an.chain(an.warmup(6), an.cosine()).every(4).over(20)

    assert [str(plan.why(t).phase) for t in (0, 5, 6, 9, 19)] == ["warmup(6)", "warmup(6)", "cosine()", "cosine()", "cosine()"]


class TestEdits:
    RUNNING = (3e-4 * an.chain(an.warmup(20), an.hold())).over(an.inf)

    def test_a_branch_is_the_reason_from_where_it_begins(self) -> None:
        plan = self.RUNNING.branch(at=60, tail=an.cooldown(), total=80, why="the loss is flat")

        assert plan.why(59).edit is None
        assert plan.why(60).edit == plan.journal[0]
        assert str(plan.why(70)) == "cooldown(): 10 of 20, by " + str(plan.journal[0])

    def test_a_stretch_is_a_reason_everywhere_and_keeps_every_phase(self) -> None:
        plan = LR.over(100).stretch(200)

        assert plan.why(0).edit == plan.journal[0]
        assert phases(plan) == [("warmup(20)", 0, 39), ("hold()", 40, 159), ('cooldown("20%")', 160, 199)]
        assert plan.why(170).local == 10

    def test_the_latest_edit_counts(self) -> None:
        plan = LR.over(100).branch(at=60, tail=an.hold()).branch(at=80, tail=an.linear())

        assert [plan.why(t).edit for t in (59, 60, 80)] == [None, *plan.journal]

    def test_a_branch_beyond_the_end_waits_in_the_last_phase(self) -> None:
        plan = LR.over(100).branch(at=120, tail=an.chain(an.jump(1e-5), an.hold()), total=140, absolute=True)

        assert str(plan.why(110).phase) == 'cooldown("20%")'
        assert str(plan.why(130).phase) == "hold()"


def test_after_the_end_the_last_phase_is_over() -> None:
    reason = LR.over(100).why(140)

    assert reason.ended
    assert str(reason) == 'cooldown("20%"): over'


def test_a_run_that_begins_again_begins_its_phases_again() -> None:
    assert str(LR.over(100, after="repeat").why(110)) == "warmup(20): 10 of 20"


@pytest.mark.parametrize(
    "text", ["wsd", "onecycle", "trapezoid", "sgdr(times=3)", "step(10, 0.5)", "triangular(times=2)", "inverse_sqrt(5)"]
)
def test_every_update_of_every_family_has_a_phase(text: str) -> None:
    plan = an.parse(text).over(30)

    reasons = [plan.why(t) for t in range(30)]

    assert all(reason.begin <= t < reason.end and reason.phase for t, reason in enumerate(reasons))
    assert [reason.index for reason in reasons] == sorted(reason.index for reason in reasons)
    assert reasons[0].index == 0
