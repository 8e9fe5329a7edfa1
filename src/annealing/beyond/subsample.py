"""Subsample annealing: the share of the data that a sampler has seen is its inverse temperature."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from typing import Literal, NamedTuple, TypeAlias

import numpy as np

from annealing.beyond.checks import Seed, generator, values_of
from annealing.core.checks import number, whole
from annealing.core.errors import ArgumentError
from annealing.core.plan import Plan

Token: TypeAlias = Literal["ADD", "REMOVE"]
"""Add the next row of the data to the model, or remove the one that has been there longest."""


class RowToken(NamedTuple):
    """A token with the row of the data it is about."""

    token: Token
    row: int


def tokens(share: Plan, rows: int) -> Iterator[Token]:
    """Turn a plan of the inverse temperature, from 0 to 1, into additions and removals of rows.

    After each token as many rows are in the model as the plan says, to one row. Tokens that the growth does not need churn: a
    removal and an addition resample a row. So the plan's shape is the annealing and its total is the effort.

    >>> import annealing as an
    >>> list(tokens(an.linear(to=1, start=0).over(12), rows=4)).count("ADD")  # each of 4 rows: added twice, removed once
    8

    Arguments: `share`, a plan over the tokens whose values are shares of the rows, 0 to 1; `rows`, of the data.

    Raises `KindError` where the share is no plan, `ArgumentError` where it leaves 0 to 1 or asks for more additions than it has
    tokens for.

    Source: Obermeyer, Glidden & Jonas 2014, Scaling nonparametric Bayesian inference via subsample-annealing, arXiv:1402.5473.
    """
    values, many = values_of("share", share), whole("rows", rows)
    ends = np.append(values[1:], share(share.total))  # what holds after each token
    if ends.max() > 1 + 1e-9:
        raise ArgumentError(f"share rises to {ends.max():g}, and there are no more rows than all: let it end at 1.")
    targets = np.rint(ends * many).astype(int)
    if (np.abs(np.diff(np.append(0, targets))) > 1).any():
        raise ArgumentError(
            f"{share} grows by more than one of {many} rows per token: a token adds one row, so write .over({many}) or longer."
        )
    return _following(targets.tolist(), many)


def _following(targets: list[int], rows: int) -> Iterator[Token]:
    held = 0
    for target in targets:
        grows = held < rows and (held < target or held == 0)
        held += 1 if grows else -1
        yield "ADD" if grows else "REMOVE"


def passes_tokens(rows: int, passes: float = 2.0) -> Iterator[Token]:
    """Yield the additions and removals that grow a model to all rows in a straight line, each added about `passes` times.

    >>> "".join(token[0] for token in passes_tokens(rows=4, passes=3))
    'ARARAARARAARARAA'

    With one pass it is sequential initialisation. Arguments: `rows`, of the data; `passes`, 1 or more, may be broken.

    Raises `ArgumentError` for fewer than one pass.

    Source: as for `tokens`; the stream is that of the authors' own program.
    """
    many, over = whole("rows", rows), number("passes", passes) - 1
    if over < 0:
        raise ArgumentError(f"passes={passes!r} would leave rows out: write 1 or more.")
    return _passing(many, over)


def _passing(rows: int, over: float) -> Iterator[Token]:
    held, state = 0, 0.0
    while held < rows:
        if state >= -1e-9 or held == 0:
            state, held = state - over, held + 1
            yield "ADD"
        else:
            state, held = state + over + 1, held - 1
            yield "REMOVE"


def row_tokens(stream: Iterable[Token], rows: int, seed: Seed = 0) -> Iterator[RowToken]:
    """Say which row each token is about: additions go round a shuffled order, removals take the oldest.

    >>> [f"{token} {row}" for token, row in row_tokens(["ADD", "ADD", "REMOVE", "ADD"], rows=3)]
    ['ADD 2', 'ADD 0', 'REMOVE 2', 'ADD 1']

    A sampler scores and assigns the row at "ADD" and forgets its assignment at "REMOVE". Arguments: `stream`, from `tokens` or
    `passes_tokens`; `rows`, of the data; `seed`, of the shuffled order.

    Raises `ArgumentError` where the stream adds to a full model or removes from an empty one.

    Source: as for `tokens`.
    """
    order = generator(seed).permutation(whole("rows", rows)).tolist()
    return _with_rows(stream, order)


def _with_rows(stream: Iterable[Token], order: list[int]) -> Iterator[RowToken]:
    waiting, held = deque(order), deque[int]()
    both = {"ADD": (waiting, held), "REMOVE": (held, waiting)}
    for token in stream:
        giving, taking = both[token]
        if not giving:
            raise ArgumentError(
                f"{token} with {len(held)} of {len(order)} rows in the model has no row to go by: end the stream before."
            )
        row = giving.popleft()
        taking.append(row)
        yield RowToken(token, row)
