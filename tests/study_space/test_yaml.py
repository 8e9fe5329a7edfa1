"""A space as YAML: what is written reads back to the same space, and mistakes are answered with their line or name."""

# ruff: noqa: E402 - what needs torch is imported once it is known to be there

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.conftest import require

require("torch")
require("yaml")

from annealing.core.errors import AnnealingError, ArgumentError
from annealing.study.space import Choice, Log, Space, Uniform, Whole, default_space
from annealing.tasks.optimizers import OPTIMIZERS, PACKAGED
from tests.study_space.test_space import SPACE

WRITTEN = """
optimizer: [sgd, adamw]
lr:
  - {log: [1e-3, 1], only: {optimizer: sgd}}
  - {log: [1e-5, 1e-2], only: {optimizer: adamw}}
schedule:
  - constant
  - wsd
  - chain(warmup({rise}), cosine(to=0.1))
rise: {whole: [10, 200], log: true}
cooldown: {uniform: [0.1, 0.5], only: {schedule: wsd}}
weight_decay: {choice: [0, 1e-4], only: {optimizer: [sgd, adamw]}}
batch_size: 32
"""


def test_what_people_write_is_read_as_they_mean_it():
    assert Space.from_yaml(WRITTEN) == Space(
        {
            "optimizer": Choice(["sgd", "adamw"]),
            "lr": [Log(1e-3, 1, only={"optimizer": "sgd"}), Log(1e-5, 1e-2, only={"optimizer": "adamw"})],
            "schedule": Choice(["constant", "wsd", "chain(warmup({rise}), cosine(to=0.1))"]),
            "rise": Whole(10, 200, log=True),
            "cooldown": Uniform(0.1, 0.5, only={"schedule": "wsd"}),
            "weight_decay": Choice([0, 1e-4], only={"optimizer": ["sgd", "adamw"]}),
            "batch_size": 32,
        }
    )


def test_a_space_is_read_from_a_file(tmp_path):
    (tmp_path / "space.yaml").write_text(WRITTEN, encoding="utf-8")
    assert Space.from_yaml(tmp_path / "space.yaml") == Space.from_yaml(WRITTEN)


@pytest.mark.parametrize(
    "space", [SPACE, Space.from_yaml(WRITTEN), default_space([*OPTIMIZERS, *PACKAGED], batch_sizes=[16, 32])]
)
def test_yaml_and_json_give_the_same_space_back(space):
    assert Space.from_yaml(space.to_yaml()) == space
    assert Space.from_dict(json.loads(json.dumps(space.to_dict()))) == space


@given(st.floats(allow_nan=False, allow_infinity=False), st.text(min_size=1, alphabet=st.characters(codec="utf-8")))
def test_any_number_and_any_word_survives_yaml(number, word):
    space = Space({"x": Choice([number]), "y": Choice([word, "1e", "no", "null"]) if word not in ("1e", "no", "null") else 1})
    again = Space.from_yaml(space.to_yaml())
    assert again["x"] == space["x"]
    if word.strip()[:1] not in set("0123456789+-."):  # a word that is a number is read as the number
        assert again["y"] == space["y"]


@pytest.mark.parametrize(
    ("text", "taught"),
    [
        ("lr: {logs: [1e-4, 1]}", r"lr: 'logs' is nothing that a dimension has \(did you mean log\?\)"),
        ("lr: {log: [1e-4, 1], uniform: [0, 1]}", "lr: .* has 2 kinds of values"),
        ("lr: {only: {optimizer: sgd}}", "lr: .* has 0 kinds"),
        ("lr: {log: 1e-4}", "lr: log: '1e-4' is no range: write log: \\[low, high\\]"),
        ("lr: {log: [1, 1e-4]}", "lr: the range from 1 to 0.0001 is empty"),
        ("lr: {log: [a, 1]}", "lr: low='a' is not a number"),
        ("lr: {log: [1e-4, 1], only: sgd}", "lr: only: 'sgd' is no condition"),
        ("batch_size: {whole: [1, 4], log: 3}", "write log: true"),
        ("nesterov: [yes, no]", "nesterov: true .* is no value here"),
        ("lr:", "lr: nothing is no value"),
        ("lr: [[1]]", "lr: "),
        ("- lr", "no space: write one line"),
        ("", "no space: write one line"),
        ("1: 2", "1 is no name"),
        ("lr: 0.1\nlr: 0.2", "in line 1: lr is there twice"),
        ("lr: {log: [1e-4, 1]", "cannot be read in line"),
        ("lr: !!python/object:os.system {}", "cannot be read in line 1"),
    ],
)
def test_yaml_that_is_no_space_is_refused_in_one_line(text, taught):
    with pytest.raises(AnnealingError, match=taught) as refused:
        Space.from_yaml(text)
    assert "\n" not in str(refused.value)


def test_a_file_that_is_not_there_is_said_to_be(tmp_path):
    with pytest.raises(ArgumentError, match=r"space.yaml cannot be read: No such file"):
        Space.from_yaml(tmp_path / "space.yaml")
