"""`anneal show` through the same door as the shell: what is printed, and what is refused."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import annealing as an
from annealing import dialects
from annealing.report.code import TARGETS, code

Said = tuple[int, str, str]


def test_a_schedule_is_shown_as_a_curve_with_its_numbers(anneal: Callable[..., Said]) -> None:
    status, out, err = anneal("show", "3e-4 * chain(warmup(2000), hold, cooldown(20%))", "--over", "100000")

    assert (status, err) == (0, "")
    assert out.startswith('(3e-4 * chain(warmup(2000), hold(), cooldown("20%"))).over(100000)')
    assert sum(any("⠀" < letter <= "⣿" for letter in line) for line in out.splitlines()) >= 10
    numbers = {line.split()[0]: line.split()[1:] for line in out.splitlines() if line[:1].isalpha()}
    assert numbers["first"] == ["1.49925e-7", "update", "0"]
    assert numbers["peak"] == ["0.0003", "update", "2000"]
    assert numbers["last"] == ["7.50009e-9", "update", "99999"]
    assert numbers["area"][0] == "25.7002"
    assert max(map(len, out.splitlines())) <= 80


def test_a_plan_needs_no_over(anneal: Callable[..., Said]) -> None:
    assert anneal("show", "(0.1 * wsd()).over(500)")[:2] == anneal("show", "0.1 * wsd()", "--over", "500")[:2]


def test_a_schedule_of_counts_has_a_length_of_its_own(anneal: Callable[..., Said]) -> None:
    assert anneal("show", "chain(warmup(10), linear(90))")[1].startswith("chain(warmup(10), linear(90)).over(100)")


def test_json_is_alone_on_stdout_and_holds_the_numbers_of_the_plan(anneal: Callable[..., Said]) -> None:
    status, out, err = anneal("show", "0.1 * cosine()", "--over", "200", "--json")
    plan = (0.1 * an.cosine()).over(200)
    read = json.loads(out)

    assert (status, err) == (0, "")
    assert (read["text"], read["total"], read["first"], read["last"]) == (str(plan), 200, plan(0), plan(199))
    assert read["area"] == pytest.approx(plan.area(), rel=1e-12)
    assert read["keyframes"] == [list(frame) for frame in plan.keyframes()]
    assert [value for _, value in read["curve"]] == plan.values().tolist()


def test_json_of_a_run_without_an_end_has_nulls_and_no_infinity(anneal: Callable[..., Said]) -> None:
    read = json.loads(anneal("show", "0.1 * inverse_sqrt(100)", "--over", "inf", "--json")[1], parse_constant=pytest.fail)

    assert (read["total"], read["last"], read["area"]) == (None, None, None)


def test_a_recipe_is_shown_hyper_parameter_by_hyper_parameter(anneal: Callable[..., Said]) -> None:
    status, out, _ = anneal(
        "show", 'Recipe(lr=cosine(), momentum=0.95 - 0.1 * cosine(), groups={"head": {"lr": linear()}})', "--over", "100"
    )

    assert status == 0
    assert [line for line in out.splitlines() if line in ("lr", "momentum", "lr, groups head")] == [
        "lr",
        "momentum",
        "lr, groups head",
    ]


@pytest.mark.parametrize("target", TARGETS)
def test_as_prints_the_code_and_nothing_else(anneal: Callable[..., Said], target: str) -> None:
    status, out, err = anneal("show", "0.1 * wsd()", "--over", "1000", "--as", target)

    assert (status, err) == (0, "")
    assert out == code((0.1 * an.wsd()).over(1000), target)


def test_another_librarys_call_is_shown_with_what_is_odd_about_it(anneal: Callable[..., Said]) -> None:
    status, out, err = anneal("show", "torch.CosineAnnealingLR(lr=0.1, T_max=100)")

    assert (status, err) == (0, "")
    assert out.splitlines()[:2] == [
        '(0.1 * cosine()).over(100, after="mirror")',
        "torch.CosineAnnealingLR: rises again after T_max, as often as it is stepped",
    ]
    assert "nverified" not in out


def test_what_was_not_compared_with_the_library_itself_is_marked(anneal: Callable[..., Said]) -> None:
    out = anneal("show", "paddle.StepDecay(learning_rate=0.1, step_size=30)", "--over", "100")[1]

    assert out.splitlines()[1] == "paddle.StepDecay is unverified: compared with the formula, not with the library itself"


def test_code_for_what_is_unverified_says_so_beside_it(anneal: Callable[..., Said]) -> None:
    status, out, err = anneal("show", "paddle.StepDecay(learning_rate=0.1, step_size=30)", "--as", "python")

    assert status == 0
    assert "nverified" not in out
    assert "paddle.StepDecay is unverified" in err
    assert anneal("show", "torch.StepLR(lr=0.1, step_size=30)", "--as", "python")[2] == ""


def test_over_says_how_much_of_a_plan_without_an_end_is_shown(anneal: Callable[..., Said]) -> None:
    out = anneal("show", "torch.StepLR(lr=0.1, step_size=30)", "--over", "90")[1]
    numbers = {line[:11].strip(): line[11:].split() for line in out.splitlines() if line[:1].isalpha()}

    assert numbers["last shown"] == ["0.001", "update", "89"]
    assert numbers["area"] == ["3.33", "sum", "over", "the", "first", "90", "updates"]
    assert "no end" in anneal("show", "hold().over(inf)")[1]
    assert json.loads(anneal("show", "hold().over(inf)", "--over", "7", "--json")[1])["area"] == 7.0


def test_over_shows_another_librarys_schedule_past_its_end(anneal: Callable[..., Said]) -> None:
    read = json.loads(anneal("show", "torch.CosineAnnealingLR(lr=0.1, T_max=100)", "--over", "300", "--json")[1])

    assert (read["total"], read["over"]) == (100, 300)
    assert read["curve"][-1] == [299.0, pytest.approx(0.1 * (1 - np.cos(np.pi / 100)) / 2)]
    assert read["dialects"] == [
        {"name": "torch.CosineAnnealingLR", "checked": True, "odd": "rises again after T_max, as often as it is stepped"}
    ]


def test_another_librarys_negative_rates_are_shown_and_said_to_be_none(anneal: Callable[..., Said]) -> None:
    call = "torch.OneCycleLR(lr=0.1, total_steps=10, anneal_strategy='linear', cycle_momentum=False)"
    status, out, err = anneal("show", call)

    assert status == 0
    assert "keyframes" in out
    assert err.startswith("Not a learning rate everywhere: learning rate is -")


@pytest.mark.parametrize("target", TARGETS)
def test_as_writes_code_for_another_librarys_call(anneal: Callable[..., Said], target: str) -> None:
    call = "torch.CyclicLR(base_lr=0.01, max_lr=0.1, cycle_momentum=False)"
    status, out, _ = anneal("show", call, "--over", "100", "--as", target)
    plan = dialects.parse(call)

    assert status == 0
    assert isinstance(plan, an.Plan)
    assert out == code(plan, target, 100)


def test_a_schedule_may_begin_with_a_minus(anneal: Callable[..., Said]) -> None:
    assert anneal("show", "-0.1 * cosine() + 0.2", "--over", "10")[1].startswith("(-0.1 * cosine() + 0.2).over(10)")
    assert anneal("show", "--json", "-cosine() + 1", "--over", "10")[0] == 0
    assert "a learning rate is finite and at least 0" in anneal("show", "-1 * cosine()", "--over", "10")[2]
    assert "a learning rate is finite and at least 0" in anneal("show", "- cosine", "--over", "10")[2]
    assert anneal("show", "-h")[0] == 0


def test_png_writes_a_picture(anneal: Callable[..., Said], tmp_path: Path) -> None:
    status, _, err = anneal("show", "cosine", "--over", "100", "--png", "deep/rate.png")

    assert status == 0
    assert "deep/rate.png" in err
    assert [path.name for path in (tmp_path / "deep").iterdir()] == ["rate.png"]
    assert (tmp_path / "deep" / "rate.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["show"], "Missing argument 'EXPR'"),
        (["show", "cosine"], "write --over 1000"),
        (["show", "cosine", "--over", "soon"], "such as --over 1000"),
        (["show", "cosine", "--over", "0"], "such as --over 1000"),
        (["show", "cosine", "--over", "-5"], "such as --over 1000"),
        (["show", "cosine", "--over", "nan"], "such as --over 1000"),
        (["show", "cosine", "--over", "10.5"], "whole number"),
        (["show", "cosine", "--over", "inf"], "needs an end"),
        (["show", "cosine().over(10)", "--over", "20"], "leave --over 20 out"),
        (["show", "cosin", "--over", "10"], "cosin"),
        (["show", "cosine(", "--over", "10"], "cannot be read"),
        (["show", "__import__('os').system('echo no')", "--over", "10"], "not in the language"),
        (["show", "warmup(5000)", "--over", "100"], "the phases need 5000"),
        (["show", "0 - cosine()", "--over", "100"], "at least 0"),
        (["show", "linear(to=-0.5)", "--over", "100"], "at least 0"),
        (["show", "cosine", "--over", "10", "--as", "tensorflow"], "write one of torch"),
        (["show", "cosine", "--over", "10", "--as", "torch", "--json"], "write one of them"),
        (["show", "cosine", "--over", "10", "--png", "rate.jpg"], "write --png rate.png"),
        (["show", "cosine", "--over", "10", "--png", "/proc/nowhere/rate.png"], "cannot be written to"),
        (["show", "cosine", "--over", "10", "--nope"], "No such option: --nope"),
        (["show", "torch.ReduceLROnPlateau(lr=0.1)"], "annealing.control.dialects.torch.ReduceLROnPlateau"),
        (["show", "torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer)"], "follows a metric"),
        (["show", "Plateau(patience=5)"], "annealing.control.Plateau"),
        (["show", "torch.OneCyleLR(lr=0.1)"], "did you mean torch.OneCycleLR?"),
        (["show", "torch.StepLR(lr=0.1)"], "missing 1 required"),
        (["show", "torch.StepLR(lr=0.1, step_size=30)", "--over", "inf"], "cannot be shown"),
        (["show", "torch.StepLR(lr=0.1, step_size=30)", "--over", "2.5"], "whole number of updates"),
        (["show", "deepspeed.WarmupLR(lr=0.1, warmup_num_steps=10)", "--as", "python"], "use another target"),
        (["show", "pytorch_warmup.RAdamWarmup(lr=0.1)", "--as", "keras"], "--over 100000"),
        (["show", "-1 * cosine()"], "write --over 1000"),
        (["show", "-x", "--over", "10"], "No such option: -x"),
        (["draw"], "No such command 'draw'"),
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


def test_help_shows_examples_and_the_version_is_the_packages(anneal: Callable[..., Said]) -> None:
    assert anneal("--version")[:2] == (0, f"{an.__version__}\n")
    assert "anneal compare digits" in anneal("--help")[1]
    for verb in ("show", "diff", "list", "compare"):
        status, out, _ = anneal(verb, "--help")
        assert status == 0
        assert f"anneal {verb} " in out
        assert "For example" in out


def test_the_examples_of_the_help_run(anneal: Callable[..., Said]) -> None:
    from annealing.cli.show import show

    examples = [
        line.strip().removeprefix("- `anneal ").rstrip("`") for line in str(show.__doc__).splitlines() if "`anneal" in line
    ]
    assert len(examples) == 4
    import shlex

    for example in examples:
        assert anneal(*shlex.split(example.partition(" > ")[0]))[0] == 0


def test_an_unexpected_failure_is_one_line_and_status_1(anneal: Callable[..., Said], monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise ZeroDivisionError("in the\nmiddle")

    monkeypatch.setattr("annealing.cli.show.facts", fail)
    status, _, err = anneal("show", "cosine", "--over", "10")
    assert status == 1
    assert err.splitlines() == [
        "anneal: failed: ZeroDivisionError: in the middle. Set ANNEAL_TRACEBACK=1 to see where, and please report it."
    ]

    monkeypatch.setenv("ANNEAL_TRACEBACK", "1")
    with pytest.raises(ZeroDivisionError):
        anneal("show", "cosine", "--over", "10")


def test_a_terminal_without_unicode_gets_plain_characters() -> None:
    program = "from annealing.cli.main import main; main()"
    done = subprocess.run(
        [sys.executable, "-X", "utf8=0", "-c", program, "show", "cosine", "--over", "100"],
        env={"PYTHONIOENCODING": "ascii", "PYTHONPATH": ":".join(sys.path), "COLUMNS": "60"},
        capture_output=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    assert b"*" in done.stdout
    assert done.stdout.isascii()


def test_show_loads_neither_a_framework_nor_what_draws_pages() -> None:
    program = """
import sys
from annealing.cli.main import run
run(["show", "wsd", "--over", "100"])
loaded = {name.partition(".")[0] for name in sys.modules}
print(*(loaded & {"torch", "jax", "scipy", "matplotlib", "bokeh", "jinja2", "sklearn", "loky"}), file=sys.stderr)
"""
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=True,
        env={"PYTHONPATH": ":".join(sys.path), "PYTHONUTF8": "1"},
    )

    assert done.stderr.split() == []


def test_a_reader_that_stops_early_does_no_harm() -> None:
    program = "from annealing.cli.main import main; main()"
    command = f"{sys.executable} -c '{program}' show wsd --over 100 | head -1"
    done = subprocess.run(  # noqa: S602 - a pipe needs a shell
        command,
        shell=True,
        capture_output=True,
        text=True,
        check=True,
        env={"PYTHONPATH": ":".join(sys.path), "PATH": "/usr/bin:/bin"},
    )

    assert done.stdout.startswith("chain(")
    assert done.stderr == ""
