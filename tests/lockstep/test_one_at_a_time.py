"""What cannot be stacked is trained one setting at a time, through the same call, with one line that says why."""

# ruff: noqa: E402 - what needs torch is imported once it is known to be there

import random

import numpy as np
import pytest

import annealing as an
from tests.conftest import require

torch = require("torch")
from torch.utils.data import DataLoader, TensorDataset

from annealing.core.errors import AnnealingError, TaskError
from annealing.lockstep import Member, train
from annealing.lockstep.alone import train_alone
from annealing.tasks import Task
from tests.lockstep import problems
from tests.lockstep.problems import CLASSES, FEATURES, problem


class Own(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = torch.nn.Linear(FEATURES, CLASSES).double()
        self.seen = 0


class Branching(Own):
    def forward(self, x):
        return self.layer(x) if x.sum() > 0 else self.layer(-x)


class Counting(Own):
    def forward(self, x):
        self.seen = self.seen + 1
        return self.layer(x) / self.seen


class Drawing(Own):
    def forward(self, x):
        return self.layer(x + 0.1 * torch.randn_like(x))


class DrawingElsewhere(Own):
    def forward(self, x):
        return self.layer(x) * (1 + random.random())


class Cumulative(Own):
    """Its buffer becomes a Python number on the way."""

    def __init__(self):
        super().__init__()
        self.norm = torch.nn.BatchNorm1d(FEATURES, momentum=None).double()

    def forward(self, x):
        return self.layer(self.norm(x))


class Detached(Own):
    """A stack hides what NumPy would need."""

    def forward(self, x):
        return self.layer(x) * float(np.abs(x.detach().numpy()).mean())


def own_loss(output, target):
    return torch.nn.functional.cross_entropy(output, target) if output.max().item() > -1e9 else output.sum()


REASONS = {
    Branching: "torch has no rule to stack it",
    Counting: "its model keeps seen from one update to the next outside its buffers",
    Drawing: "its model draws random numbers other than dropout's",
    DrawingElsewhere: "its model draws random numbers other than dropout's",
    Cumulative: "torch has no rule to stack it",
    Detached: "torch has no rule to stack it",
}


def settings(updates=6):
    return [Member((rate * an.cosine()).over(updates), seed=seed) for seed in (1, 2) for rate in (0.01, 0.1)]


def explained(task, reason, which=None):
    which = which or settings()
    trained = train(task, which, compile="never")
    [note] = trained.notes
    assert note.startswith("task 'problem' is trained one setting at a time: ")
    assert reason in note
    assert "\n" not in note
    assert trained.chunk == 1
    expected = [train_alone(task, own, lambda updates, loss: None) for own in which]
    assert [o.valid_loss.tolist() for o in trained.outcomes] == [o.valid_loss.tolist() for o in expected]


@pytest.mark.parametrize("model", REASONS)
def test_a_model_that_cannot_be_stacked_is_trained_with_the_same_bits(model):
    explained(problem(model), REASONS[model])


def test_a_loss_that_looks_at_its_numbers_is_one_as_well():
    explained(problem(loss=own_loss), "torch has no rule to stack it")


@pytest.mark.parametrize("name", ["Rprop", "ASGD", "Adafactor"])
def test_an_optimizer_whose_update_is_not_linear_in_the_rate_is_found_out(name):
    explained(
        problem(optimizer=lambda p, lr: getattr(torch.optim, name)(p, lr=lr)),
        f"of its optimizer {name}: its update is not linear in the rate",
    )


def test_an_optimizer_with_one_norm_over_everything_is_found_out():
    class Normed(torch.optim.Optimizer):
        @torch.no_grad()
        def step(self, closure=None):
            for p in self.param_groups[0]["params"]:
                p.sub_(self.param_groups[0]["lr"] * p.grad / p.grad.norm())

    explained(problem(optimizer=lambda p, lr: Normed(p, {"lr": lr})), "its update is not linear in the rate")


def test_an_optimizer_that_refuses_stacked_parameters_is_quoted():
    def muon(parameters, lr):
        return torch.optim.Muon([p for p in parameters if p.ndim == 2], lr=lr)

    explained(problem(optimizer=muon), "of its optimizer Muon: it cannot take stacked parameters: ValueError")


def test_seeds_whose_data_differ_in_size_are_never_in_one_stack():
    task = problem(train=lambda seed: problems.data(seed, samples=30 + 10 * seed))
    which = settings()
    trained = train(task, which, compile="never")
    assert trained.notes == ()
    expected = [train_alone(task, own, lambda updates, loss: None) for own in which]
    assert [o.loss for o in trained.outcomes] == pytest.approx([o.loss for o in expected], rel=1e-12)


def test_loaders_whose_batches_differ_in_size_are_noticed_on_the_way():
    def loader(seed):
        return DataLoader(TensorDataset(*problems.data(seed, samples=30 + 10 * seed)), batch_size=13)

    explained(problem(train=loader), "the batches of different seeds have different shapes")


def test_data_that_changes_with_every_reading_is_noticed():
    seen = []

    def remembering(x, generator):
        seen.append(1)
        return x + 0.001 * len(seen)

    trained = train(problem(augment=remembering), settings(), compile="never")
    assert "its data is another each time it is read from the same seed" in trained.notes[0]


def test_a_large_model_is_trained_alone_unless_a_size_is_asked_for():
    task = problem(problems.mlp(width=100_000), batch_size=40)
    which = settings(updates=1)[:2]
    trained = train(task, which, compile="never")
    assert "one member alone keeps the processor busy" in trained.notes[0]
    assert train(task, which, compile="never", chunk=2).notes == ()


@pytest.mark.parametrize(
    ("wrong", "taught"),
    [
        ({"model": lambda: 3}, r"model\(\) gave a int"),
        ({"loss": lambda output, target: (output - output) + 1.0}, r"loss\(output, target\) gave \(8, 4\)"),
        ({"optimizer": lambda parameters, lr: None}, r"optimizer\(parameters, lr\) gave a NoneType"),
        ({"model": lambda: problems.mlp()().requires_grad_(False)}, "no parameter that its loss depends on"),
    ],
)
def test_what_is_wrong_with_a_task_is_said_as_always(wrong, taught):
    with pytest.raises(TaskError, match=taught):
        train(problem(**wrong), settings(), compile="never")


PLAN = (0.1 * an.cosine()).over(10)


@pytest.mark.parametrize(
    ("wrong", "taught"),
    [
        (lambda: Member(an.cosine()), r"is not a plan: write a schedule and \.over\(updates\)"),
        (lambda: Member((-1 * an.hold()).over(10)), "a learning rate is finite and at least 0"),
        (lambda: Member(an.hold().over(an.inf)), r"does not count a run in updates: write \.over\(1000\)"),
        (lambda: Member(PLAN, seed=-1), "seed=-1 is too small"),
        (lambda: Member(PLAN, batch_size=0), "batch_size=0 is too small"),
        (lambda: Member(PLAN, clip_norm=0.0), "clip_norm=0.0 must be above 0"),
        (lambda: Member(PLAN, options={"weight_decay": "much"}), "options"),
        (lambda: train(problem(), []), r"write a list of Member"),
        (lambda: train(problem(), [PLAN]), r"write a list of Member"),
        (lambda: train(problem(), settings(), compile="sometimes"), 'none of "auto", "never" and "always"'),
        (lambda: train(problem(), settings(), groups=[1]), "1 words for 4 members"),
        (lambda: train(problem(), [Member(PLAN, options={"betas[0]": 0.9})]), r'has no "betas\[0\]"'),
    ],
)
def test_what_is_no_member_is_refused_in_one_line(wrong, taught):
    with pytest.raises(AnnealingError, match=taught) as refused:
        wrong()
    assert "\n" not in str(refused.value)


def test_progress_is_told_for_every_member():
    for model in (problems.mlp(), Branching):
        seen = {}
        train(
            problem(model),
            settings(),
            compile="never",
            tick=lambda place, updates, loss, seen=seen: seen.update({place: updates}),
        )
        assert seen == dict.fromkeys(range(4), 6)


def test_a_task_is_a_task():
    assert isinstance(problem(), Task)


@pytest.mark.parametrize("optimizer", ["schedulefree_sgd", "schedulefree_adamw", "schedulefree_radam"])
def test_a_schedule_free_optimizer_is_measured_at_its_average_and_trained_at_its_own_weights(optimizer):
    require("schedulefree")
    task, member = problem(optimizer=optimizer), Member((0.05 * an.hold()).over(12), seed=1)
    found = train(task, [member, Member((0.02 * an.hold()).over(12), seed=1)], keep_state=True, points=3)
    assert "evaluates with other weights than it trains" in found.notes[0]

    from annealing.lockstep.alone import prepare
    from annealing.tasks.batches import training_batches, validation_batches
    from annealing.tasks.measure import validation_loss

    model, own = prepare(task, member)
    losses = []
    batches = training_batches(task, 1)
    for update in range(1, 13):
        inputs, targets = next(batches)
        own.zero_grad()
        task.loss(model(inputs), targets).backward()
        own.step()
        if update % 4 == 0:
            own.eval()
            model.eval()
            losses.append(validation_loss(task, model, validation_batches(task.data("valid", 1), task.batch_size)))
            state = {name: value.clone() for name, value in model.state_dict().items()}
            own.train()
            model.train()
    assert found.outcomes[0].valid_loss.tolist() == losses
    assert all(torch.allclose(found.outcomes[0].state[name], state[name], rtol=1e-12) for name in state)


def test_prodigy_is_trained_one_at_a_time_since_its_estimate_is_over_all_parameters():
    require("prodigyopt")
    found = train(problem(optimizer="prodigy"), [Member(an.hold().over(10), seed=seed) for seed in range(2)])
    assert "of its optimizer Prodigy" in found.notes[0]
