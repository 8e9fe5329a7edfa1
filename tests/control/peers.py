"""The peers' own controllers, driven through a sequence of metrics: the rate after each of them."""

import importlib.util
import sys
import warnings
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np

from tests.conftest import require


@contextmanager
def told_off() -> Iterator[None]:
    """The peers' own use of what is deprecated is not our concern."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        warnings.simplefilter("ignore", FutureWarning)
        yield


def optimizer_of(lr: float, groups: int = 1) -> Any:
    torch = require("torch")
    return torch.optim.SGD([{"params": [torch.nn.Parameter(torch.zeros(1))]} for _ in range(groups)], lr=lr)


def rate_of(optimizer: Any, group: int = 0) -> float:
    return float(optimizer.param_groups[group]["lr"])


def torch_rates(metrics: Iterable[float], lr: float, **options: Any) -> list[float]:
    optimizer = optimizer_of(lr)
    scheduler = require("torch").optim.lr_scheduler.ReduceLROnPlateau(optimizer, **options)
    return [(scheduler.step(metric), rate_of(optimizer))[1] for metric in metrics]


def greedy_rates(metrics: Iterable[float], lr: float, **options: Any) -> list[float]:
    optimizer = optimizer_of(lr)
    scheduler = require("transformers.optimization").GreedyLR(optimizer, **options)
    return [(scheduler.step(metric), rate_of(optimizer))[1] for metric in metrics]


def keras_rates(fits: Iterable[Iterable[float]], lr: float, **options: Any) -> list[float]:
    """Drive the callback through one call of fit() for each sequence of metrics."""
    keras = require("keras")
    model = SimpleNamespace(optimizer=keras.optimizers.SGD(lr), metrics=[])
    callback = keras.callbacks.ReduceLROnPlateau(**options)
    callback.set_model(model)
    rates: list[float] = []
    with told_off():
        for metrics in fits:
            callback.on_train_begin()
            for epoch, metric in enumerate(metrics):
                callback.on_epoch_end(epoch, {"val_loss": metric})
                rates.append(float(model.optimizer.learning_rate))
    return rates


LONGEST = 30  # metrics that are given to optax, so that its scan is compiled once


@cache
def _optax_scan(factor: float, rtol: float, atol: float) -> Any:
    jax, optax = require("jax"), require("optax")

    def run(metrics, patience, cooldown, accumulation_size, min_scale):
        tx = optax.contrib.reduce_on_plateau(factor, patience, rtol, atol, cooldown, accumulation_size, min_scale)
        one = jax.numpy.float32(1.0)

        def step(state, metric):
            scaled, state = tx.update(one, state, value=metric)
            return state, scaled

        return jax.lax.scan(step, tx.init(one), metrics)[1]

    return jax.jit(run)


def optax_scales(
    metrics: Sequence[float],
    factor: float = 0.1,
    patience: int = 10,
    rtol: float = 1e-4,
    atol: float = 0.0,
    cooldown: int = 0,
    accumulation_size: int = 1,
    min_scale: float = 0.0,
) -> np.ndarray:
    padded = np.array([*metrics, *[0.0] * (LONGEST - len(metrics))], np.float32)
    scan = _optax_scan(factor, rtol, atol)
    return np.asarray(scan(padded, patience, cooldown, accumulation_size, np.float32(min_scale)))[: len(metrics)]


def ignite_rates(metrics: Iterable[float], lr: float, **options: Any) -> list[float]:
    with told_off():
        handlers, engine = require("ignite.handlers.param_scheduler"), require("ignite.engine")
    group = options.get("param_group_index") or 0
    optimizer = optimizer_of(lr, groups=group + 1)
    scheduler = handlers.ReduceLROnPlateauScheduler(optimizer, "loss", **options)
    trainer = engine.Engine(lambda *_: None)
    rates: list[float] = []
    for metric in metrics:
        trainer.state.metrics = {"loss": metric}
        scheduler(trainer)
        rates.append(rate_of(optimizer, group))
    return rates


def timm_scheduler(optimizer: Any, **options: Any) -> Any:
    with told_off():  # it says that it will be removed
        return timm_plateau().PlateauLRScheduler(optimizer, **options)


def timm_rates(metrics: Iterable[float], lr: float, **options: Any) -> list[float]:
    optimizer = optimizer_of(lr)
    scheduler = timm_scheduler(optimizer, **options)
    return [(scheduler.step(epoch + 1, metric), rate_of(optimizer))[1] for epoch, metric in enumerate(metrics)]


def timm_plateau() -> ModuleType:
    """timm's schedulers without the rest of timm, which wants torchvision."""
    try:
        spec = importlib.util.find_spec("timm")
    except ModuleNotFoundError:
        spec = None
    if spec is None or not spec.submodule_search_locations:
        return require("timm")  # says that it is missing
    folder = Path(spec.submodule_search_locations[0]) / "scheduler"
    return [_loaded(f"timm_alone.{name}", folder / f"{name}.py") for name in ("scheduler", "plateau_lr")][-1]


def _loaded(name: str, path: Path) -> ModuleType:
    if name not in sys.modules:
        package = sys.modules.setdefault("timm_alone", ModuleType("timm_alone"))
        package.__path__ = [str(path.parent)]
        spec = importlib.util.spec_from_file_location(name, path)
        assert spec is not None
        assert spec.loader is not None
        module = sys.modules[name] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    return sys.modules[name]
