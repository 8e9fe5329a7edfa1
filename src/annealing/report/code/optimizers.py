"""An optimizer and its hyper-parameters as the call that makes it, in PyTorch, optax and Keras."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeVar, final

from annealing.core.errors import ArgumentError

Value = float | int | str
T = TypeVar("T")

_TORCH = {
    "sgd": ("torch", "torch.optim.SGD", {}),
    "momentum": ("torch", "torch.optim.SGD", {"momentum": 0.9}),
    "nesterov": ("torch", "torch.optim.SGD", {"momentum": 0.9, "nesterov": True}),
    "adam": ("torch", "torch.optim.Adam", {}),
    "adamw": ("torch", "torch.optim.AdamW", {}),
    "rmsprop": ("torch", "torch.optim.RMSprop", {}),
    "adagrad": ("torch", "torch.optim.Adagrad", {}),
    "adadelta": ("torch", "torch.optim.Adadelta", {}),
    "nadam": ("torch", "torch.optim.NAdam", {}),
    "radam": ("torch", "torch.optim.RAdam", {}),
    "adamax": ("torch", "torch.optim.Adamax", {}),
    "schedulefree_sgd": ("schedulefree", "schedulefree.SGDScheduleFree", {}),
    "schedulefree_adamw": ("schedulefree", "schedulefree.AdamWScheduleFree", {}),
    "schedulefree_radam": ("schedulefree", "schedulefree.RAdamScheduleFree", {}),
    "prodigy": ("prodigyopt", "prodigyopt.Prodigy", {}),
}
_DECAY = {"adamw": 0.01}  # torch's default, which others do not share
_OPTAX = {
    "sgd": "optax.sgd", "momentum": "optax.sgd", "nesterov": "optax.sgd", "adam": "optax.adam", "adamw": "optax.adamw",
    "nadam": "optax.nadam", "radam": "optax.radam", "adamax": "optax.adamax",
}  # fmt: skip
_KERAS = {
    "sgd": "SGD", "momentum": "SGD", "nesterov": "SGD", "adam": "Adam", "adamw": "AdamW", "nadam": "Nadam", "adamax": "Adamax",
}  # fmt: skip
_NAMES = {"betas[0]": "b1", "betas[1]": "b2", "eps": "eps", "momentum": "momentum", "weight_decay": "weight_decay"}
_IN_KERAS = {"betas[0]": "beta_1", "betas[1]": "beta_2", "eps": "epsilon", "momentum": "momentum"}
_PART = re.compile(r"(\w+)\[(\d+)\]")


@final
@dataclass(frozen=True)
class Made:
    """An optimizer by name with the hyper-parameters that stay, as a study found them.

    >>> Made("nesterov", {"momentum": 0.95}).torch("plan(0)")
    'torch.optim.SGD(model.parameters(), lr=plan(0), momentum=0.95, nesterov=True)'
    >>> Made("adamw", {"betas[0]": 0.95}).optax("plan")
    'optax.adamw(learning_rate=plan, weight_decay=0.01, b1=0.95)'
    """

    name: str
    options: Mapping[str, Value]

    @property
    def package(self) -> str:
        """What to import for PyTorch."""
        return _known(self.name, _TORCH, "PyTorch")[0]

    def torch(self, rate: str, parameters: str = "model.parameters()") -> str:
        """Write the call in PyTorch."""
        _, call, given = _known(self.name, _TORCH, "PyTorch")
        return f"{call}({parameters}, lr={rate}{_arguments(_together({**given, **self.options}))})"

    def optax(self, rate: str) -> str:
        """Write the call in optax; weight decay is added to the gradient, where PyTorch does so."""
        call, (_, _, given) = _known(self.name, _OPTAX, "optax"), _TORCH[self.name]
        values = {**given, **({"weight_decay": _DECAY[self.name]} if self.name in _DECAY else {}), **self.options}
        decay = values.pop("weight_decay") if self.name not in _DECAY and "weight_decay" in values else None
        named = {_named(name, _NAMES | {"nesterov": "nesterov"}, "optax"): value for name, value in values.items()}
        made = f"{call}(learning_rate={rate}{_arguments(named)})"
        return made if decay is None else f"optax.chain(optax.add_decayed_weights({decay!r}), {made})"

    def keras(self, rate: str) -> str:
        """Write the call in Keras, whose weight decay is always apart from the gradient, so that only AdamW's is the same."""
        call, (_, _, given) = _known(self.name, _KERAS, "Keras"), _TORCH[self.name]
        values = {**given, **({"weight_decay": _DECAY[self.name]} if self.name in _DECAY else {}), **self.options}
        decay = values.pop("weight_decay") if self.name not in _DECAY and "weight_decay" in values else None
        names = _IN_KERAS | {"nesterov": "nesterov", "weight_decay": "weight_decay"}
        named = {_named(name, names, "Keras"): value for name, value in values.items()}
        made = f"keras.optimizers.{call}(learning_rate={rate}{_arguments(named)})"
        if decay is None:
            return made
        half = float(decay) / 2
        return f"{made}  # and give every layer kernel_regularizer=keras.regularizers.L2({half!r})"


def _known(name: str, table: Mapping[str, T], where: str) -> T:
    if name not in table:
        raise ArgumentError(f"optimizer={name!r} has no call in {where} that is known here: write one of {', '.join(table)}.")
    return table[name]


def _named(name: str, names: Mapping[str, str], where: str) -> str:
    if name not in names:
        raise ArgumentError(f"{name} has no name in {where} that is known here: write one of {', '.join(names)}.")
    return names[name]


def _together(options: Mapping[str, Value]) -> dict[str, Value | tuple[Value, ...]]:
    """Put the parts of a pair together: betas[0] and betas[1]."""
    found: dict[str, Value | tuple[Value, ...]] = {}
    for name, value in options.items():
        part = _PART.fullmatch(name)
        if part is None:
            found[name] = value
        elif part[1] not in found:
            usual = (0.9, 0.999)
            found[part[1]] = tuple(options.get(f"{part[1]}[{place}]", other) for place, other in enumerate(usual))
    return found


def _arguments(values: Mapping[str, object]) -> str:
    return "".join(f", {name}={value!r}" for name, value in values.items())
