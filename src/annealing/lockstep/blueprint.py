"""What all members of a stack share: the model's code, the names of what it holds, and the loss; or the reason why they cannot."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any, final

import torch
from torch import Tensor
from torch.func import functional_call, grad_and_value, vmap
from torch.utils import _pytree as pytree

from annealing.core.errors import TaskError
from annealing.lockstep.alone import moved, prepare, task_for
from annealing.lockstep.feed import CannotStackError, OtherStates, Places
from annealing.lockstep.masks import Place, Player, Recorder
from annealing.lockstep.member import Member
from annealing.tasks.batches import training_batches
from annealing.tasks.measure import checked_loss
from annealing.tasks.task import Task

Rows = list[Tensor]
Gradients = Callable[[Rows, Rows, Any, Any, Rows], tuple[Rows, tuple[Tensor, Rows]]]


@final
@dataclass(frozen=True)
class Blueprint:
    """A task whose members can be stacked.

    `trained` are the names of the parameters that gradients reach, `rest` those of frozen parameters and buffers.
    `gradients(parameters, rest, inputs, targets, masks)` gives gradients, losses and the rest as
    it became, with a row for each member everywhere.
    """

    task: Task
    model: torch.nn.Module
    trained: tuple[str, ...]
    rest: tuple[str, ...]
    places: Places
    gradients: Gradients
    device: str


def blueprint(task: Task, member: Member, device: str) -> Blueprint:
    """Look at a task through one member: one update of it, by itself and stacked.

    Raises `CannotStackError` with the reason where members cannot be stacked, `TaskError` where the task is at fault.
    """
    task = task_for(task, member)
    model, _ = prepare(task, member, device)
    inputs, targets = moved(next(training_batches(task, member.seed)), device)
    if not all(isinstance(leaf, Tensor) for leaf in pytree.tree_leaves((inputs, targets))):
        raise CannotStackError("its batches hold something else than tensors")
    twin = copy.deepcopy(model)
    places, expected = _look_with_gradients(task, twin, inputs, targets)
    trained = tuple(name for name, _ in model.named_parameters() if expected[name] is not None)
    if not trained:
        raise TaskError(f"task {task.name!r} has no parameter that its loss depends on: there is nothing to train.")
    names = dict(model.named_parameters()) | dict(model.named_buffers())
    rest = tuple(name for name in names if name not in trained)
    found = Blueprint(
        task,
        model,
        trained,
        rest,
        Places(lambda batch: _look(task, model, batch), any_at_all=bool(places)),
        _gradients(task, model, trained, rest),
        device,
    )
    _try(found, names, inputs, targets, places, [expected[name] for name in trained])
    return found


def _look(task: Task, model: torch.nn.Module, inputs: Any) -> list[Place]:
    """Return where the model drops for inputs of this shape, leaving it as it is."""
    with torch.no_grad(), Recorder() as recorder:
        copy.deepcopy(model)(inputs)
    return recorder.places


def _look_with_gradients(
    task: Task, model: torch.nn.Module, inputs: Any, targets: Any
) -> tuple[list[Place], dict[str, Tensor | None]]:
    """Run one update's gradient the ordinary way, with nothing dropped, and watch what else the model does."""
    kept, drew = _attributes(model), (torch.get_rng_state(), OtherStates.now())
    with Recorder() as recorder:
        loss = checked_loss(task.loss(model(inputs), targets))
    if not (torch.equal(drew[0], torch.get_rng_state()) and OtherStates.now() == drew[1]):
        raise CannotStackError("its model draws random numbers other than dropout's")
    if changed := _changed(kept, _attributes(model)):
        raise CannotStackError(f"its model keeps {changed} from one update to the next outside its buffers")
    loss.backward()
    gradients = {name: parameter.grad for name, parameter in model.named_parameters()}
    if any(gradient is not None and gradient.layout != torch.strided for gradient in gradients.values()):
        raise CannotStackError("its gradients are sparse")
    return recorder.places, gradients


def _attributes(model: torch.nn.Module) -> dict[str, Any]:
    hidden = {"_parameters", "_buffers", "_modules"}
    return {
        f"{path}.{key}".lstrip("."): value
        for path, module in model.named_modules()
        for key, value in vars(module).items()
        if key not in hidden
    }


def _changed(before: dict[str, Any], after: dict[str, Any]) -> str | None:
    return next((key for key, value in after.items() if key not in before or before[key] is not value), None)


def _gradients(task: Task, model: torch.nn.Module, trained: Sequence[str], rest: Sequence[str]) -> Gradients:
    loss_of = task.loss

    def loss(parameters: Rows, others: Rows, inputs: Any, targets: Any, masks: Rows) -> tuple[Tensor, Rows]:
        held = dict(zip((*trained, *rest), (*parameters, *others), strict=True))
        with Player(masks) if masks else nullcontext():
            outputs = functional_call(model, held, (inputs,))
        return loss_of(outputs, targets).reshape(()), [held[name] for name in rest]

    return vmap(grad_and_value(loss, has_aux=True))


def _try(
    plan: Blueprint, names: dict[str, Tensor], inputs: Any, targets: Any, places: Sequence[Place], expected: list[Tensor | None]
) -> None:
    """Refuse a model that has no rule for a stack, or goes another way in one."""

    def twice(x: Tensor) -> Tensor:
        return torch.stack([x.detach(), x.detach()])

    masks = [torch.ones(2, *place.shape, dtype=place.dtype, device=plan.device) for place in places]
    both = pytree.tree_map(twice, (inputs, targets))
    try:
        found, _ = plan.gradients(
            [twice(names[name]) for name in plan.trained], [twice(names[name]) for name in plan.rest], *both, masks
        )
    except Exception as error:
        raise CannotStackError(f"torch has no rule to stack it ({_in_short(error)})") from error
    for gradient, own in zip(found, expected, strict=True):
        assert own is not None
        size = float(own.abs().max())
        if not torch.isfinite(own).all():
            continue  # it would diverge by itself, too
        if float((gradient - own).abs().max()) > 1e4 * torch.finfo(own.dtype).eps * size:
            raise CannotStackError("its gradients come out differently in a stack")


def _in_short(error: BaseException) -> str:
    line = next((part.strip() for part in str(error).splitlines() if part.strip()), type(error).__name__)
    sentence = line.partition(". ")[0].rstrip(".")
    return sentence if len(sentence) <= 120 else f"{sentence[:117]}…"
