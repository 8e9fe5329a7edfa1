"""Any optimizer whose update is linear in its rate, on stacked parameters: it steps at rate 1, and each member goes its share.

torch's optimizers take one rate. But where the way that an update goes is proportional to the rate, member k's parameters are
`before + lr[k] · (after − before)` with `after` from an update at rate 1. A probe decides whether that holds.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from torch.optim import Optimizer

from annealing.lockstep import foreach
from annealing.tasks.failure import where_it_failed
from annealing.tasks.optimizers import Maker

TOLERANCE = 1e-9
"""How far a probe's members may be from ordinary runs, relative to their largest parameter, in float64."""
_RATES = ((1.0, 0.37), (0.6, 0.21), (0.9, 0.05))  # of two members, at three updates: a rate that changes shows more
_SHAPES = ((5, 3), (4,))  # neither square nor of one size: a matrix operation or a norm over the stack shows


def stacked_optimizer(single: Optimizer, stacked: Sequence[Tensor | None]) -> Optimizer:
    """Return a copy of an optimizer for stacked parameters, at rate 1.

    `stacked` holds, in the order of the groups, what takes each parameter's place: [members, …], or None
    for one that is not trained. What the optimizer keeps from its making on is repeated for every member.
    """
    whole = copy.copy(single)
    whole.param_groups = [
        {key: copy.deepcopy(value) for key, value in group.items() if key != "params"} for group in single.param_groups
    ]
    whole.state = copy.copy(single.state)
    whole.state.clear()
    places = iter(stacked)
    for group, own in zip(whole.param_groups, single.param_groups, strict=True):
        pairs = [(parameter, next(places)) for parameter in own["params"]]
        group["params"] = [place for _, place in pairs if place is not None]
        group["lr"] = 1.0
        for parameter, place in pairs:
            if place is not None and parameter in single.state:
                whole.state[place] = {key: _repeated(value, parameter, place) for key, value in single.state[parameter].items()}
    return whole


def _repeated(value: Any, parameter: Tensor, place: Tensor) -> Any:
    if isinstance(value, Tensor) and value.shape == parameter.shape:
        return value.detach().to(place.device).expand(place.shape).clone()
    return copy.deepcopy(value)


def go_the_share(parameters: Sequence[Tensor], before: Sequence[Tensor], rates: Sequence[Tensor]) -> None:
    """Put each member where its own rate takes it, given where rate 1 took it."""
    steps = foreach.sub(parameters, before)
    foreach.copy_(parameters, before)
    foreach.addcmul_(parameters, steps, rates)


def why_not_linear(make: Maker) -> str | None:
    """Try an optimizer on a small problem: return None if stacked members go as two ordinary runs do, else what happened.

    >>> why_not_linear(lambda parameters, lr: torch.optim.Adagrad(parameters, lr=lr)) is None
    True
    >>> why_not_linear(lambda parameters, lr: torch.optim.Rprop(parameters, lr=lr))
    'its update is not linear in the rate'
    """
    generator = torch.Generator().manual_seed(0)
    begin = [torch.randn(2, *shape, dtype=torch.float64, generator=generator) for shape in _SHAPES]
    pull = [torch.randn(2, *shape, dtype=torch.float64, generator=generator) for shape in _SHAPES]
    try:
        apart = [_ordinary(make, [part[k] for part in begin], [part[k] for part in pull], k) for k in range(2)]
        together = _stacked(make, begin, pull)
    except Exception as error:  # noqa: BLE001 - whatever an optimizer says that was never made for this
        return f"it cannot take stacked parameters: {where_it_failed(error)}"
    for part, *own in zip(together, *apart, strict=True):
        expected = torch.stack(own)
        if not bool((part - expected).abs().max() <= TOLERANCE * expected.abs().max()):
            return "its update is not linear in the rate"
    return None


def _gradient(parameter: Tensor, pull: Tensor) -> Tensor:
    return torch.sin(3 * parameter) + pull  # depends on where the parameters are, differently for every member


def _ordinary(make: Maker, begin: list[Tensor], pull: list[Tensor], member: int) -> list[Tensor]:
    parameters = [torch.nn.Parameter(part.clone()) for part in begin]
    optimizer = make(parameters, _RATES[0][member])
    for rates in _RATES:
        for group in optimizer.param_groups:
            group["lr"] = rates[member]
        for parameter, own in zip(parameters, pull, strict=True):
            parameter.grad = _gradient(parameter.detach(), own)
        optimizer.step()
    return [parameter.detach() for parameter in parameters]


def _stacked(make: Maker, begin: list[Tensor], pull: list[Tensor]) -> list[Tensor]:
    own = [torch.nn.Parameter(part[0].clone()) for part in begin]
    single = make(own, 1.0)
    parameters = [torch.nn.Parameter(part.clone()) for part in begin]
    places = dict(zip(map(id, own), parameters, strict=True))
    optimizer = stacked_optimizer(single, [places.get(id(p)) for group in single.param_groups for p in group["params"]])
    data = [parameter.data for parameter in parameters]
    for rates in _RATES:
        before = [part.clone() for part in data]
        for parameter, own in zip(parameters, pull, strict=True):
            parameter.grad = _gradient(parameter.detach(), own)
        optimizer.step()
        shares = torch.tensor(rates, dtype=torch.float64)
        go_the_share(data, before, [shares.view(2, *[1] * (part.ndim - 1)) for part in data])
    return data
