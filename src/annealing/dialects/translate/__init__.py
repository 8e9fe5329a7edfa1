"""From another library's scheduler, as it lives in somebody's program, to the plan with the same numbers.

One file per library reads what its objects remember and calls the dialect of that library. No framework is imported:
whoever holds such an object has imported it already.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from annealing.core.errors import AnnealingError, KindError
from annealing.core.plan import Plan
from annealing.core.recipe import Recipe, RecipePlan
from annealing.core.schedule import Schedule
from annealing.dialects.translate import keras, timm, torch, transformers

__all__ = ["translate"]

Read = Callable[[Any], Plan | RecipePlan]

_WHERE: tuple[tuple[str, str, dict[str, Read]], ...] = (
    ("torch", "torch.optim", torch.READ),
    ("timm", "timm.scheduler", timm.READ),
    ("keras", "keras.", keras.READ),
    ("transformers", "transformers.optimization", transformers.READ),
)
"""Library, where its schedulers' classes are defined, and how each is read."""

_HINTS = {
    ("accelerate", "AcceleratedScheduler"): "translate its .scheduler, which accelerate steps once for each process",
    ("annealing", "Scheduler"): "the plan that it follows is its .plan",
}
_BASES = ("LRScheduler", "LearningRateSchedule", "Scheduler")  # what the libraries' own schedulers are made from
_SPOKEN = "torch and transformers schedulers, timm schedulers, keras schedules"


def translate(scheduler: Any, /) -> Plan | RecipePlan:
    """Return the plan whose numbers are those that another library's scheduler gives, from update 0 on and past the end.

    >>> import annealing as an, torch
    >>> optimizer = torch.optim.SGD([torch.nn.Parameter(torch.ones(1))], lr=0.1)
    >>> an.translate(torch.optim.lr_scheduler.StepLR(optimizer, step_size=30))
    (0.1 * geometric(0.1, per=30).every(30)).over(inf)

    `scheduler` is one of torch's (SWALR, sequences and chains included) or of transformers', a timm scheduler, or a keras
    LearningRateSchedule. It is looked at and never changed or stepped. The plan is that of the dialect, so what is odd about
    theirs is odd about it; an epoch of torch's is an update here, timm's count epochs unless t_in_epochs=False.

    The result is a recipe plan where the scheduler also moves momentum, and where parameter groups get different rates: then
    there is a plan for each group by its "name" or index, as `annealing.torch.Scheduler` reads it.

    The plan is the whole curve, whatever the scheduler has been through. To go on where it stands, give ours the count:
    `ours = Scheduler(optimizer, lr=plan)`, then `ours.load_state_dict({**ours.state_dict(), "update": theirs.last_epoch})`.

    Raises `KindError` for what cannot be known (a function without a name, a class of your own), and for a scheduler that
    follows a metric, naming the controller to write; the errors of the dialect for arguments that it refuses.
    """
    kind: type[Any] = scheduler.__class__
    for _, place, read in _WHERE:
        if _defined(kind, place) and kind.__name__ in read:
            return _read(read[kind.__name__], scheduler)
    raise KindError(_why_not(scheduler))


def _defined(kind: type, place: str) -> bool:
    return f"{kind.__module__}.".startswith(place if place.endswith(".") else f"{place}.")


def _read(read: Read, scheduler: Any) -> Plan | RecipePlan:
    try:
        return read(scheduler)
    except AnnealingError:
        raise
    except (AttributeError, LookupError, TypeError, ArithmeticError) as error:
        raise KindError(
            f"this {type(scheduler).__name__} does not hold what its class wrote into it and its optimizer ({error!r}): it is of "
            "another version, or was changed by hand; write the call of annealing.dialects with its arguments."
        ) from None


def _why_not(scheduler: Any) -> str:
    kind: type[Any] = scheduler.__class__
    if hint := _HINTS.get((kind.__module__.partition(".")[0], kind.__name__)):
        return f"{kind.__name__} is no schedule of its own: {hint}."
    for library, place, read in _WHERE:
        base = next((base for base in kind.__mro__[1:] if _defined(base, place) and base.__name__ in {*read, *_BASES}), None)
        if base is not None:
            return (
                f"{kind.__name__} is a class of its own on top of {library}'s {base.__name__}, and may compute anything: "
                + (f"translate a plain {base.__name__}, or write" if base.__name__ in read else "write")
                + " its curve, such as 0.1 * chain(warmup(100), cosine()) or 0.1 * formula('mine')."
            )
    name = getattr(scheduler, "__qualname__", "")
    if getattr(scheduler, "__module__", "").startswith("optax."):
        made_by = name.partition(".")[0]
        return (
            f"{name} is a function, which keeps its arguments to itself: write annealing.dialects.optax.{made_by}(…) with the "
            f"arguments that optax.{made_by} was given."
        )
    if isinstance(scheduler, (Schedule, Plan, Recipe, RecipePlan)):
        return f"{scheduler} is written in our words already: there is nothing to translate."
    if isinstance(scheduler, str):
        return f"{scheduler[:40]!r} is text: annealing.dialects.parse reads a call, such as torch.StepLR(lr=0.1, step_size=30)."
    if isinstance(scheduler, type):
        return f"{name} is a class: give translate a scheduler that it made, or call annealing.dialects with its arguments."
    if callable(scheduler):
        return (
            f"{name or kind.__name__} is a function, and nothing says what it computes: put @annealing.register('mine') above it "
            "and write 0.1 * formula('mine')."
        )
    return f"{kind.__name__} is no scheduler that can be translated: there are {_SPOKEN}."
