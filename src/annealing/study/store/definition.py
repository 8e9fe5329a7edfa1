"""What a study was begun with, and in what another one differs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, cast

TASK = "task"
"""The key of a definition under which the parts of the task's fingerprint stand."""
_SAME = ("strategy", "how")
"""Keys of which the second says the first at length: where the first differs, that is enough."""
_MISSING = object()
_LONGEST = 60


def differences(before: Mapping[str, Any], now: Mapping[str, Any]) -> str | None:
    """Say in what two definitions differ, in part of a sentence; None where they agree.

    >>> differences({"task": {"the model": "a1"}, "updates": 100}, {"task": {"the model": "b2"}, "updates": 100})
    'the task changed since the study began (the model)'
    >>> differences({"updates": 100, "space": {"lr": [0.1, 1]}}, {"updates": 200, "space": {"lr": [0.1, 1]}})
    'it began with updates=100, and not with 200'
    """
    parts = [path[-1] for path, *_ in _walk(_parts(before), _parts(now), ())]
    if parts:
        return f"the task changed since the study began ({', '.join(parts)})"
    name, length = _SAME
    told = {TASK, *([length] if before.get(name) != now.get(name) else [])}
    rest = _walk(_without(told, before), _without(told, now), ())
    said = [f"{'.'.join(path)}={_shown(old)}, and not with {_shown(new)}" for path, old, new in rest]
    return f"it began with {'; '.join(said)}" if said else None


def _parts(definition: Mapping[str, Any]) -> dict[str, Any]:
    task = definition.get(TASK, {})
    return dict(task) if isinstance(task, Mapping) else {"another name": task}


def _without(keys: set[str], definition: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in definition.items() if key not in keys}


def _walk(old: Any, new: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any, Any]]:
    """Give every place where two trees of mappings differ."""
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        before, now = cast("Mapping[str, Any]", old), cast("Mapping[str, Any]", new)
        for key in dict.fromkeys((*before, *now)):
            yield from _walk(before.get(key, _MISSING), now.get(key, _MISSING), (*path, key))
    elif old != new:
        yield path, old, new


def _shown(value: Any) -> str:
    if value is _MISSING:
        return "nothing"
    text = repr(value)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
