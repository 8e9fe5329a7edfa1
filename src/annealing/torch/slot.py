"""Where a hyper-parameter lives in a parameter group: under a key ("lr"), or at an index of a tuple ("betas[0]")."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass
from typing import Any, TypeAlias, final

from torch import Tensor

from annealing.core.errors import ArgumentError, KindError

Group: TypeAlias = dict[str, Any]
"""One entry of `optimizer.param_groups`."""

_SPELLING = re.compile(r"(?P<field>[^\[\]]+)(\[(?P<index>\d+)\])?")
_ALIASES = {"momentum": "betas[0]", "betas[0]": "momentum", "betas": "betas[0]", "learning_rate": "lr"}


@final
@dataclass(frozen=True)
class Slot:
    """One hyper-parameter of a group, whatever the optimizer calls it.

    >>> Slot.of("betas[0]").read({"betas": (0.9, 0.99)})
    0.9

    Raises `ArgumentError` for a name that is neither `key` nor `key[index]`.
    """

    field: str
    index: int | None = None

    @classmethod
    def of(cls, name: str) -> Slot:
        match = _SPELLING.fullmatch(name)
        if match is None:
            raise ArgumentError(
                f'{name!r} is not a hyper-parameter: write a key of the parameter group such as "lr", or "betas[0]".'
            )
        index = match["index"]
        return cls(match["field"], None if index is None else int(index))

    def __str__(self) -> str:
        return self.field if self.index is None else f"{self.field}[{self.index}]"

    def read(self, group: Group) -> Any:
        """Return the number or tensor that is in the slot."""
        return group[self.field] if self.index is None else group[self.field][self.index]

    def peek(self, group: Group) -> Any:
        """Return what is in the slot, or nothing where the group has no such slot."""
        try:
            return self.read(group)
        except (KeyError, IndexError, TypeError):
            return None

    def replace(self, group: Group, value: Any) -> None:
        """Put another object into the slot; the tuple around it is made anew, since groups may share one."""
        if self.index is None:
            group[self.field] = value
        else:
            whole = group[self.field]
            group[self.field] = (*whole[: self.index], value, *whole[self.index + 1 :])

    def check(self, group: Group, where: str) -> None:
        """Refuse a group that has no such slot, or one that holds something a schedule cannot write."""
        value = self.peek(group)
        if value is None:
            raise ArgumentError(f'{where} has no "{self}": {_advice(str(self), group)}')
        if isinstance(value, Tensor):
            if value.numel() != 1:
                raise KindError(
                    f'{where} holds {value.numel()} numbers in "{self}": a schedule writes one, so make it a 0-d tensor.'
                )
            if value.requires_grad or value.is_inference():
                why = "requires a gradient" if value.requires_grad else "was made in inference mode"
                raise KindError(
                    f'{where} holds a tensor in "{self}" that {why}: a schedule writes into it, so give value.detach().clone().'
                )
        elif isinstance(value, bool) or not isinstance(value, (int, float)):
            raise KindError(f'{where} holds {value!r} in "{self}", which is not a number: {_advice(str(self), group)}')


def name_of(group: Group, row: int) -> str:
    """Return the name that recipes know a group by: its "name", or its index as text.

    >>> name_of({"name": "head"}, 3), name_of({}, 3)
    ('head', '3')
    """
    return str(group.get("name") or row)


def place_of(group: Group, row: int) -> str:
    """Return how errors speak of a group."""
    return f'parameter group {row} ("{group["name"]}")' if group.get("name") else f"parameter group {row}"


def _advice(wanted: str, group: Group) -> str:
    known = list(_numbers(group))
    alias = _ALIASES.get(wanted)
    if alias not in known:
        alias = next(iter(difflib.get_close_matches(wanted, known, n=1)), None)
    listing = ", ".join(known)
    return f'write "{alias}" (it has {listing}).' if alias else f"it has {listing}."


def _numbers(group: Group) -> list[str]:
    """The slots of a group that a schedule could write."""
    found: list[str] = []
    for key, value in group.items():
        if key.startswith("annealing_") or key in {"params", "initial_lr"}:
            continue
        if isinstance(value, (tuple, list)) and key != "param_names":
            found += [f"{key}[{index}]" for index in range(len(value))]
        elif isinstance(value, (int, float, Tensor)) and not isinstance(value, bool):
            found.append(key)
    return found
