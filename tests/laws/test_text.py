"""Reading back what was written gives the same value, to the last bit."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

import annealing as an
from annealing.core.schedule import Schedule
from tests.laws.strategies import plans, schedules, values

finite = st.floats(allow_nan=False, allow_infinity=False)


@given(schedules)
def test_a_schedule_reads_back_from_its_text(schedule: Schedule) -> None:
    """parse(str(s)) == s."""
    assert an.parse(str(schedule)) == schedule


@given(plans(), st.integers(0, 30), values)
def test_a_plan_reads_back_from_its_text_with_its_journal(plan: an.Plan, at: int, to: float) -> None:
    """Branches and stretches are part of the text."""
    edited = plan.stretch(int(plan.total) * 2).branch(
        at, an.chain(an.jump(to), an.hold()), absolute=True, why="a 'quoted' reason"
    )
    for value in (plan, edited):
        assert an.parse(str(value)) == value


@given(plans())
def test_json_is_the_text_in_an_envelope(plan: an.Plan) -> None:
    """from_json(to_json(x)) == x, for schedules, plans and recipes."""
    recipe = an.Recipe(lr=plan.schedule, momentum=0.9, groups={"layer.*": {"lr": 0.5 * plan.schedule}})
    for value in (plan, plan.schedule, recipe, recipe.over(int(plan.total))):
        assert an.from_json(an.to_json(value)) == value
        assert json.loads(an.to_json(value))["annealing"] == 1


@given(finite, finite, st.integers(0, 10**12))
def test_numbers_read_back_to_the_same_bits(a: float, b: float, n: int) -> None:
    """No digit is lost, however odd the number."""
    schedule = a * an.cosine(n, to=b)
    assert an.parse(str(schedule)) == schedule


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused_as_ours(text: str) -> None:
    """No text, however strange, brings out another library's error."""
    try:
        an.parse(text)
    except an.AnnealingError as error:
        assert str(error)
        assert "\n" not in str(error)


@given(
    st.lists(
        st.sampled_from(
            [*"()+-*/,=' \"", "cosine", "chain", "warmup", "hold", "over", ".", "10%", "1e3", "to", "rest", "inf", "**"]
        ),
        max_size=20,
    )
)
def test_any_words_are_read_or_refused_as_ours(parts: list[str]) -> None:
    """Near misses of the language are refused by the language."""
    try:
        an.parse("".join(parts))
    except an.AnnealingError as error:
        assert str(error)
