"""The names people type: documented by an example, and in dialects exactly the peer's."""

import inspect
from types import ModuleType

import pytest

from annealing import control
from annealing.control import Transition, dialects, parse
from tests.conftest import require
from tests.control.peers import timm_plateau, told_off

NAMES = [name for name in control.__all__ if not name.endswith("State") and name not in ("dialects", "Controller", "Transition")]
DIALECTS = {
    f"{name}.{function}": value
    for name, library in vars(dialects).items()
    if isinstance(library, ModuleType) and name != "arguments"
    for function, value in vars(library).items()
    if inspect.isfunction(value) and value.__module__ == library.__name__ and not function.startswith("_")
}


@pytest.mark.parametrize("name", NAMES)
def test_a_public_name_shows_how_it_is_used(name) -> None:
    assert ">>>" in (inspect.getdoc(getattr(control, name)) or "")


@pytest.mark.parametrize("name", DIALECTS)
def test_a_dialect_shows_how_it_is_used(name) -> None:
    assert ">>>" in (inspect.getdoc(DIALECTS[name]) or "")


@pytest.mark.parametrize("name", [name for name in DIALECTS if "get_" not in name])
def test_a_dialect_says_what_is_odd_and_names_our_way(name) -> None:
    documented = inspect.getdoc(DIALECTS[name]) or ""

    assert "What is odd about it:" in documented
    assert "Ours: `" in documented
    ours = documented.split("Ours: `")[1].split("`")[0]
    assert isinstance(parse(ours), Transition)


def peers() -> dict[str, object]:
    with told_off():
        return {
            "torch.ReduceLROnPlateau": require("torch").optim.lr_scheduler.ReduceLROnPlateau,
            "keras.ReduceLROnPlateau": require("keras").callbacks.ReduceLROnPlateau,
            "optax.reduce_on_plateau": require("optax").contrib.reduce_on_plateau,
            "timm.PlateauLRScheduler": timm_plateau().PlateauLRScheduler,
            "ignite.ReduceLROnPlateauScheduler": require("ignite.handlers.param_scheduler").ReduceLROnPlateauScheduler,
            "transformers.GreedyLR": require("transformers.optimization").GreedyLR,
            "transformers.get_greedy_schedule": require("transformers.optimization").get_greedy_schedule,
            "transformers.get_reduce_on_plateau_schedule": require("transformers.optimization").get_reduce_on_plateau_schedule,
        }


@pytest.mark.parametrize("name", [name for name in DIALECTS if not name.startswith(("fastai", "paddle"))])
def test_a_dialect_has_the_peers_names_and_defaults(name) -> None:
    def written(function, without) -> dict[str, object]:
        parameters = inspect.signature(function).parameters
        return {key: p.default for key, p in parameters.items() if key not in without}

    theirs = written(peers()[name], {"optimizer", "self"})
    if name.startswith("keras"):
        del theirs["kwargs"]

    assert written(DIALECTS[name], {"lr"}) == theirs


def test_the_controller_of_a_dialect_is_text_like_any_other() -> None:
    for controller in (
        dialects.torch.ReduceLROnPlateau(0.1, mode="max", min_lr=1e-3),
        dialects.keras.ReduceLROnPlateau(lr=0.1),
        dialects.optax.reduce_on_plateau(accumulation_size=3),
        dialects.timm.PlateauLRScheduler(0.1, warmup_t=3),
        dialects.ignite.ReduceLROnPlateauScheduler(0.1, "loss"),
        dialects.transformers.GreedyLR(2e-5, smooth=True),
        dialects.fastai.ReduceLROnPlateau(lr=0.1),
        dialects.paddle.ReduceOnPlateau(0.1),
    ):
        assert parse(str(controller)) == controller
