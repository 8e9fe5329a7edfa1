"""What is said of a scheduler that follows a metric: it is no plan, and here is the controller to write."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from annealing.core.errors import KindError
from annealing.core.length import compact


def follows_a_metric(path: str, lr: float | None, each: Iterable[Any] = (), /, **arguments: Any) -> KindError:
    """Return the error that holds the call of the controller's dialect, ready to be pasted.

    >>> print(follows_a_metric("torch.ReduceLROnPlateau", 0.1, patience=5))
    ReduceLROnPlateau follows a metric, so it is no plan: keep one for what happens anyway, such as (0.1 * hold()).over(inf),
    and multiply it by the gain of annealing.control.dialects.torch.ReduceLROnPlateau(lr=0.1, patience=5).

    Arguments: `path`, library and name; `lr`, the rate of the first group, None where it is not known; `each`, what
    differs from group to group.
    """
    name = path.partition(".")[2]
    rate = "0.1" if lr is None else _written(lr)
    call = (
        f"annealing.control.dialects.{path}({', '.join(f'{k}={_written(v)}' for k, v in {'lr': lr or 0.1, **arguments}.items())})"
    )
    note = " with your own rate for lr" if lr is None else ""
    groups = " (of the first group; each needs its own)" if len(set(each)) > 1 else ""
    return KindError(
        f"{name} follows a metric, so it is no plan: keep one for what happens anyway, such as ({rate} * hold()).over(inf), "
        f"and multiply it by the gain of {call}{note}{groups}."
    )


def _written(value: Any) -> str:
    return compact(value) if isinstance(value, float) else repr(value)
