"""`ScheduleCallback`: a recipe and a controller for any compiled model, in one argument of `fit`."""

from __future__ import annotations

import warnings
from typing import Any, final

import keras

from annealing.control import Controller
from annealing.core.errors import ConflictError, PlanMismatchError
from annealing.core.follow import check_goes_on
from annealing.core.plan import Plan
from annealing.core.recipe import RecipePlan
from annealing.keras.layout import EVERYWHERE
from annealing.keras.optimizer import Resume, Scheduled, asked
from annealing.keras.state import controller_of


@final
class ScheduleCallback(keras.callbacks.Callback):
    """Let the optimizer of a compiled model follow a recipe, and let a controller watch a metric at the end of each epoch.

    When `fit` begins it puts a `Scheduled` around the model's optimizer, which goes on from the optimizer's count. From
    then on the model is saved and loaded with it, so a second `fit`, a `BackupAndRestore`, a `ModelCheckpoint` and a
    loaded `.keras` file all go on with the same clock, the same counters and the same gain. The logs, and so the history,
    say what the last update of each epoch used.

    >>> import annealing as an, numpy as np
    >>> model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    >>> model.compile(keras.optimizers.SGD(momentum=0.9), "mse")
    >>> recipe = an.Recipe(lr=0.1 * an.linear(), momentum=0.9 - 0.4 * an.linear()).over(8)
    >>> history = model.fit(np.ones((8, 1)), np.ones(8), 2, epochs=2, verbose=0, callbacks=[ScheduleCallback(recipe)])
    >>> [round(rate, 4) for rate in history.history["learning_rate"]], model.optimizer.update
    ([0.0625, 0.0125], 8)

    Arguments: `recipe`, `lr`, `controller` and `resume` as in `Scheduled`; none of the first two where the model was
    compiled or loaded with a `Scheduled` already; `monitor`, the log that the controller observes.

    Raises what `Scheduled` raises, and, when `fit` begins, `PlanMismatchError` where the model's optimizer follows another
    plan or controller already.
    """

    def __init__(
        self,
        recipe: RecipePlan | str | None = None,
        *,
        lr: Plan | str | None = None,
        controller: Controller[Any] | str | None = None,
        monitor: str = "val_loss",
        resume: Resume = "refuse",
    ) -> None:
        super().__init__()
        self._plan = None if recipe is None and lr is None else asked(recipe, lr)
        self._controller = controller_of(controller)
        self._monitor = monitor
        self._resume: Resume = resume
        self._missed = False

    @property
    def optimizer(self) -> Scheduled:
        """The optimizer that follows the recipe: that of the model, or the one inside its loss scaling."""
        found = _innermost(self._model)
        if not isinstance(found, Scheduled):
            raise ConflictError("this model follows nothing: write ScheduleCallback(recipe), or compile it with a Scheduled.")
        return found

    def set_model(self, model: Any) -> None:
        """Put the recipe around the model's optimizer, before any other callback loads something into it."""
        super().set_model(model)
        found = _innermost(model)
        if isinstance(found, Scheduled):
            self._check(found)
        elif self._plan is not None:
            self._install(model, found)
        else:
            assert self.optimizer  # says what is missing

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Let the controller observe, and note what the last update used."""
        optimizer, logs = self.optimizer, {} if logs is None else logs
        if optimizer.update:
            for label, values in optimizer.used().values.items():
                logs |= {name if label == EVERYWHERE else f"{name} of {label}": value for name, value in values.items()}
        if optimizer.controller is None:
            return
        if self._monitor in logs:
            optimizer.observe(logs[self._monitor])
            logs["gain"] = optimizer.gain
        elif not self._missed:
            self._missed = True
            warnings.warn(
                f"the controller observes {self._monitor!r}, and epoch {epoch} has only {', '.join(logs)}: pass "
                'validation_data= to fit, or monitor="loss".',
                stacklevel=2,
            )

    def _check(self, found: Scheduled) -> None:
        """The optimizer follows something already: it must be the same."""
        if self._plan is not None and self._resume == "refuse":
            check_goes_on(str(found.plan), self._plan, found.update)
        if self._controller is not None and str(self._controller) != str(found.controller) and self._resume == "refuse":
            raise PlanMismatchError(
                f"this model's optimizer has the controller {found.controller}, not {self._controller}: leave it out, or write "
                'resume="replace" to go on with this one.'
            )
        plan = found.plan if self._plan is None else self._plan
        rule = found.controller if self._controller is None else self._controller
        if (str(plan), str(rule)) != (str(found.plan), str(found.controller)):
            found.follow(plan, rule)
            _compile_again(self._model)

    def _install(self, model: Any, inner: Any) -> None:
        recipe, lr = (None, self._plan) if isinstance(self._plan, Plan) else (self._plan, None)
        scheduled = Scheduled(inner, recipe, lr=lr, controller=self._controller, resume=self._resume)
        if isinstance(model.optimizer, keras.optimizers.LossScaleOptimizer):
            model.optimizer.inner_optimizer = scheduled
        else:
            model.optimizer = scheduled
        # What a saved model is compiled with when it is loaded; there is no public way to say it.
        model._compile_config.config["optimizer"] = scheduled  # noqa: SLF001
        if inner.built:
            scheduled.build(model.trainable_variables)
        _compile_again(model)


def _innermost(model: Any) -> Any:
    optimizer = model.optimizer
    return optimizer.inner_optimizer if isinstance(optimizer, keras.optimizers.LossScaleOptimizer) else optimizer


def _compile_again(model: Any) -> None:
    """Forget the training step that was compiled with other values."""
    model.make_train_function(force=True)
