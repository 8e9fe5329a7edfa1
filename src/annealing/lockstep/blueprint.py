"""What all members of a stack share: the model's code, the names of what it holds, and the loss; or why they cannot."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from typing import Any, final
from weakref import WeakKeyDictionary

import torch
from torch import Tensor
from torch.func import functional_call, grad_and_value, vmap
from torch.utils import _pytree as pytree
from torch.utils.flop_counter import FlopCounterMode

from annealing.core.errors import TaskError
from annealing.lockstep.alone import moved, prepare, task_for
from annealing.lockstep.feed import CannotStackError, OtherStates, Places
from annealing.lockstep.masks import Place, Player, Recorder
from annealing.lockstep.member import Member
from annealing.lockstep.traced import Gradients, Rows, Traced
from annealing.tasks.batches import Batch, training_batches
from annealing.tasks.measure import checked_loss
from annealing.tasks.task import Task


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
    gradients: Traced
    device: str
    work: int  # floating-point operations of one member's update
    programs: dict[Any, Any] = field(default_factory=dict[Any, Any])  # compiled ones, by kind


_KNOWN: WeakKeyDictionary[Task, dict[Any, Blueprint]] = WeakKeyDictionary()


def blueprint(task: Task, member: Member, device: str) -> Blueprint:
    """Return the blueprint of a task, looked at through one of the members the first time.

    One update is made by itself and stacked.

    Raises `CannotStackError` with the reason where members cannot be stacked, `TaskError` where the task is at fault.
    """
    known = _KNOWN.setdefault(task, {})
    key = member.batch_size or task.batch_size, device
    if key not in known:
        known[key] = _drawn(task_for(task, member), member, device)
    return known[key]


def _drawn(task: Task, member: Member, device: str) -> Blueprint:
    model, _ = prepare(task, member, device)
    inputs, targets = _first_batch(task, member, device)
    if not all(isinstance(leaf, Tensor) for leaf in pytree.tree_leaves((inputs, targets))):
        raise CannotStackError("its batches hold something else than tensors")
    with _as_born(model), FlopCounterMode(display=False) as counter:
        places, expected = _look_with_gradients(task, model, inputs, targets)
    trained = tuple(name for name, _ in model.named_parameters() if expected[name] is not None)
    names = dict(model.named_parameters()) | dict(model.named_buffers())
    rest = tuple(name for name in names if name not in trained)
    plain = _plain_cross_entropy(task, member.seed)
    found = Blueprint(
        task,
        model,
        trained,
        rest,
        Places(lambda batch: _look(task, model, batch), any_at_all=bool(places)),
        # A recording for a GPU must not begin before the operations are known.
        Traced(_gradients(task, model, trained, rest, plain=plain), **({} if device == "cpu" else {"patience": 0})),
        device,
        counter.get_total_flops(),
    )
    _try(found, names, inputs, targets, places, [expected[name] for name in trained])
    return found


def _first_batch(task: Task, member: Member, device: str) -> Batch:
    """Return the first batch of a member, refusing data that is another the second time it is read from the same seed."""
    twice: list[Batch] = []
    for _ in range(2):
        prepare(task, member)
        twice.append(moved(next(training_batches(task, member.seed)), device))
    leaves = [[leaf for leaf in pytree.tree_leaves(batch) if isinstance(leaf, Tensor)] for batch in twice]
    if not all(torch.equal(a, b) for a, b in zip(*leaves, strict=True)):
        raise CannotStackError("its data is another each time it is read from the same seed")
    return twice[0]


def _look(task: Task, model: torch.nn.Module, inputs: Any) -> list[Place]:
    """Return where the model drops for inputs of this shape, leaving it as it is."""
    with _as_born(model), torch.no_grad(), Recorder() as recorder:
        model(inputs)
    return recorder.places


@contextmanager
def _as_born(model: torch.nn.Module) -> Generator[None]:
    """Put gradients and buffers back afterwards. Not a copy: a function that the model holds may refer to its layers."""
    buffers = [(buffer, buffer.clone()) for buffer in model.buffers()]
    try:
        yield
    finally:
        model.zero_grad(set_to_none=True)
        with torch.no_grad():
            for buffer, value in buffers:
                buffer.copy_(value)


def _look_with_gradients(
    task: Task, model: torch.nn.Module, inputs: Any, targets: Any
) -> tuple[list[Place], dict[str, Tensor | None]]:
    """Run one update's gradient the ordinary way, with nothing dropped, and watch what else the model does."""
    kept, drew, others = _attributes(model), _generators(), OtherStates.now()
    with Recorder() as recorder:
        loss = checked_loss(task.loss(model(inputs), targets))
    if not loss.requires_grad:
        raise TaskError(f"task {task.name!r} has no parameter that its loss depends on: there is nothing to train.")
    if not (all(map(torch.equal, drew, _generators())) and OtherStates.now() == others):
        raise CannotStackError("its model draws random numbers other than dropout's")
    if changed := _changed(kept, _attributes(model)):
        raise CannotStackError(f"its model keeps {changed} from one update to the next outside its buffers")
    loss.backward()
    gradients = {name: parameter.grad for name, parameter in model.named_parameters()}
    if any(gradient is not None and gradient.layout != torch.strided for gradient in gradients.values()):
        raise CannotStackError("its gradients are sparse")
    return recorder.places, gradients


def _generators() -> list[Tensor]:
    """Return the states of torch's global generators."""
    on_device = torch.cuda.is_available() and torch.cuda.is_initialized()
    return [torch.get_rng_state(), *([torch.cuda.get_rng_state()] if on_device else [])]


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


def _gradients(task: Task, model: torch.nn.Module, trained: Sequence[str], rest: Sequence[str], *, plain: bool) -> Gradients:
    loss_of = _gathered_cross_entropy if plain else task.loss

    def loss(parameters: Rows, others: Rows, inputs: Any, targets: Any, masks: Rows) -> tuple[Tensor, Rows]:
        held = dict(zip((*trained, *rest), (*parameters, *others), strict=True))
        with Player(masks) if masks else nullcontext():
            outputs = functional_call(model, held, (inputs,))
        return loss_of(outputs, targets).reshape(()), [held[name] for name in rest]

    return vmap(grad_and_value(loss, has_aux=True))


def _plain_cross_entropy(task: Task, seed: int) -> bool:
    """Whether the loss is torch's cross-entropy of classes, none of them left out: stacked, a gather is a fifth faster."""
    if task.loss is not torch.nn.functional.cross_entropy:
        return False
    data = task.data("train", seed)
    if not isinstance(data, tuple | list):
        return False
    targets = data[1]
    return targets.ndim == 1 and not targets.is_floating_point() and bool((targets >= 0).all())


def _gathered_cross_entropy(outputs: Tensor, targets: Tensor) -> Tensor:
    return -torch.log_softmax(outputs, dim=-1).gather(-1, targets.unsqueeze(-1)).mean()


def _try(
    plan: Blueprint, names: dict[str, Tensor], inputs: Any, targets: Any, places: Sequence[Place], expected: list[Tensor | None]
) -> None:
    """Refuse a model that has no rule for a stack, or goes another way in one."""

    def twice(x: Tensor) -> Tensor:
        return torch.stack([x.detach(), x.detach()])

    masks = [torch.ones(2, *place.shape, dtype=place.dtype, device=plan.device) for place in places]
    pair = pytree.tree_map(twice, (inputs, targets))
    try:
        rows = [[twice(names[name]) for name in part] for part in (plan.trained, plan.rest)]
        found, _ = plan.gradients(rows[0], rows[1], pair[0], pair[1], masks)
    except Exception as error:
        raise CannotStackError(f"torch has no rule to stack it ({_in_short(error)})") from error
    pairs = [(gradient, own) for gradient, own in zip(found, expected, strict=True) if own is not None and own.isfinite().all()]
    largest = max((float(own.abs().max()) for _, own in pairs), default=0.0)
    for gradient, own in pairs:  # those that are not finite would diverge by themselves, too
        if not float((gradient - own).abs().max()) <= 1e4 * torch.finfo(own.dtype).eps * largest:
            raise CannotStackError("its gradients come out differently in a stack")


def _in_short(error: BaseException) -> str:
    line = next((part.strip() for part in str(error).splitlines() if part.strip()), type(error).__name__)
    sentence = line.partition(". ")[0].rstrip(".")
    return sentence if len(sentence) <= 120 else f"{sentence[:117]}…"
