"""Everything there is, in one list: nothing is left out, every sentence is one, and every example can be tried."""

from importlib import import_module
from pkgutil import iter_modules

import pytest

import annealing as an
from annealing import control, dialects
from annealing.core.text.words import METHODS, WORDS
from annealing.glossary import OWN, POINTS, Entry, glossary

EVERYTHING = glossary()


def named(group: str) -> set[str]:
    return {entry.name for entry in EVERYTHING if entry.group == group}


def test_every_word_and_method_of_the_language_is_listed() -> None:
    ours = {name for words in OWN.values() for name in words}

    assert ours == {*WORDS, *METHODS} - {"over", "RecipePlan"}
    assert all(named(group) == set(words) for group, words in OWN.items())


def test_every_dialect_is_listed_with_its_mark() -> None:
    listed = {f"{entry.group}.{entry.name}": (entry.checked, entry.odd) for entry in EVERYTHING}

    assert {row.name: (row.checked, row.odd) for row in dialects.everything()}.items() <= listed.items()


def test_every_controller_is_listed() -> None:
    theirs = {
        f"{module.name}.{name}"
        for module in iter_modules(control.dialects.__path__)
        if module.name != "arguments"
        for name, value in vars(import_module(f"annealing.control.dialects.{module.name}")).items()
        if getattr(value, "__module__", "").endswith(f"control.dialects.{module.name}") and not name.startswith("_")
    }

    assert named("controllers") == {"Plateau", "Greedy", "Spike", "EarlyStop"} | theirs
    assert {entry.name for entry in EVERYTHING if entry.group == "controllers" and not entry.checked} == {
        "fastai.ReduceLROnPlateau",
        "paddle.ReduceOnPlateau",
    }


@pytest.mark.parametrize("entry", EVERYTHING, ids=lambda entry: f"{entry.group}.{entry.name}")
def test_an_entry_has_a_sentence_and_a_curve_with_a_shape(entry: Entry) -> None:
    assert 10 < len(entry.says) < 125
    assert entry.says[0].isupper()
    assert entry.says.endswith((".", "?"))
    assert "\n" not in entry.says
    assert len(entry.values) == POINTS
    flat = {"constant", "hold", "SchedNo", "ConstantParamScheduler", "ConstantScheduler", "get_constant_schedule"}
    flat |= {"constant_schedule"}
    if entry.name not in flat or entry.group in ("composer", "phases"):
        assert max(entry.values) > min(entry.values)


@pytest.mark.parametrize("entry", [one for one in EVERYTHING if one.group in OWN], ids=lambda entry: entry.name)
def test_the_example_of_a_word_uses_it(entry: Entry) -> None:
    made = an.parse(entry.example)

    assert entry.name in entry.example
    assert isinstance(made, (an.Schedule, an.Plan, an.Recipe))


def test_a_library_is_asked_for_by_its_name_and_anything_else_by_a_part_of_it() -> None:
    assert {one.group for one in glossary("torch")} == {"torch", "controllers"}
    assert [one.name for one in glossary("onecycleLR") if one.group == "torch"] == ["OneCycleLR"]
    assert "sgdr" in {one.name for one in glossary("Restart a cosine")}
    assert len(glossary("")) == len(EVERYTHING)


def test_a_word_that_nothing_has_is_refused_with_what_comes_nearest() -> None:
    with pytest.raises(an.AnnealingError, match="did you mean cosine"):
        glossary("cosinne")
    with pytest.raises(an.AnnealingError, match="write part of a name"):
        glossary("qqqq")
