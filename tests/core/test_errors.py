"""Every error of this library is one of its own, is also the built-in a caller would expect, and says one thing in one line."""

from __future__ import annotations

import inspect
from typing import Any

import pytest

import annealing as an
from annealing.core import errors

ALL = {name: cls for name, cls in vars(errors).items() if inspect.isclass(cls)}
BUILTINS = {
    "ArgumentError": ValueError,
    "KindError": TypeError,
    "LengthError": ValueError,
    "RampError": ValueError,
    "OpenScheduleError": TypeError,
    "ParseError": ValueError,
    "ConflictError": RuntimeError,
    "PlanMismatchError": ValueError,
    "TaskError": ValueError,
    "TrainingError": ValueError,
    "StoreError": OSError,
    "ConformanceError": AssertionError,
}


def test_these_are_all_errors() -> None:
    """A new class is added here with its built-in."""
    assert set(ALL) - set(BUILTINS) == {"AnnealingError"}


@pytest.mark.parametrize(("name", "builtin"), BUILTINS.items())
def test_an_error_is_ours_and_a_builtin(name: str, builtin: type[Exception]) -> None:
    assert issubclass(ALL[name], an.AnnealingError)
    assert issubclass(ALL[name], builtin)
    with pytest.raises(builtin, match="what to write"):
        raise ALL[name]("what to write")


MISTAKES: list[Any] = [
    lambda: an.cosine(0.1),  # type: ignore[arg-type]
    lambda: an.cosine(to="10%"),  # type: ignore[arg-type]
    lambda: an.chain(an.hold(), 3),  # type: ignore[arg-type]
    lambda: an.warmup(10).over(100),
    lambda: an.chain(an.hold(5), an.jump(0.5) * an.linear()).over(10),
    lambda: an.chain(an.hold(5), (an.linear() + an.linear()) / 3).over(10),
    lambda: an.linear()(5),
    lambda: an.linear().over(10)("5"),
    lambda: an.linear().over(10)([5]),
    lambda: an.parse("cosin"),
    lambda: an.from_json("{"),
    an.Recipe,
    lambda: an.Horizon(0),
    lambda: an.split(10, [20]),
    lambda: an.check_rate((-an.hold()).over(3)),
    lambda: an.linear().over(10).branch(10, an.hold(), total=20),
    lambda: an.linear().over(10) + an.linear(),
    lambda: an.repeat(an.hold()),
    lambda: an.stairs({20: 1}).over(10),
    lambda: an.formula("unknown"),
    lambda: an.register(5),  # type: ignore[arg-type]
    lambda: an.exponential(to=0),
]


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_message_is_one_line_and_ends_with_what_to_write(mistake: Any) -> None:
    """Two parts, joined by ":" or ";" or ",", and a full stop."""
    with pytest.raises(an.AnnealingError) as caught:
        mistake()
    message = str(caught.value)
    assert "\n" not in message
    assert message.endswith((".", "?"))
    assert any(mark in message for mark in (": ", "; ", ", "))


def test_an_error_of_the_parser_hides_pythons_own() -> None:
    """The reader sees one error, not the two that led to it."""
    for text in ("1/0", "cosine(", "cosine(too=1)", "9" * 5000):
        with pytest.raises(an.AnnealingError) as caught:
            an.parse(text)
        assert caught.value.__cause__ is None
        assert caught.value.__suppress_context__


def test_what_the_parser_wraps_keeps_one_full_stop() -> None:
    with pytest.raises(an.AnnealingError) as caught:
        an.parse("cosine.over(3) * hold")
    assert not str(caught.value).endswith("..")
