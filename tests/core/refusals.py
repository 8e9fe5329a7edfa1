"""How a refusal is checked: the right class, one line, and the part of the message that teaches."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

import annealing as an


@contextmanager
def refused(kind: type[Exception], *teaching: str) -> Iterator[None]:
    """What happens inside is refused as `kind`, an error of this library, in one line that contains every `teaching`."""
    with pytest.raises(kind) as caught:
        yield
    message = str(caught.value)
    assert isinstance(caught.value, an.AnnealingError), repr(caught.value)
    assert message
    assert "\n" not in message
    for part in teaching:
        assert part in message, message
