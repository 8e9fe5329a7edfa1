"""`anneal diff`: both curves, where they differ and by how much; refusals in one line."""

import json
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import annealing as an
from annealing import dialects

Said = tuple[int, str, str]
ONE_CYCLE = "torch.OneCycleLR(lr=0.1, total_steps=100)"


def test_both_curves_are_drawn_and_the_difference_is_told(anneal: Callable[..., Said]) -> None:
    status, out, err = anneal("diff", "cosine", "linear", "--over", "1000")
    words = " ".join(out.split())

    assert (status, err) == (0, "")
    assert max(map(len, out.splitlines())) <= 80
    assert sum(any("⠀" < letter <= "⣿" for letter in line) for line in out.splitlines()) >= 10
    assert sum("ooo" in line for line in out.splitlines()) >= 6
    assert "the first cosine().over(1000)" in words
    assert "first difference update 1: 0.999998 and 0.999" in words
    assert "largest difference update 780: 0.114743 and 0.22, 0.105257 apart, 11 % of the peak" in words
    assert "they differ in 1 to 499, 501 to 999: 998 of 1000 updates" in words
    assert "areas 500.5 and 500.5" in words


def test_the_lower_edge_is_thick_where_they_differ(anneal: Callable[..., Said]) -> None:
    out = anneal("diff", "hold", "chain(hold(500), jump(0.5), hold(250), jump(1), hold)", "--over", "1000")[1]
    edge = next(line for line in out.splitlines() if "└" in line).partition("└")[2]

    assert set(edge) == {"─", "━"}
    assert edge.index("━") == pytest.approx(0.5 * len(edge), abs=1)
    assert edge.count("━") == pytest.approx(0.25 * len(edge), abs=2)


def test_what_is_the_same_is_plainly_said_to_be(anneal: Callable[..., Said]) -> None:
    out = anneal("diff", "torch.LinearLR(lr=0.1)", "0.1 * chain(linear(5, start=1/3, to=1), hold)", "--over", "20")[1]

    assert "the same at every one of 20 updates" in out
    assert "━" not in out


def test_recipes_are_compared_hyper_parameter_by_hyper_parameter(anneal: Callable[..., Said]) -> None:
    status, out, _ = anneal("diff", ONE_CYCLE, "Recipe(lr=0.1 * onecycle, weight_decay=0.1)")

    assert status == 0
    assert out.startswith("lr\n")
    assert out.splitlines()[-3:-1] == ["Only the first sets momentum.", "Only the second sets weight_decay."]


def test_what_is_odd_and_what_is_unverified_is_said(anneal: Callable[..., Said]) -> None:
    theirs = ("paddle.CosineAnnealingDecay(learning_rate=0.1, T_max=50)", "torch.CosineAnnealingLR(lr=0.1, T_max=50)")
    out = anneal("diff", *theirs, "--over", "200")[1].splitlines()

    assert out[-3:] == [
        "paddle.CosineAnnealingDecay: rises again after T_max, as often as it is stepped",
        "torch.CosineAnnealingLR: rises again after T_max, as often as it is stepped",
        "paddle.CosineAnnealingDecay is unverified: compared with the formula, not with the library itself",
    ]
    read = json.loads(anneal("diff", *theirs, "--json")[1])
    assert [(row["name"], row["checked"]) for row in read["dialects"]] == [
        ("paddle.CosineAnnealingDecay", False),
        ("torch.CosineAnnealingLR", True),
    ]


def test_it_prints_what_the_library_finds(anneal: Callable[..., Said]) -> None:
    status, out, err = anneal("diff", "cosine", "torch.CosineAnnealingLR(lr=1, T_max=50)", "--over", "100", "--json")
    read = json.loads(out, parse_constant=pytest.fail)
    theirs = dialects.parse("torch.CosineAnnealingLR(lr=1, T_max=50)")
    assert isinstance(theirs, an.Plan)
    found = an.diff(an.cosine(), theirs, over=100)

    assert (status, err) == (0, "")
    assert (read["same"], read["says"], read["first_difference"]) == (False, str(found), found.first)
    assert read["largest_difference"] == {
        "at": found.largest[0],
        "first": found.largest[1],
        "second": found.largest[2],
        "apart": found.apart,
        "share_of_peak": found.share,
    }
    assert read["differs_over"] == [list(span) for span in found.spans]
    assert [value for _, value in read["first_curve"]] == an.cosine().over(100).values().tolist()


def test_json_of_recipes_holds_every_part(anneal: Callable[..., Said]) -> None:
    read = json.loads(anneal("diff", ONE_CYCLE, "Recipe(lr=0.1 * onecycle)", "--json")[1])

    assert [(part["groups"], part["name"]) for part in read["plans"]] == [("*", "lr")]
    assert (read["same"], read["only_first"], read["only_second"]) == (False, [["*", "momentum"]], [])


def test_png_writes_a_picture(anneal: Callable[..., Said], tmp_path: Path) -> None:
    status, _, err = anneal("diff", "cosine", "linear", "--over", "100", "--png", "deep/difference.png")

    assert status == 0
    assert "deep/difference.png" in err
    assert (tmp_path / "deep" / "difference.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["diff", "cosine"], "Missing argument 'EXPR'"),
        (["diff", "cosine", "linear"], "write --over 1000"),
        (["diff", "hold().over(inf)", "torch.StepLR(0.1, 30)"], "such as --over 1000"),
        (["diff", "cosine", "linear", "--over", "0"], "such as --over 1000"),
        (["diff", "cosine", "linear", "--over", "inf"], "needs an end"),
        (["diff", "cosine", "linear", "--over", "2.5"], "whole number"),
        (["diff", "cosine", "linaer", "--over", "10"], "did you mean linear?"),
        (["diff", "cosine(", "linear", "--over", "10"], "cannot be read"),
        (["diff", "cosine", "Plateau()", "--over", "10"], "follows a metric"),
        (["diff", "cosine", "torch.ReduceLROnPlateau(lr=0.1)", "--over", "10"], "annealing.control.dialects.torch"),
        (["diff", "cosine().over(4)", "timm.StepLRScheduler(lr=0.1, decay_t=2)"], "counts updates, the other epochs"),
        (["diff", "cosine", "linear", "--over", "10", "--png", "rate.jpg"], "write --png rate.png"),
        (["diff", "cosine", "linear", "--over", "10", "--nope"], "See anneal diff --help"),
    ],
)
def test_bad_input_is_one_line_that_says_what_to_write(
    anneal: Callable[..., Said], tmp_path: Path, arguments: list[str], says: str
) -> None:
    status, out, err = anneal(*arguments)

    assert (status, out) == (2, "")
    assert len(err.splitlines()) == 1
    assert err.startswith("anneal: ")
    assert says in err
    assert list(tmp_path.iterdir()) == []


def test_the_examples_of_the_help_run(anneal: Callable[..., Said]) -> None:
    from annealing.cli.diff import diff

    examples = [
        line.strip().removeprefix("- `anneal ").rstrip("`") for line in str(diff.__doc__).splitlines() if "`anneal" in line
    ]

    assert len(examples) == 3
    for example in examples:
        assert anneal(*shlex.split(example))[0] == 0


def test_a_terminal_without_unicode_gets_plain_characters_and_no_framework_is_loaded() -> None:
    program = """
import sys
from annealing.cli.main import run
run(["diff", "cosine", "linear", "--over", "100"])
loaded = {name.partition(".")[0] for name in sys.modules}
print(*(loaded & {"torch", "jax", "scipy", "matplotlib", "bokeh"}), file=sys.stderr)
"""
    done = subprocess.run(
        [sys.executable, "-X", "utf8=0", "-c", program],
        env={"PYTHONIOENCODING": "ascii", "PYTHONPATH": ":".join(sys.path), "COLUMNS": "60"},
        capture_output=True,
        text=True,
        check=True,
    )

    assert done.stderr.split() == []
    assert "*" in done.stdout
    assert "ooo" in done.stdout
    assert "+====" in done.stdout
    assert done.stdout.isascii()
