"""Compiled members go where the others go, to rounding; and nothing is compiled for a job that ends sooner."""

# ruff: noqa: E402 - what needs torch is imported once it is known to be there

import json
from functools import partial

import pytest

import annealing as an
from tests.conftest import require

torch = require("torch")

from annealing.lockstep import Member, train
from annealing.lockstep.compiled import Compiler
from tests.lockstep import problems
from tests.lockstep.problems import problem
from tests.lockstep.test_agreement import furthest


@pytest.fixture(autouse=True)
def notes_of_its_own(tmp_path, monkeypatch):
    """Where the compiler keeps what it made, and we what that took."""
    monkeypatch.setenv("TORCHINDUCTOR_CACHE_DIR", str(tmp_path))
    return tmp_path / "annealing-lockstep.json"


def settings(count=5, updates=20):
    return [Member((0.02 * 2**i * an.cosine()).over(updates), seed=i // 2, clip_norm=1.0) for i in range(count)]


@pytest.mark.filterwarnings("ignore:.torch.jit.*is deprecated")  # torch says so of itself as it loads its compiler
@pytest.mark.slow
@pytest.mark.parametrize("optimizer", ["nesterov", "rmsprop"])
def test_compiled_members_agree_with_the_others_and_the_next_call_finds_the_program(optimizer, notes_of_its_own):
    """29 samples: the last batch of an epoch is smaller, and five members in stacks of two: the last one is filled up."""
    task, own = problem(train=partial(problems.data, samples=29), optimizer=optimizer), settings()
    plainly = train(task, own, chunk=2, compile="never", keep_state=True)
    compiled = train(task, own, chunk=2, compile="always", keep_state=True)
    assert (compiled.compiled, compiled.chunk, compiled.notes) == (True, 2, ())
    assert 0 <= furthest(compiled.outcomes, plainly.outcomes) <= 1e-12
    train(task, own, chunk=2, compile="always")
    (known,) = json.loads(notes_of_its_own.read_text()).values()
    assert 0 < known["again"] < 0.5 * known["first"]


def test_a_short_job_is_not_compiled(notes_of_its_own):
    assert not train(problem(), settings(), compile="auto").compiled
    assert not notes_of_its_own.exists()


@pytest.mark.parametrize(("hours", "pays"), [(0, False), (1, True)])
def test_compiling_is_tried_where_it_saves_more_than_it_takes(hours, pays, monkeypatch):
    task, own = problem(), settings()
    tried = []
    monkeypatch.setattr("annealing.lockstep.compiled.pace", lambda *arguments: tried.append(arguments) or 1e-4)
    from annealing.lockstep.blueprint import blueprint

    compiler = Compiler(blueprint(task, own[0], "cpu"), 5, "auto", seconds=3600 * hours)
    compiler.decide(own, eager=2e-4)
    assert (compiler.used, bool(tried)) == (pays, pays)


def test_a_program_that_cannot_be_compiled_is_trained_as_it_is(monkeypatch):
    def refused(*arguments, **options):
        raise RuntimeError("no compiler here")

    monkeypatch.setattr(torch, "compile", refused)
    task, own = problem(), settings()
    trained = train(task, own, chunk=2, compile="always")
    assert trained.notes == ("task 'problem' is trained without compiling: RuntimeError: no compiler here",)
    assert [o.loss for o in trained.outcomes] == [o.loss for o in train(task, own, chunk=2, compile="never").outcomes]
