"""`anneal list`: everything on a screen that is 80 columns wide."""

import json
import shlex
import subprocess
import sys
from collections.abc import Callable

import pytest

from annealing.glossary import glossary

Said = tuple[int, str, str]


def test_everything_is_listed_group_by_group_with_a_curve_each(anneal: Callable[..., Said]) -> None:
    status, out, err = anneal("list")
    lines = out.splitlines()

    assert (status, err) == (0, "")
    assert max(map(len, lines[:-1])) <= 80
    assert len([line for line in lines if line[:1] in set("▁▂▃▄▅▆▇█")]) == len(glossary())
    groups = [one.group for one in glossary()]
    assert [line for line in lines if line in groups] == list(dict.fromkeys(groups))


def test_what_is_unverified_is_marked_and_the_mark_is_explained(anneal: Callable[..., Said]) -> None:
    out = anneal("list", "paddle")[1]

    assert "StepDecay (unverified): Multiply by" in out
    assert "Unverified: compared with its formula, not with the library itself." in out
    assert "nverified" not in anneal("list", "keras")[1]


def test_a_few_are_shown_in_detail(anneal: Callable[..., Said]) -> None:
    out = " ".join(anneal("list", "CosineAnnealingLR")[1].split())

    assert "torch" in out
    assert "odd: rises again after T_max" in out
    assert "torch.CosineAnnealingLR(lr=0.1, T_max=100)" in out


@pytest.mark.parametrize("word", ["warmup", "sgdr", "branch", "restarts", "OneCycleLR", "timm"])
def test_what_it_says_to_try_works(anneal: Callable[..., Said], word: str) -> None:
    out = anneal("list", word)[1]
    command = shlex.split(out.partition("Try: anneal ")[2])

    assert anneal(*command)[0] == 0


def test_json_is_alone_on_stdout_and_whole(anneal: Callable[..., Said]) -> None:
    status, out, err = anneal("list", "torch", "--json")
    read = json.loads(out, parse_constant=pytest.fail)

    assert (status, err) == (0, "")
    assert read["torch.StepLR"]["example"] == "torch.StepLR(lr=0.1, step_size=30)"
    assert len(read["torch.StepLR"]["values"]) == 64


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["list", "cosinne"], "did you mean cosine?"),
        (["list", "qqqq"], "write part of a name"),
        (["list", "torch", "keras"], "unexpected extra argument"),
        (["list", "--nope"], "No such option: --nope. See anneal list --help."),
    ],
)
def test_bad_input_is_one_line(anneal: Callable[..., Said], arguments: list[str], says: str) -> None:
    status, out, err = anneal(*arguments)

    assert (status, out) == (2, "")
    assert len(err.splitlines()) == 1
    assert says in err


def test_a_terminal_without_unicode_gets_plain_curves_and_no_framework_is_loaded() -> None:
    program = """
import sys
from annealing.cli.main import run
run(["list", "sgdr"])
run(["list", "inverse_sqrt"])
loaded = {name.partition(".")[0] for name in sys.modules}
print(*(loaded & {"torch", "jax", "scipy", "matplotlib", "bokeh", "keras", "transformers"}), file=sys.stderr)
"""
    done = subprocess.run(
        [sys.executable, "-X", "utf8=0", "-c", program],
        env={"PYTHONIOENCODING": "ascii", "PYTHONPATH": ":".join(sys.path), "COLUMNS": "80"},
        capture_output=True,
        text=True,
        check=True,
    )

    assert done.stderr.split() == []
    assert "##:#+:_#*=-.__  sgdr: Restart" in done.stdout
    assert "inverse_sqrt: Fall as 1/?(1 + t/per)." in done.stdout
