"""`Scheduled`: a Keras optimizer around another one, whose hyper-parameters follow a recipe and a controller."""

from __future__ import annotations

from contextlib import nullcontext
from typing import Any, Literal, NamedTuple, TypeAlias, final, get_args

import keras

from annealing.control import Controller, state_from_json, state_to_json
from annealing.core.errors import ArgumentError, ConflictError, KindError
from annealing.core.follow import Followed, followed
from annealing.core.plan import Plan
from annealing.core.recipe import RecipePlan
from annealing.keras.backend import check_backend, count_of, number_of
from annealing.keras.layout import Layout, check_fit, lay_out, routed
from annealing.keras.slots import RATE, borrowed, write
from annealing.keras.state import KEY, Feedback, check_ours, controller_of, read_state, write_state

Resume: TypeAlias = Literal["refuse", "replace"]
"""What to do with the state of a run that followed another plan: refuse it, or go on from it with this one's."""


class Used(NamedTuple):
    """What one update used."""

    update: int  # its index, from 0
    values: dict[str, dict[str, float]]  # by group ("*" where no pattern matched) and Keras' name of the hyper-parameter
    gain: float  # the controller's gain, which the rates among the values are multiplied by already


@final
@keras.saving.register_keras_serializable(package="annealing")
class Scheduled(keras.optimizers.Optimizer):
    """Let an optimizer's hyper-parameters follow a recipe: update `t` uses the recipe's values at `t`.

    The values are computed inside the update, from the optimizer's own count: they are right under `jit`, with
    `steps_per_execution`, and with `gradient_accumulation_steps`, where the clock counts real updates. Configuration and
    state are saved with the model, in a `.keras` file or with the weights, and going on from there is as if one had never
    stopped: the clock is the optimizer's count, the plan is its text, the controller its state.

    >>> import annealing as an
    >>> recipe = an.Recipe(lr=0.1 * an.onecycle(), momentum=0.95 - 0.1 * an.cosine()).over(1_000)
    >>> optimizer = Scheduled(keras.optimizers.SGD(momentum=0.9), recipe)
    >>> optimizer.plan == recipe, optimizer.update, optimizer.gain
    (True, 0, 1.0)

    Arguments: `optimizer`, any Keras optimizer whose rate is a number; `recipe`, a `RecipePlan` or its text, with Keras'
    names or torch's ("lr" is `learning_rate`, "betas[0]" is `beta_1`) and patterns for the paths of variables
    ("*/bias"); or instead `lr`, a plan for the rate alone; `controller`, one such as `Plateau()` or its text, whose gain
    multiplies the rate of every group after each `observe`; `resume`, "refuse" to refuse the weights of a run that followed
    another plan or controller, "replace" to go on from them with these.

    Raises `KindError` for what is no plan or controller, `ArgumentError` for a hyper-parameter that the optimizer does not
    have, `ConflictError` where the optimizer has a schedule of its own, and, from `build`, `ArgumentError` for a pattern
    that matches no variable.
    """

    def __init__(
        self,
        optimizer: Any,
        recipe: RecipePlan | str | None = None,
        *,
        lr: Plan | str | None = None,
        controller: Controller[Any] | str | None = None,
        resume: Resume = "refuse",
        name: str | None = None,
    ) -> None:
        check_backend()
        if not isinstance(optimizer, keras.optimizers.Optimizer) or isinstance(optimizer, Scheduled):
            raise KindError(f"{optimizer!r} is not an optimizer to schedule: write Scheduled(keras.optimizers.AdamW(), recipe).")
        if resume not in get_args(Resume):
            raise ArgumentError(f"resume={resume!r} is unknown: write one of {', '.join(map(repr, get_args(Resume)))}.")
        plan, rule = asked(recipe, lr), controller_of(controller)
        check_fit(optimizer, plan, rule is not None)
        super().__init__(learning_rate=0.0, name=name or f"scheduled_{optimizer.name}")
        self.inner_optimizer = optimizer
        self._resume: Resume = resume
        self._plan, self._layout = plan, Layout()
        self._feedback = Feedback(rule)
        self._gain = self.add_variable(shape=(), initializer="ones", dtype="float32", name="gain")

    @property
    def plan(self) -> Followed:
        """What is followed now."""
        return self._plan

    @property
    def controller(self) -> Controller[Any] | None:
        """Whose gain multiplies the rates."""
        return self._feedback.controller

    @property
    def gain(self) -> float:
        """The gain that the next update uses: 1 without a controller."""
        return self._feedback.gain

    @property
    def update(self) -> int:
        """The index of the update that comes next, which is the number of updates made so far."""
        return int(self.iterations)

    def observe(self, value: float) -> float:
        """Give the controller one observation, such as a validation loss; return the gain from here on.

        Raises `KindError` without a controller, and for what is no number.
        """
        gain = self._feedback.observe(value, self.update)
        self._gain.assign(gain)
        return gain

    def follow(self, plan: Followed, controller: Controller[Any] | None = None) -> None:
        """Go on with another plan and controller; a training step that was compiled has to be compiled again."""
        check_fit(self.inner_optimizer, plan, controller is not None)
        feedback = Feedback(controller)
        if controller is not None and self.controller is not None:
            feedback.state = state_from_json(controller, state_to_json(self.controller, self._feedback.state), "replace")
        feedback.gains = [*self._feedback.gains, (self.update, 1.0 if controller is None else controller.gain(feedback.state))]
        self._plan, self._feedback = plan, feedback
        self._gain.assign(feedback.gain)
        if self.built:
            self._layout = lay_out(self.inner_optimizer, plan, self._trainable_variables)

    def used(self) -> Used:
        """Return what the last update used, by group and hyper-parameter.

        Raises `ArgumentError` before the first update.
        """
        last = self.update - 1
        if last < 0:
            raise ArgumentError("no update has been made with this optimizer yet: nothing was used.")
        gain = self._feedback.gain_at(last)
        values = {
            group.label: {name: plan(last) * (gain if name == RATE else 1.0) for name, plan in group.plans.items()}
            for group in self._layout.groups
        }
        return Used(last, values, gain)

    def build(self, variables: Any) -> None:
        """Sort the variables into groups, and build the optimizer."""
        if self.built:
            return
        self._layout = lay_out(self.inner_optimizer, self._plan, variables)
        self.inner_optimizer.build(variables)  # does nothing where it was built before
        super().build(variables)

    def apply(self, grads: Any, trainable_variables: Any = None) -> None:
        """Make one update, or take in one micro-batch, with the values of the update that is under way."""
        if not self.built:
            self.build(list(trainable_variables))
        inner: Any = self.inner_optimizer
        layout = self._layout
        writes = self.controller is not None or RATE in layout.names
        own = number_of(inner.learning_rate) if writes else None
        gain = None if self.controller is None else number_of(self._gain)
        values = layout.values(count_of(inner.iterations), own, gain)
        with borrowed(inner, layout.names) as built:
            write(inner, values[0], built)
            with routed(inner, layout, values, built) if len(values) > 1 else nullcontext():
                inner.apply(grads, trainable_variables)
        if writes:  # what is shown is the rate of the first group, or the optimizer's own where a group goes on with that
            inner.learning_rate.assign(values[0][RATE] if layout.shows else own)

    @property
    def variables(self) -> list[Any]:
        """Its own variables and those of the optimizer."""
        return self._variables[:] + self.inner_optimizer.variables

    @property
    def iterations(self) -> Any:
        """The optimizer's count of real updates."""
        return self.inner_optimizer.iterations

    @property
    def learning_rate(self) -> Any:
        """The rate that the last update used."""
        return self.inner_optimizer.learning_rate

    @learning_rate.setter
    def learning_rate(self, value: Any) -> None:
        raise ConflictError(
            f"learning_rate = {value!r} would write what follows {self._plan}: describe the change in the plan, or let a "
            "controller make it, Scheduled(…, controller=Plateau()) instead of ReduceLROnPlateau."
        )

    def scale_loss(self, loss: Any) -> Any:
        """Scale the loss as the optimizer does."""
        return self.inner_optimizer.scale_loss(loss)

    def finalize_variable_values(self, var_list: Any) -> None:
        """Finish as the optimizer does."""
        self.inner_optimizer.finalize_variable_values(var_list)

    def save_own_variables(self, store: Any) -> None:
        """Save the texts and the controller's state; the optimizer saves its own variables."""
        store[KEY] = write_state(self._plan, self._feedback, self.update)

    def load_own_variables(self, store: Any) -> None:
        """Go on from what was saved.

        Raises `PlanMismatchError` for another plan or controller, which Keras may turn into a `ValueError` of the same text.
        """
        check_ours(store)
        read_state(store[KEY], self._plan, self._feedback, mine=self._resume == "replace")
        self._gain.assign(self._feedback.gain)

    def get_config(self) -> dict[str, Any]:
        """Return the optimizer's configuration and the texts."""
        return {
            "name": self.name,
            "optimizer": keras.saving.serialize_keras_object(self.inner_optimizer),
            "plan": str(self._plan),
            "controller": None if self.controller is None else str(self.controller),
        }

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> Scheduled:
        """Build what `get_config` described."""
        plan = followed(config["plan"])
        return cls(
            keras.saving.deserialize_keras_object(config["optimizer"], custom_objects=custom_objects),
            None if isinstance(plan, Plan) else plan,
            lr=plan if isinstance(plan, Plan) else None,
            controller=config["controller"],
            name=config["name"],
        )


def asked(recipe: RecipePlan | str | None, lr: Plan | str | None) -> Followed:
    """Read the arguments of a Scheduled or a callback: a recipe, or a plan of the rate."""
    if (recipe is None) == (lr is None):
        which = "nothing" if recipe is None else "both a recipe and lr"
        raise KindError(f"an optimizer follows one thing and was given {which}: write a recipe plan alone, or lr=plan.")
    plan = followed(lr if recipe is None else recipe)
    if isinstance(plan, Plan) != (recipe is None):
        raise KindError(
            "a plan alone does not say what it is for: write lr=plan."
            if recipe is not None
            else "lr= is a recipe, which names its hyper-parameters itself: leave lr= out."
        )
    return plan
