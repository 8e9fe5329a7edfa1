"""The schedules of large libraries, run from the one file they stand in, with stand-ins for what that file imports.

The libraries themselves need GPUs, old versions of torch or a hundred other packages; their schedules need none of that.
peers-apart.txt installs them without their dependencies, in a folder that is on nobody's path: accelerate, transformers and
lightning behave differently once deepspeed or megatron can be imported. Where one is missing the test is skipped, saying so;
in CI it fails.
"""

from __future__ import annotations

import ast
import importlib
import importlib.util
import logging
import math
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum, StrEnum
from functools import cache
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any, Optional

import numpy as np

import annealing as an
from tests.conftest import require

Members = dict[str, Any]

LR = 0.1
APART = Path(sys.prefix) / "peers"  # where the Makefile installs peers-apart.txt


def same(plan: an.Plan, expected: Any, within: float = 1e-12) -> None:
    """Every update gets the same value, to within a share of the largest."""
    values = np.array(expected, dtype=float)
    difference = np.abs(plan(np.arange(values.size)) - values)
    assert difference.max() <= within * max(np.abs(values).max(), 1e-300), (plan, int(difference.argmax()))


def stepped(make: Any, updates: int, betas: bool = False) -> np.ndarray:
    """The rate (or the first beta) that each update uses, `make` being what puts a scheduler on an optimizer."""
    torch = require("torch")
    optimizer = torch.optim.AdamW([torch.nn.Parameter(torch.zeros(1))], lr=LR)
    scheduler, rows = make(optimizer), []
    for _ in range(updates):
        group = optimizer.param_groups[0]
        rows.append(group["betas"][0] if betas else group["lr"])
        optimizer.step()
        scheduler.step()
    return np.array(rows, dtype=float)


def fastai_schedules() -> ModuleType:
    """`fastai.callback.schedule`, with the learner's methods as plain functions."""
    torch, foundation, basics = require("torch"), _apart("fastcore", "foundation"), _apart("fastcore", "basics")
    plain = {
        "Callback": object,
        "Learner": SimpleNamespace(fit_one_cycle=None),
        "Recorder": None,
        "SuggestionMethod": SimpleNamespace(Valley=None),
        "delegates": lambda *_: lambda function: function,
        "docs": lambda kind: kind,
        "mk_class": lambda *_, **__: None,
        "patch": lambda function: function,
        "L": foundation.L,
        "functools": __import__("functools"),
        "is_listy": lambda value: isinstance(value, (tuple, list)),
        "math": math,
        "np": __import__("numpy"),
        "store_attr": basics.store_attr,
        "tensor": torch.tensor,
        "torch": torch,
    }
    stand_ins = {
        "fastai": {},
        "fastai.basics": plain,
        "fastai.callback": {},
        "fastai.callback.tracker": {"SaveModelCallback": None},
    }
    return _file("fastai", "callback/schedule.py", stand_ins)


def composer_schedulers() -> tuple[ModuleType, ModuleType]:
    """`composer.optim.scheduler` and `composer.core.time`."""

    class StringEnum(Enum):
        @classmethod
        def _missing_(cls, value: object) -> Any:
            return next(member for member in cls if str(value).lower() in (member.value.lower(), member.name.lower()))

    parts: dict[str, Members] = {
        "composer": {},
        "composer.core": {},
        "composer.core.serializable": {"Serializable": object},
        "composer.utils": {"StringEnum": StringEnum},
        "composer.optim": {},
    }
    time = _file("composer", "core/time.py", parts)
    parts["composer.core"] = {"State": object, "Time": time.Time, "TimeUnit": time.TimeUnit}
    return _file("composer", "optim/scheduler.py", parts), time


def deepspeed_schedules() -> ModuleType:
    """`deepspeed.runtime.lr_schedules`."""
    parts = {"deepspeed": {}, "deepspeed.utils": {"logger": _silent()}, "deepspeed.runtime": {}}
    return _file("deepspeed", "runtime/lr_schedules.py", parts)


def megatron_scheduler() -> ModuleType:
    """`megatron.core.optimizer_param_scheduler`."""
    quiet = {"log_single_rank": lambda *_, **__: None}
    return _file(
        "megatron", "core/optimizer_param_scheduler.py", {"megatron": {}, "megatron.core": {}, "megatron.core.utils": quiet}
    )


@cache
def megatron_batch_sizes() -> ModuleType:
    """`megatron.core.num_microbatches_calculator`."""
    return _file("megatron", "core/num_microbatches_calculator.py", {"megatron": {}, "megatron.core": {}})


def torchtitan_schedulers() -> ModuleType:
    """`torchtitan.components.optimizer.lr_scheduler`."""
    parts = {
        "torchtitan": {},
        "torchtitan.config": {"Configurable": type("Configurable", (), {"Config": type("Config", (), {})})},
        "torchtitan.tools": {},
        "torchtitan.tools.logging": {"logger": _silent()},
        "torchtitan.components": {},
        "torchtitan.components.optimizer": {},
        "torchtitan.components.optimizer.optimizer": {"OptimizersContainer": list},
    }
    return _file("torchtitan", "components/optimizer/lr_scheduler.py", parts)


def olmo_core_schedulers() -> ModuleType:
    """`olmo_core.optim.scheduler`."""
    registrable = type("Registrable", (), {"register": classmethod(lambda cls, name: lambda kind: kind)})
    config = {"Config": type("Config", (), {}), "Registrable": registrable, "StrEnum": StrEnum}
    parts = {
        "olmo_core": {},
        "olmo_core.config": config,
        "olmo_core.distributed": {},
        "olmo_core.distributed.utils": {"get_rank": lambda: 1},
        "olmo_core.exceptions": {"OLMoConfigurationError": ValueError},
        "olmo_core.optim": {},
        "olmo_core.optim.config": {"INITIAL_LR_FIELD": "initial_lr", "LR_FIELD": "lr"},
    }
    return _file("olmo_core", "optim/scheduler.py", parts)


def nanotron_scheduler() -> tuple[Any, Any]:
    """`nanotron.helpers.lr_scheduler_builder` and the class of its arguments."""
    from_torch = {"math": math, "LambdaLR": require("torch").optim.lr_scheduler.LambdaLR}
    builder = _definition("nanotron", "helpers.py", "lr_scheduler_builder", from_torch)
    return builder, _definition("nanotron", "config/config.py", "LRSchedulerArgs", {"dataclass": dataclass, "Optional": Optional})


def _file(package: str, path: str, stand_ins: dict[str, Members]) -> ModuleType:
    """Run one file of a package under its own name, the modules that it imports being what is given."""
    place = _place(package) / path
    name = ".".join([package, *Path(path).with_suffix("").parts])
    with _standing_in(name, stand_ins):
        spec = importlib.util.spec_from_file_location(name, place)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        spec.loader.exec_module(module)
    return module


def _definition(package: str, path: str, name: str, members: Members) -> Any:
    """Run one function or class of a file that imports too much, its annotations left out."""
    tree = ast.parse((_place(package) / path).read_text(encoding="utf-8"))
    node = next(node for node in tree.body if isinstance(node, (ast.FunctionDef, ast.ClassDef)) and node.name == name)
    if isinstance(node, ast.FunctionDef):
        for argument in node.args.args:
            argument.annotation = None
    names = dict(members)
    exec(compile(ast.Module([node], []), path, "exec"), names)  # noqa: S102 - it is the library under test
    return names[name]


@contextmanager
def _standing_in(name: str, stand_ins: dict[str, Members]) -> Iterator[None]:
    """Whoever imports the package later gets the real one."""
    before = {key: sys.modules.get(key) for key in (*stand_ins, name)}
    for key, members in stand_ins.items():
        module = ModuleType(key)
        module.__path__ = []
        module.__dict__.update(members)
        sys.modules[key] = module
    try:
        yield
    finally:
        for key, module in before.items():
            if module is None:
                sys.modules.pop(key, None)
            else:
                sys.modules[key] = module


def _place(package: str) -> Path:
    return Path(next(iter(_found(package).submodule_search_locations or [])))


def _apart(package: str, module: str) -> ModuleType:
    """Import a module of a package that lies apart, without letting any other package there be found."""
    if package not in sys.modules:
        spec = _found(package)
        assert spec.loader is not None
        sys.modules[package] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(sys.modules[package])
    return importlib.import_module(f"{package}.{module}")


def _found(package: str) -> ModuleSpec:
    """Where a package lies: apart, or where everybody finds it."""
    found = PathFinder.find_spec(package, [str(APART)]) or importlib.util.find_spec(package)
    if found is None:
        require(package)
    assert found is not None
    return found


def _silent() -> logging.Logger:
    logger = logging.getLogger("a library under test")
    logger.setLevel(logging.CRITICAL + 1)
    return logger
