"""Other libraries' calls as text."""

from __future__ import annotations

import pytest

import annealing as an
from annealing.dialects import keras, optax, parse, torch


@pytest.mark.parametrize(
    ("text", "plan"),
    [
        ("torch.OneCycleLR(lr=0.1, total_steps=1000)", torch.OneCycleLR(0.1, total_steps=1000)),
        ("torch.optim.lr_scheduler.StepLR(0.1, 30, gamma=1/2)", torch.StepLR(0.1, 30, gamma=0.5)),
        ("torch.MultiStepLR(0.1, milestones=(30, 2 * 40))", torch.MultiStepLR(0.1, [30, 80])),
        ("torch.CyclicLR(base_lr=1e-3, max_lr=0.1, step_size_down=None)", torch.CyclicLR(base_lr=1e-3, max_lr=0.1)),
        ("torch.optim.swa_utils.SWALR(0.1, swa_lr=0.05)", torch.SWALR(0.1, 0.05)),
        ("optax.schedules.piecewise_constant_schedule(1.0, {10: 0.5})", optax.piecewise_constant_schedule(1.0, {10: 0.5})),
        ("optax.linear_schedule(-1.0, +1.0, 10 ** 2)", optax.linear_schedule(-1.0, 1.0, 100)),
        ("keras.optimizers.schedules.CosineDecay(0.1, 100)", keras.CosineDecay(0.1, 100)),
        (
            "torch.SequentialLR([torch.LinearLR(0.1), hold().over(9)], milestones=[5])",
            torch.SequentialLR([torch.LinearLR(0.1), an.hold().over(9)], [5]),
        ),
        (
            "torch.ExponentialLR(lr=0.1, gamma=0.9).branch(at=30, tail=linear(10))",
            torch.ExponentialLR(0.1, 0.9).branch(30, an.linear(10)),
        ),
        ("0.5 * torch.StepLR(0.1, 30) + 0.01", 0.5 * torch.StepLR(0.1, 30) + 0.01),
        ("3e-4 * chain(warmup(10), cosine(20%))", 3e-4 * an.chain(an.warmup(10), an.cosine("20%"))),
        ("wsd", an.wsd()),
        ("linear.over(4)", an.linear().over(4)),
    ],
)
def test_a_call_is_read_as_the_plan_it_makes(text: str, plan: object) -> None:
    assert parse(text) == plan


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("torch.OneCyleLR(lr=0.1)", r"did you mean torch\.OneCycleLR\?"),
        ("torch.zzz(1)", r"of torch there are .*StepLR"),
        ("torch.StepLR(lr=0.1)", r"torch\.StepLR\(…\) cannot be called like that: missing 1 required .* 'step_size'"),
        ("torch.StepLR(lr=0.1, step=3)", "unexpected keyword argument 'step'"),
        ("torch.StepLR(lr=-0.1, step_size=3)", "lr=-0.1 is below 0"),
        ("torch.StepLR(**{})", r"\* and \*\* are not in the language"),
        ("torch.StepLR(lr=open('x'), step_size=3)", "'open' is not a word"),
        ("torch.StepLR(lr=1 / 0, step_size=3)", "an argument has no value"),
        ("torch.StepLR(lr=9.0 ** 9 ** 9, step_size=3)", "an argument has no value"),
        ("torch.StepLR(lr='x', step_size=3)", "not a number"),
        ("torch.StepLR(lr=0.1, step_size=3", "cannot be read"),
        ("torch.catalogue.DIALECTS", "not in the language"),
        ("os.system('true')", "not in the language"),
        ("__init__.parse('true')", "not in the language"),
        ("(" * 3000 + "torch.StepLR(0.1, 3)" + ")" * 3000, "nested|cannot be read"),
        (
            "fvcore.CosineParamScheduler(1.0, 0.1)",
            r"fvcore\.CosineParamScheduler\(…\) does not know how long the run is: add total=",
        ),
        ("0.5 * fvcore.ConstantParamScheduler(1.0)", "add total=1000"),
        ("torch.StepLR(optimizer, 30)", r"a text has no optimizer: write its rate in that place, lr=0\.1, as in torch\.StepLR\("),
        ("ignite.PiecewiseLinear(optimizer, 'lr', [(0, 0.1)])", "a text has no optimizer: leave it out"),
        ("optax.adam(opt)", "of optax there are"),
        ("StepLR(0.1, 30)", r"StepLR is written with its library and its arguments, such as torch\.StepLR\(lr=0\.1"),
        ("LinearLR", r"such as torch\.LinearLR\(lr=0\.1, "),
        ("lr_scheduler.StepLR(optimizer, 30)", r"such as torch\.StepLR\(lr=0\.1"),
        ("tf.keras.optimizers.schedules.CosineDecay(0.1, 100)", r"such as keras\.CosineDecay\("),
        ("torch.StepLR", r"such as torch\.StepLR\(lr=0\.1"),
        ("torch", r"torch is a library: write one of its schedules, such as torch\."),
        ("WSD(10)", r"did you mean wsd\?"),
        ("", "empty"),
        (3, "reads text"),
    ],
)
def test_what_is_not_such_a_call_is_refused_by_name(text: str, message: str) -> None:
    with pytest.raises(an.AnnealingError, match=message):
        parse(text)


def test_a_function_given_by_name_is_found() -> None:
    @an.register("tests.steps_of_ten")
    def steps_of_ten(t: float) -> float:
        return 0.5 ** (t // 10)

    plan = parse('torch.LambdaLR(lr=0.1, lr_lambda="tests.steps_of_ten")')

    assert isinstance(plan, an.Plan)
    assert plan(25) == 0.1 * steps_of_ten(25)
