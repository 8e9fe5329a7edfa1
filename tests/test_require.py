"""A part that is missing is never passed over in silence: named on a developer's machine, a failure in CI."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests import conftest


@pytest.mark.parametrize("ask", [conftest.require, conftest.require_program])
def test_what_is_missing_is_named_and_skipped_on_a_developers_machine(
    ask: Callable[[str], object], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(conftest, "CI", False)

    with pytest.raises(pytest.skip.Exception, match="nothing_of_that_name"):
        ask("nothing_of_that_name")


@pytest.mark.parametrize("ask", [conftest.require, conftest.require_program])
def test_what_is_missing_fails_in_ci(ask: Callable[[str], object], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(conftest, "CI", True)

    with pytest.raises(pytest.fail.Exception, match="nothing_of_that_name"):
        ask("nothing_of_that_name")


def test_a_library_that_is_installed_and_broken_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "broken_library.py").write_text("import nothing_of_that_name\n")
    monkeypatch.syspath_prepend(tmp_path)

    with pytest.raises(ModuleNotFoundError, match="nothing_of_that_name"):
        conftest.require("broken_library")


def test_tests_compute_on_one_thread() -> None:
    assert conftest.require("torch").get_num_threads() == 1
