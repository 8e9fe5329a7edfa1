"""The public names: few, listed, and each with an example that runs."""

import inspect
import pkgutil

import pytest

import annealing

SUBMODULES = {module.name for module in pkgutil.iter_modules(annealing.__path__)}
NAMES = sorted(annealing.__all__)


def test_what_is_listed_is_what_is_visible() -> None:
    visible = {name for name in dir(annealing) if not name.startswith("_")} - SUBMODULES

    assert visible == {name for name in NAMES if not name.startswith("_")}
    assert len(NAMES) == len(set(annealing.__all__))


def test_the_public_names_can_be_learnt() -> None:
    assert len(NAMES) <= 60


def test_no_public_name_is_also_a_folder() -> None:
    assert set(NAMES) & SUBMODULES == set()


@pytest.mark.parametrize("name", [name for name in NAMES if not isinstance(getattr(annealing, name), float | str)])
def test_a_public_name_shows_how_it_is_used(name: str) -> None:
    documented = inspect.getdoc(getattr(annealing, name)) or ""

    assert ">>>" in documented, f"annealing.{name} needs a docstring with an example"


@pytest.mark.parametrize("name", NAMES)
def test_a_public_name_is_typed(name: str) -> None:
    value = getattr(annealing, name)
    if inspect.isfunction(value):
        assert value.__annotations__.keys() == {*inspect.signature(value).parameters, "return"}
