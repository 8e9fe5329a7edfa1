"""How laws are held against something: in order, the first complaint is raised, and what was checked is returned."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple, TypeVar

from annealing.core.errors import ConformanceError

Subject = TypeVar("Subject")
Complaints = Iterator[str]


class Law(NamedTuple):
    """A sentence, and a function that yields what speaks against it."""

    sentence: str
    complaints: Callable[..., Complaints]


def hold(subject: object, laws: Sequence[Law], *given: object) -> tuple[str, ...]:
    """Return the sentences of the laws that something keeps.

    Raises `ConformanceError` at the first complaint, and for an error that a law meets on its way.
    """
    for law in laws:
        try:
            complaint = next(law.complaints(*given), None)
        except ConformanceError:
            raise
        except Exception as error:
            raise ConformanceError(f"{_short(subject)} breaks the law that {law.sentence}: {_told(error)}.") from error
        if complaint is not None:
            raise ConformanceError(f"{_short(subject)} breaks the law that {law.sentence}: {complaint}.")
    return tuple(law.sentence for law in laws)


def _told(error: Exception) -> str:
    return f"it raises {type(error).__name__}: {str(error).rstrip('.')}"


def _short(subject: object) -> str:
    try:
        text = str(subject)
    except Exception:  # noqa: BLE001 - that it cannot even be printed is for a law to say
        text = type(subject).__name__
    return text if len(text) <= 100 else f"{text[:97]}…"
