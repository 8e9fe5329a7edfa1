"""One language: what prints is what reads, and whatever cannot be read is refused in one line."""

from __future__ import annotations

import json
from typing import Any

import pytest

import annealing as an
from annealing.core.errors import ArgumentError, KindError, LengthError, ParseError
from annealing.core.text import parse_edit
from tests.core.refusals import refused


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("cosine", an.cosine()),
        ("hold()", an.hold()),
        ("0.1", an.constant(0.1)),
        ("-1e-3", an.constant(-1e-3)),
        ("1", an.hold()),
        ("3e-4 * chain(warmup(2000), hold, cooldown(20%))", 3e-4 * an.chain(an.warmup(2000), an.hold(), an.cooldown("20%"))),
        ("chain(warmup(5 %), hold(3ep), linear(2e9tok), hold(2fr), hold(rest))", None),
        ("wsd(5%, 20%)", an.wsd("5%", "20%")),
        ("stairs({50%: 0.1, 75%: 0.01})", an.stairs({"50%": 0.1, "75%": 0.01})),
        ("table([1, 0.5, 2])", an.table([1, 0.5, 2])),
        ("cosine.every(1ep)", an.cosine().every("1ep")),
        ("1/3 * cosine(to=1/10)", 1 / 3 * an.cosine(to=0.1)),
        ("0.95 - 0.1*cosine", 0.95 - 0.1 * an.cosine()),
        ("-(2 * cosine + 1) ** 2", -((2 * an.cosine() + 1) ** 2)),
        ("minimum(cosine, 0.5).clip(low=0.1).rounded(0.1, minimum=0.2)", None),
        ("repeat(cosine, first=10, growth=2)", an.sgdr(None, first=10)),
        ("linear.over(4)", an.linear().over(4)),
        ("hold.over(inf).branch(at=41, tail=cooldown(8))", an.hold().over(float("inf")).branch(41, an.cooldown(8))),
        ("cosine.over(Horizon(100, epochs=4), unit='epochs')", an.cosine().over(an.Horizon(100, epochs=4), unit="epochs")),
        ("Recipe(lr=cosine, groups={'*.bias': {'weight_decay': 0}})", None),
        ("  3e-4 *\n chain(\n  warmup(10),\n  cosine,\n )  # a comment", None),
    ],
)
def test_text_reads_like_this(text: str, value: Any) -> None:
    """Lengths need no quotes and words without arguments no parentheses, on input only."""
    text = text if "\n" not in text else f"({text}\n)"
    parsed = an.parse(text)

    if value is not None:
        assert parsed == value
    assert an.parse(str(parsed)) == parsed
    assert eval(str(parsed), vars(an)) == parsed


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (3e-4 * an.chain(an.warmup(2_000), an.hold(), an.cooldown("20%")), '3e-4 * chain(warmup(2000), hold(), cooldown("20%"))'),
        (an.warmup(10, to=0.5, start=0, ease="cosine"), 'warmup(10, to=0.5, start=0, ease="cosine")'),
        (an.cooldown(5, ease="u^0.7"), 'cooldown(5, ease="u^0.7")'),
        (an.polynomial(power=3), "polynomial(power=3)"),
        (an.geometric(0.9, per="1ep").every("1ep"), 'geometric(0.9, per="1ep").every("1ep")'),
        (an.inverse_sqrt(40), "power(-0.5, per=40)"),
        (an.inverse_time(0.5, per=1), "inverse_time(0.5, per=1)"),
        (-an.cosine(), "-1 * cosine()"),
        (2 * (3 * an.hold()), "2 * (3 * hold())"),
        (2 * an.hold() * 3, "2 * hold() * 3"),
        ((an.hold() + 1) ** 2, "(hold() + 1) ** 2"),
        (2 ** (3 ** an.hold()), "2 ** 3 ** hold()"),
        ((-2) ** an.hold(), "(-2) ** hold()"),
        (an.hold() * -2, "hold() * (-2)"),
        (1 - (1 - an.cosine()), "1 - (1 - cosine())"),
        (an.cosine().over(10, endpoint=True, after="mirror"), 'cosine().over(10, endpoint=True, after="mirror")'),
        (an.hold().over(10).stretch(20), "hold().over(10).stretch(20)"),
        (an.hold(10**12), "hold(1000000000000)"),
        (an.stairs({"50%": 0.1}, 10), 'stairs({"50%": 0.1}, length=10)'),
        (an.knots({0: 0.0, 2.5: 1.0}), "knots({0: 0, 2.5: 1})"),
        (an.lasting(an.cosine(), "30%"), 'lasting(cosine(), "30%")'),
    ],
)
def test_values_print_like_this(value: Any, text: str) -> None:
    assert str(value) == repr(value) == text
    assert an.parse(text) == value


@pytest.mark.parametrize(
    "schedule",
    [
        an.stairs({0: 0.5}),
        an.stairs({0: 1.0, 1: 0.5, 2: 0.1}),
        an.chain(an.stairs({0: 0.5}), an.hold(3)),
    ],
    ids=lambda schedule: repr(schedule.over(10).values()[:4].tolist()),
)
def test_stairs_that_begin_at_once_read_back(schedule: an.Schedule) -> None:
    """Stairs over the rest of the run are no list of values that is as long as it has values."""
    assert an.parse(str(schedule)) == schedule


@pytest.mark.parametrize(
    "text",
    [
        *["", "   ", "cosin", "nan", "one-cycle", "cosine(", "cosine)", "cosine() hold()", "cosine(); hold()", "x = 1"],
        *["a := 1", "lambda: 0", "[x for x in y]", "{1: 2}", "[1]", "(1, 2)", "f'{1}'", "b'1'", "1j", "...", "None", "True"],
        *["'cosine()'", "rest", "cosine().__class__", "cosine.over", "().__class__.__bases__", "__import__('os').system('ls')"],
        *["open('x')", "eval('1')", "cosine(*[1])", "cosine(**{'to': 1})", "cosine()[0]", "cosine()(3)", "cosine() if 1 else 2"],
        *["cosine() < 1", "cosine() and hold()", "not cosine()", "~cosine()", "cosine() // 2", "cosine() % 2", "cosine() @ 2"],
        *["warmup", "warmup()", "cosine(10, 2, 3)", "cosine(too=1)", "1/0", "2**5000", "(-1)**0.5 * hold", "Horizon(10)"],
        *["cosine().values()", "cosine.over(10).over(20)", "cosine.branch(5, hold)", "hold.over(10).branch(5)", "rest * 2"],
        *["cosine() \x00", "9" * 5000, "(" * 500 + "cosine" + ")" * 500, "-" * 500 + "cosine", "cosine" + ".every(2)" * 200],
        *["+".join(["cosine"] * 5000), "[" * 100_000, "x" * 1_000_001, "cosine(" + "1+" * 60_000 + "1)", "[1," * 50 + "]" * 50],
    ],
    ids=lambda text: repr(text[:24]),
)
def test_what_is_not_in_the_language_is_a_parse_error_of_one_line(text: str) -> None:
    with refused(ParseError):
        an.parse(text)


@pytest.mark.parametrize(
    ("text", "kind", "teaching"),
    [
        ("", ParseError, "try cosine()"),
        ("cosin", ParseError, "did you mean cosine?"),
        ("onecylce(30%)", ParseError, "did you mean onecycle?"),
        ("banana()", ParseError, "the words are chain, "),
        ("warmup", ParseError, "missing 1 required positional argument: 'length'"),
        ("cosine(too=1)", ParseError, "unexpected keyword argument 'too'"),
        ("cosine(", ParseError, "try 3e-4 * chain(warmup(2000), cosine())"),
        ("cosine().plot()", ParseError, "write one of over, every, clip"),
        ("cosine() // 2", ParseError, "the language has + - * / ** only"),
        ("cosine(*[1])", ParseError, "write every argument out"),
        ("cosine.over(10).over(20)", ParseError, ".over(…) follows schedule or recipe"),
        ("-" * 200 + "cosine", ParseError, "build it in Python instead"),
        ("cosine(0.5)", LengthError, 'write "50%"'),
        ("cosine(to=10%)", KindError, "to=0.1"),
        ("chain(hold, 0.2)", KindError, "jump(0.2)"),
        ("exponential(to=0)", ArgumentError, "linear() or cosine()"),
        ("inf * cosine", ArgumentError, "finite"),
        ("warmup(10).over(100)", LengthError, "add hold()"),
        ("cosine.over(10%)", LengthError, "write the number of updates, or a Horizon"),
        ("cosine.over(10) * cosine", an.AnnealingError, ".over(total) on the schedule"),
    ],
)
def test_an_error_says_what_to_write(text: str, kind: type[Exception], teaching: str) -> None:
    with refused(kind, teaching):
        an.parse(text)


@pytest.mark.parametrize("wrong", [5, None, b"cosine()", ["cosine"], an.cosine()])
def test_only_text_is_parsed(wrong: Any) -> None:
    with refused(ParseError, "parse('cosine()')"):
        an.parse(wrong)


def test_a_word_said_twice_is_refused() -> None:
    """It is no Python either, and which of the two was meant is anybody's guess."""
    with refused(ParseError, "to"):
        an.parse("cosine(to=1, to=2)")


@pytest.mark.parametrize("text", ["stairs({[1]: 0.5})", "RecipePlan()", "linear.over(10, endpoint=True).stretch(1).stretch(0.5)"])
def test_every_error_from_text_is_ours(text: str) -> None:
    with refused(an.AnnealingError):
        _ = an.parse(text).total  # type: ignore[union-attr]


def test_a_missing_argument_of_a_method_is_named_like_one_of_a_word() -> None:
    with pytest.raises(ParseError) as caught:
        an.parse("hold.over(10).branch(5)")
    assert "Plan." not in str(caught.value)


def test_text_within_the_bounds_is_read() -> None:
    assert an.parse("+".join(["cosine"] * 90)).over(10)(0) == 90  # type: ignore[union-attr]
    assert an.parse(f"table([{', '.join(['0.5'] * 10_000)}])").over().total == 10_000  # type: ignore[union-attr]


def test_an_edit_reads_back_on_its_own() -> None:
    plan = an.hold().over(10).branch(5, an.linear(), total=20, why="time").stretch(30)

    again = plan.base
    for edit in plan.journal:
        again = parse_edit(str(edit), again)
    assert again == plan
    for wrong in ("cosine()", "over(10)", "branch", "plan", "plan.stretch(20).stretch(30)", "stretch(5"):
        with refused(ParseError, "try "):
            parse_edit(wrong, plan)


def test_json_is_the_text_in_an_envelope() -> None:
    assert json.loads(an.to_json(an.cosine())) == {"annealing": 1, "schedule": "cosine()"}
    assert json.loads(an.to_json(an.cosine().over(10))) == {"annealing": 1, "plan": "cosine().over(10)"}
    assert set(json.loads(an.to_json(an.Recipe(lr=1)))) == {"annealing", "recipe"}
    assert set(json.loads(an.to_json(an.Recipe(lr=1).over(5)))) == {"annealing", "recipe_plan"}


@pytest.mark.parametrize(
    ("text", "teaching"),
    [
        ("", "not JSON"),
        ("cosine()", "not JSON"),
        ("[" * 100_000, "not JSON"),
        ("[1]", 'it should read {"annealing": 1'),
        ("{}", 'it should read {"annealing": 1'),
        ('{"annealing": "1", "schedule": "cosine()"}', 'it should read {"annealing": 1'),
        ('{"annealing": 2, "schedule": "cosine()"}', "format version 2; this library reads up to 1: upgrade annealing"),
        ('{"annealing": 1}', "schedule, plan, recipe, recipe_plan"),
        ('{"annealing": 1, "plan": "cosine()"}', "is not a plan"),
        ('{"annealing": 1, "schedule": "cosine().over(10)"}', "is not a schedule"),
        ('{"annealing": 1, "schedule": "cosin"}', "did you mean cosine?"),
        ('{"annealing": 1, "schedule": null}', "not a schedule"),
    ],
)
def test_json_that_is_not_ours_is_refused(text: str, teaching: str) -> None:
    with refused(ParseError, teaching):
        an.from_json(text)


@pytest.mark.parametrize("odd", ['{"annealing": true, "schedule": "hold()"}', '{"annealing": 0, "schedule": "hold()"}', 5, None])
def test_a_version_that_never_was_is_refused(odd: Any) -> None:
    with refused(ParseError):
        an.from_json(odd)


@pytest.mark.parametrize("wrong", [5, "cosine()", None, an.Horizon(10)])
def test_only_schedules_plans_and_recipes_become_json(wrong: Any) -> None:
    with refused(ParseError, "schedules, plans and recipes"):
        an.to_json(wrong)
