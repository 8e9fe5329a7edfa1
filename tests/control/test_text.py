"""Controllers as text: what `str` writes, `control.parse` reads; nothing else runs."""

import pytest
from hypothesis import given

from annealing.control import EarlyStop, Greedy, Plateau, Spike, parse
from annealing.core.errors import ArgumentError, KindError, ParseError
from tests.control.controllers import transitions


@given(transitions)
def test_a_controller_reads_back_to_itself(controller) -> None:
    assert parse(str(controller)) == controller
    assert str(parse(str(controller))) == str(controller) == repr(controller)
    assert hash(parse(str(controller))) == hash(controller)


def test_only_what_differs_from_the_defaults_is_written() -> None:
    assert str(Plateau()) == "Plateau()"
    assert str(Plateau(factor=0.5, patience=5)) == "Plateau(factor=0.5, patience=5)"
    assert str(Greedy(ceiling=float("inf"), restart_after=3, outside=True)) == (
        "Greedy(ceiling=inf, restart_after=3, outside=True)"
    )


def test_equal_controllers_have_one_text() -> None:
    assert str(Plateau(rtol=0, floor=-0.0, peak=2)) == str(Plateau(rtol=0.0, floor=0, peak=2.0)) == "Plateau(rtol=0, peak=2)"


def test_words_without_options_may_leave_the_parentheses_out() -> None:
    assert parse("Plateau * Spike") == Plateau() * Spike()
    assert parse(" EarlyStop ") == EarlyStop()


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "is not a controller"),
        ("plateau()", "did you mean Plateau"),
        ("Cosine()", "there are Plateau, Greedy, Spike, EarlyStop"),
        ("Plateau(patient=3)", "did you mean patience"),
        ("Plateau(3)", r"write each option with its name, as in Plateau\(patience=5\)"),
        ("Plateau(**x)", "write every option out"),
        ("Plateau(*x)", "write each option with its name"),
        ("Plateau(patience=print(1))", "is not a number, a word in quotes"),
        ("Plateau(patience=[3])", "is not a number"),
        ("Plateau(patience=2+3)", "is not a number"),
        ("Plateau(patience=3, patience=4)", "Plateau is given patience twice"),
        ("Plateau() + Spike()", "is not a controller"),
        ("0.5 * Plateau()", "is not a controller"),
        ("Plateau() * EarlyStop()", "only gains multiply"),
        ("__import__('os').system('true')", "is not a controller"),
        ("torch.ReduceLROnPlateau(lr=0.1)", r"call annealing\.control\.dialects\.torch\.ReduceLROnPlateau\(…\)"),
        ("torch.count(3)", "is not a controller"),
        ("nowhere.ReduceLROnPlateau()", "is not a controller"),
        ("(" * 5000 + "Plateau" + ")" * 4000, "is not a controller"),
        ("Plateau" + " * Plateau" * 5000, "up to 10000 characters"),
        ("Plateau(\0)", "is not a controller"),
    ],
)
def test_text_that_is_no_controller_is_refused(text, says) -> None:
    with pytest.raises(ParseError, match=says):
        parse(text)


def test_options_that_are_out_of_range_say_so_when_they_are_read() -> None:
    with pytest.raises(ArgumentError, match="factor=2 is not between 0 and 1"):
        parse("Plateau(factor=2)")


def test_a_controller_is_multiplied_by_controllers_only() -> None:
    with pytest.raises(KindError, match=r"plan\(t\) \* gain"):
        Plateau() * 0.5


def test_options_are_given_by_name() -> None:
    with pytest.raises(TypeError):
        Plateau(0.5, 3)
