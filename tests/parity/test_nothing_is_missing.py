"""Every schedule that a library has is a dialect or a controller: a class that is new upstream fails here."""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Callable, Iterable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from annealing import control, dialects
from annealing.dialects.transformers import SCHEDULES
from tests.conftest import require
from tests.parity import alone, extracted

ROWS = {row.name: row for row in dialects.everything()}


def made_in(module: ModuleType, kind: Callable[[Any], bool] = inspect.isclass) -> set[str]:
    """The public names that a module defines itself."""
    return {
        name for name, value in vars(module).items() if name[0] != "_" and kind(value) and value.__module__ == module.__name__
    }


def of_torch() -> Iterable[str]:
    torch = require("torch")
    return {*torch.optim.lr_scheduler.__all__, "SWALR"} - {"LRScheduler"}


def of_optax() -> Iterable[str]:
    optax = require("optax")
    injected = {"inject_hyperparams", "inject_stateful_hyperparams"}
    functions = {name for name, value in vars(optax.schedules).items() if inspect.isfunction(value)}
    plateaus = {name for name in dir(optax.contrib) if name.startswith("reduce_on") or "plateau" in name.lower()}
    return functions - injected | {name for name in plateaus if inspect.isfunction(getattr(optax.contrib, name))}


def of_keras() -> Iterable[str]:
    keras = require("keras")
    schedules = {name for name, value in vars(keras.optimizers.schedules).items() if inspect.isclass(value)}
    return schedules - {"LearningRateSchedule"} | {"ReduceLROnPlateau"}


def of_transformers() -> Iterable[str]:
    module = require("transformers.optimization")
    return {make.__name__ for make in module.TYPE_TO_SCHEDULER_FUNCTION.values()} | {"get_scheduler", "GreedyLR"}


def of_timm() -> Iterable[str]:
    module = alone.timm_schedulers()
    return {name for name in vars(module) if name.endswith("LRScheduler")} | {"create_scheduler_v2"}


def of_ignite() -> Iterable[str]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        one, other = require("ignite.handlers.param_scheduler"), require("ignite.handlers.state_param_scheduler")
    bases = {"BaseParamScheduler", "ParamScheduler", "CyclicalScheduler", "StateParamScheduler"}
    return (made_in(one) | made_in(other) | made_in(one, inspect.isfunction) | {"EMAHandler", "FastaiLRFinder"}) - bases


def of_fvcore() -> Iterable[str]:
    return set(alone.fvcore_schedulers().__all__) - {"ParamScheduler"}


def of_pytorch_warmup() -> Iterable[str]:
    return {name for name in require("pytorch_warmup").__all__ if name.endswith("Warmup")} - {"BaseWarmup"}


def of_composer() -> Iterable[str]:
    return set(extracted.composer_schedulers()[0].__all__) - {"ComposerScheduler", "compile_composer_scheduler"}


def of_deepspeed() -> Iterable[str]:
    return extracted.deepspeed_schedules().VALID_LR_SCHEDULES


def of_fastai() -> Iterable[str]:
    module = extracted.fastai_schedules()
    fits = {name for name in made_in(module, inspect.isfunction) if name.startswith("fit_") or name == "fine_tune"}
    return {name for name in module.__all__ if name.startswith(("Sched", "combine"))} | fits | {"ParamScheduler", "LRFinder"}


def of_olmo_core() -> Iterable[str]:
    module = extracted.olmo_core_schedulers()
    classes = made_in(module, lambda value: inspect.isclass(value) and issubclass(value, module.Scheduler))
    return classes - {"Scheduler"}


def of_megatron() -> Iterable[str]:
    sizes = made_in(extracted.megatron_batch_sizes()) - {"NumMicroBatchesCalculator", "ConstantNumMicroBatchesCalculator"}
    return sizes | {name for name in made_in(extracted.megatron_scheduler()) if name.endswith("Scheduler")}


def of_torchtitan() -> Iterable[str]:
    return made_in(extracted.torchtitan_schedulers())


def of_nanotron() -> Iterable[str]:
    return {extracted.nanotron_scheduler()[0].__name__}


LIBRARIES = {name.removeprefix("of_"): find for name, find in list(globals().items()) if name.startswith("of_")}


def test_every_library_but_one_is_looked_at() -> None:
    assert {row.library for row in ROWS.values()} == LIBRARIES.keys() | {"paddle"}


@pytest.mark.parametrize("library", LIBRARIES)
def test_every_schedule_of_a_library_is_spoken(library: str) -> None:
    theirs = set(LIBRARIES[library]())
    controllers = vars(getattr(control.dialects, library)) if library in control.dialects.__all__ else {}
    missing = {name for name in theirs if f"{library}.{name}" not in ROWS and name not in controllers}

    assert theirs
    assert missing == set(), f"annealing.dialects.{library} lacks {missing}"


def test_every_dialect_is_compared_by_some_test() -> None:
    """By its name; those of transformers go by the names of SchedulerType."""
    tests = " ".join(path.read_text() for path in Path(__file__).parent.glob("test_*.py") if path.name != Path(__file__).name)
    other_name = {f"transformers.{make.__name__}": f'"{name}"' for name, make in SCHEDULES.items()}

    assert [name for name in ROWS if other_name.get(name, name.partition(".")[2]) not in tests] == []


def test_what_no_test_can_run_says_that_it_is_unverified() -> None:
    from annealing.dialects import paddle

    assert {row.library for row in ROWS.values() if not row.checked} == {"paddle"}
    assert all(row.checked == (row.library != "paddle") for row in ROWS.values())
    assert "unverified" in (paddle.__doc__ or "")
