"""Code to paste is run by the real libraries, and its values are those of the plan: every update, and past the end."""

import ast
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import annealing as an
from annealing.report.code import TARGETS, code
from annealing.report.code.formula import literal
from tests.conftest import require

TEXTS = (
    "constant",
    "step",
    "wsd",
    "onecycle",
    "sgdr",
    "triangular",
    "trapezoid",
    "0.1 * inverse_sqrt(100)",
    "exponential(to=0.01)",
    "inverse_time(rate=9, per='100%')",
    "polynomial(power=2)",
    "linear().every(7)",
    "linear().every('33.3%')",
    "chain(warmup('10%'), cosine().every(13))",
    "(256 * cosine()).rounded(64, minimum=64)",
    "linear().clip(low=0.3, high=0.9)",
    "0.95 - 0.1 * cosine()",
    "maximum(linear(), 0.5 * cosine())",
    "minimum(linear(), 0.5 + 0 * cosine())",
    "cosine() ** 2",
    "1 / (1 + linear())",
    "repeat(cosine(), times=4, growth=2)",
    "repeat(cosine(), times=50)",
    "repeat(cosine(), times=40, scale=0.9)",
    "repeat(chain(warmup(4), linear()), times=40)",
    "chain(warmup(10, ease='cosine'), hold(20), jump(0.5), linear(), cooldown('20%'))",
    "chain(warmup(10, ease='u^0.7'), cooldown(ease='1-(1-u)^3'))",
    "chain(warmup('30%', ease='square', start=0.2), cooldown(ease='u^2.5'))",
    "chain(warmup('30%', ease='sqrt'), cooldown(ease='square'))",
    "geometric(0.5, per=100)",
    "power(-0.7, per=30)",
    "table({0: 1, '50%': 0.3, '100%': 0.1})",
    "stairs({'30%': 0.1, '60%': 0.01})",
    "3e-4 * chain(warmup(20), cosine(to=0.1))",
)
TOTAL = 211


def run(text: str, **given: Any) -> dict[str, Any]:
    """What a piece of code defines, with the reader's own names given."""
    names = dict(given)
    exec(compile(text, "<pasted>", "exec"), names)  # noqa: S102 - to paste it is the point
    return names


def agree(got: Any, plan: an.Plan, tolerance: float, updates: np.ndarray) -> None:
    wanted = plan(updates)
    np.testing.assert_allclose(np.asarray(got, dtype=np.float64), wanted, rtol=0, atol=tolerance * np.abs(plan.values()).max())


@pytest.fixture
def optimizer() -> Any:
    torch = require("torch")
    return torch.optim.SGD([torch.nn.Parameter(torch.zeros(2))], lr=1.0)


@pytest.mark.parametrize("text", TEXTS)
def test_plain_python_agrees_with_the_plan_at_every_update_and_past_the_end(text: str) -> None:
    for plan in plans_of(text):
        learning_rate = run(code(plan, "python"))["learning_rate"]
        updates = np.arange(3 * int(plan.total))

        agree([learning_rate(int(t)) for t in updates], plan, 1e-12, updates)


def plans_of(text: str) -> list[an.Plan]:
    """The schedule over a run, ended in every way, and edited."""
    schedule = an.parse(text)
    assert isinstance(schedule, an.Schedule)
    plan = schedule.over(TOTAL)
    edited = plan.branch(at=100, tail=an.chain(an.jump(0.5), an.hold()), total=150, absolute=True).branch(120, an.linear(to=0.2))
    return [plan, plan.stretch(457), edited, *(schedule.over(TOTAL, after=after) for after in ("repeat", "mirror"))]


@pytest.mark.parametrize(
    "text",
    [
        "repeat(chain(warmup(4), linear(6), hold(3)))",
        "repeat(cosine(7))",
        "chain(hold(10), jump(0.1), 2 * repeat(chain(linear(5, start=0, to=1), linear(5))))",
        "0.01 + 0.1 * repeat(linear(8).every(2)) * geometric(0.99)",
    ],
)
def test_plain_python_of_cycles_without_an_end(text: str) -> None:
    schedule = an.parse(text)
    assert isinstance(schedule, an.Schedule)
    plan = schedule.over(an.inf)
    learning_rate = run(code(plan, "python"))["learning_rate"]
    updates = np.arange(500)

    np.testing.assert_allclose([learning_rate(int(t)) for t in updates], plan(updates), rtol=0, atol=1e-12)


def test_a_table_for_keras_is_as_long_as_asked_where_a_run_has_no_end() -> None:
    keras = require("keras")
    plan = (0.1 * an.repeat(an.cosine(40))).over(an.inf)
    names = run(code(plan, "keras", over=100).rpartition("optimizer =")[0])
    schedule = names["PlanSchedule"](plan)

    agree(
        [keras.ops.convert_to_numpy(schedule(t)) for t in range(100)],
        an.repeat(an.cosine(40)).over(100) * 0.1,
        2e-6,
        np.arange(100),
    )
    assert float(schedule(500)) == pytest.approx(plan(99), abs=2e-7)


def test_plain_python_of_a_run_without_an_end() -> None:
    plan = (0.1 * an.chain(an.warmup(10), an.power(-0.5, per=10))).over(an.inf)
    learning_rate = run(code(plan, "python"))["learning_rate"]

    assert [learning_rate(t) for t in (0, 9, 10, 10_000, 10**9)] == pytest.approx(
        [plan(t) for t in (0, 9, 10, 10_000, 10**9)], rel=1e-12
    )


def test_plain_python_needs_nothing_installed() -> None:
    text = code((0.1 * an.wsd()).over(1000), "python")
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", f"{text}\nprint(learning_rate(500))"], capture_output=True, text=True, check=True
    )

    assert float(done.stdout) == 0.1


def test_plain_python_reads_the_way_a_person_writes_it() -> None:
    plan = (3e-4 * an.chain(an.warmup(2_000), an.hold(), an.cooldown("20%"))).over(100_000)

    assert (
        code(plan, "python")
        == '''from math import sqrt


def learning_rate(t):
    """(3e-4 * chain(warmup(2000), hold(), cooldown("20%"))).over(100000), where t counts updates from 0."""
    if t < 2000:
        return 3e-4 * (t + 1) / 2001
    if t < 80000:
        return 3e-4
    if t < 100000:
        return 3e-4 * (1 - sqrt((t - 80000) / 20000))
    return 0
'''
    )


def test_many_cycles_become_a_table_and_not_a_hundred_branches() -> None:
    text = code(an.repeat(an.cosine(), times=100).over(10_000), "python")

    assert text.count("if t <") == 0
    assert "bisect_right" in text


def test_a_recipe_becomes_one_function_for_each_hyper_parameter() -> None:
    plans = an.Recipe({"lr": 0.1 * an.cosine(), "betas[0]": 0.9}, groups={"layer.0.*": {"lr": 0.05 * an.linear()}}).over(100)
    names = run(code(plans, "python"))

    assert names["learning_rate"](50) == pytest.approx(0.05, rel=1e-12)
    assert names["betas_0"](50) == 0.9
    assert names["learning_rate_for_layer_0_any"](50) == pytest.approx(0.025, rel=1e-12)


@pytest.mark.parametrize(
    "text", ["wsd", "3e-4 * chain(warmup(20), cosine(to=0.1))", "repeat(cosine(), times=20)", "linear().every(7)"]
)
def test_torch_uses_the_values_of_the_plan(text: str, optimizer: Any) -> None:
    schedule = an.parse(text)
    assert isinstance(schedule, an.Schedule)
    plan = schedule.over(TOTAL)
    scheduler = run(code(plan, "torch"), optimizer=optimizer)["scheduler"]
    used: list[float] = []
    for _ in range(TOTAL + 20):
        used.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step()

    agree(used, plan, 1e-12, np.arange(TOTAL + 20))


def test_torch_takes_a_recipe_too() -> None:
    torch = require("torch")
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(2))], lr=1.0, momentum=0.9)
    plans = an.Recipe(lr=0.1 * an.cosine(), momentum=0.95 - 0.1 * an.cosine()).over(50)
    run(code(plans, "torch"), optimizer=optimizer)
    for _ in range(20):
        optimizer.step()

    group = optimizer.param_groups[0]
    assert (group["lr"], group["momentum"]) == pytest.approx((plans(20)["*"]["lr"], plans(20)["*"]["momentum"]), rel=1e-12)


@pytest.mark.parametrize("text", ["wsd", "3e-4 * chain(warmup(20), cosine(to=0.1))", "repeat(cosine(), times=20)"])
def test_optax_uses_the_values_of_the_plan(text: str) -> None:
    jax, optax = require("jax"), require("optax")
    schedule = an.parse(text)
    assert isinstance(schedule, an.Schedule)
    plan = schedule.over(TOTAL)
    names = run(code(plan, "optax"))
    assert names["optimizer"].init({"w": jax.numpy.zeros(2)}) is not None
    # Plain gradient descent shows the rate itself: the update is −rate × 1.
    descent = optax.sgd(names["plan"])
    weight = jax.numpy.zeros(())

    def step(state: Any, _: Any) -> tuple[Any, Any]:
        change, state = descent.update(jax.numpy.ones(()), state)
        return state, -change

    _, used = jax.lax.scan(step, descent.init(weight), length=TOTAL + 20)
    agree(used, plan, 2e-6, np.arange(TOTAL + 20))


def test_optax_takes_a_recipe_without_groups() -> None:
    jax = require("jax")
    require("optax")
    plans = an.Recipe(lr=0.1 * an.cosine(), momentum=0.95 - 0.1 * an.cosine()).over(50)
    optimizer = run(code(plans, "optax"))["optimizer"]
    state = optimizer.init(jax.numpy.zeros(2))
    for _ in range(21):
        _, state = optimizer.update(jax.numpy.ones(2), state)

    assert float(state.hyperparams["learning_rate"]) == pytest.approx(plans(20)["*"]["lr"], rel=2e-6)
    assert float(state.hyperparams["momentum"]) == pytest.approx(plans(20)["*"]["momentum"], rel=2e-6)


KERAS = """
import sys, numpy as np
exec(compile(open(sys.argv[1]).read(), "<pasted>", "exec"))
schedule = PlanSchedule(plan)
updates = np.arange(int(sys.argv[2]))
eager = [float(keras.ops.convert_to_numpy(schedule(t))) for t in updates]
used = []
weight = keras.Variable(np.zeros(2))
kept = keras.optimizers.schedules.serialize(schedule)
descent = keras.optimizers.SGD(learning_rate=keras.optimizers.schedules.deserialize(kept))
descent.build([weight])
for _ in updates:
    before = keras.ops.convert_to_numpy(weight)
    weight.assign(np.zeros(2))
    descent.apply([keras.ops.ones(2)], [weight])
    used.append(-float(keras.ops.convert_to_numpy(weight)[0]))
print(keras.backend.backend())
print(*map(repr, eager))
print(*map(repr, used))
"""


@pytest.mark.parametrize("backend", ["jax", "torch"])
def test_keras_uses_the_values_of_the_plan_on_every_backend(backend: str, tmp_path: Path) -> None:
    require("keras")
    require(backend)
    plan = (0.1 * an.chain(an.warmup(10), an.cosine(to=0.1))).over(60)
    (tmp_path / "pasted.py").write_text(code(plan, "keras"))
    done = subprocess.run(  # a backend is chosen when keras is imported
        [sys.executable, "-c", KERAS, str(tmp_path / "pasted.py"), "80"],
        env={**os.environ, "KERAS_BACKEND": backend, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    name, eager, used = done.stdout.splitlines()[-3:]

    assert name == backend
    agree([float(value) for value in eager.split()], plan, 2e-6, np.arange(80))
    agree([float(value) for value in used.split()], plan, 2e-6, np.arange(80))


@pytest.mark.parametrize("after", ["repeat", "mirror"])
def test_keras_follows_a_plan_that_comes_again(after: str) -> None:
    require("keras")
    plan = an.linear(to=0.1).over(20, after=after)
    names = run(code(plan, "keras"))
    schedule = names["PlanSchedule"](plan)

    agree([float(schedule(t)) for t in range(90)], plan, 2e-6, np.arange(90))


def test_the_trainer_uses_the_values_of_the_plan(tmp_path: Path) -> None:
    torch, transformers = require("torch"), require("transformers")
    require("accelerate")

    class Line(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.weight = torch.nn.Parameter(torch.zeros(1))

        def forward(self, x: Any) -> dict[str, Any]:
            return {"loss": (self.weight * x - 3 * x).square().mean()}

    plan = (0.1 * an.chain(an.warmup(4), an.cosine())).over(16)
    arguments = transformers.TrainingArguments(
        str(tmp_path), max_steps=20, per_device_train_batch_size=2, report_to=[], logging_steps=1, save_strategy="no",
        use_cpu=True, disable_tqdm=True, dataloader_pin_memory=False,
    )  # fmt: skip
    dataset = [{"x": torch.tensor(float(i))} for i in range(8)]
    trainer = run(code(plan, "transformers"), model=Line(), arguments=arguments, dataset=dataset)["trainer"]
    used: list[float] = []
    trainer.optimizer.register_step_pre_hook(lambda optimizer, *_: used.append(optimizer.param_groups[0]["lr"]))
    trainer.train()

    agree(used, plan, 1e-12, np.arange(20))
    logged = [line["learning_rate"] for line in trainer.state.log_history if "learning_rate" in line]
    agree(logged, plan, 1e-12, np.arange(20))


@pytest.mark.parametrize("target", TARGETS)
def test_a_long_plan_is_broken_into_lines_that_still_run(target: str) -> None:
    plan = (
        3e-4 * an.chain(an.warmup(20, ease="cosine"), an.hold(30), an.linear(to=0.5), an.cooldown("20%", ease="1-(1-u)^2"))
    ).over(TOTAL)
    text = code(plan, target)

    tree = ast.parse(text)
    if target != "python":
        assert max(map(len, text.splitlines())) <= 100
        ours = [node for node in tree.body if isinstance(node, ast.ImportFrom) and node.module == "annealing"]
        [assigned] = [node for node in tree.body if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "plan"]
        assert run(ast.unparse(ast.Module([*ours, assigned], [])))["plan"] == plan


@pytest.mark.parametrize(
    ("plan", "target", "says"),
    [
        (an.cosine().over(10), "tensorflow", "write one of torch, transformers"),
        (an.cosine().over(10, unit="samples"), "optax", "counts samples"),
        (an.cosine().over(10, unit="samples"), "keras", "counts samples"),
        (an.formula("pytorch_warmup.radam", beta2=0.9, offset=5).over(an.inf), "keras", "over=100000 (--over 100000)"),
        (an.Recipe(lr=an.cosine(), momentum=0.9).over(10), "keras", "lr alone"),
        (an.Recipe(lr=an.cosine(), groups={"head": {"lr": 1.0}}).over(10), "optax", "without groups"),
    ],
)
def test_what_a_framework_cannot_hold_is_refused_with_what_to_write(plan: Any, target: str, says: str) -> None:
    with pytest.raises(an.AnnealingError, match=says.replace(".", r"\.").replace("(", r"\(").replace(")", r"\)")):
        code(plan, target)


def test_numbers_in_code_read_back_to_the_same_bits() -> None:
    numbers = [0.1, 1 / 3, 3e-4, 1e-300, 12345678.0, 100000, -0.0, 2.5]

    assert [float(literal(number)) for number in numbers] == numbers
