"""Code for Keras 3 that works a plan out, piece by piece, where there is no last value to end a table with."""

from __future__ import annotations

import re

from annealing.core.arrays import INT32_MAX
from annealing.core.curve import Flat
from annealing.core.errors import ArgumentError
from annealing.core.plan import Plan
from annealing.core.track import Piece
from annealing.report.code.formula import Clock, formula, literal

LONGEST = 50_000_000  # values in a table: 200 MB in float32

_OPS = {
    "cast": "cast",
    "cos": "cos",
    "floor": "floor",
    "max": "maximum",
    "min": "minimum",
    "round": "round",
    "sqrt": "sqrt",
    "where": "where",
}
"""What formulas call, and the operation of Keras that does it to arrays."""


def worked_out(plan: Plan) -> str:
    """Write a LearningRateSchedule that needs nothing but Keras; every backend can compile it.

    Raises `ArgumentError` for a curve that has no formula.
    """
    goes_on = plan.after == "continue" or plan.total == float("inf")
    pieces = [*plan.track.pieces, *([] if goes_on else [Piece(plan.track.length, Flat(plan.track.end))])]
    seen = [piece for piece in pieces if piece.begin <= INT32_MAX]  # what the counter can count to
    try:
        texts = [formula(piece.curve, Clock(tensors=True)) for piece in seen]
    except ArgumentError:
        raise ArgumentError(
            "this curve has no formula and its run no end, and a table for Keras has one: say how many updates you train, "
            "over=100000 (--over 100000)."
        ) from None
    lines: list[str] = []
    for piece, text in zip(seen, texts, strict=True):
        if re.search(r"\bt\b", text):
            lines.append(
                f't = cast(update - {literal(piece.begin)}, "float32")' if piece.begin else 't = cast(update, "float32")'
            )
        lines.append(f"rate = where(update < {literal(piece.begin)}, rate, {text})" if piece.begin else f"rate = {text}")
    body = "\n        ".join(['update = cast(step, "int32")', *lines])
    words = {word: op for word, op in _OPS.items() if re.search(rf"\b{word}\(", body)}
    used = sorted(op if op == word else f"{op} as {word}" for word, op in words.items())
    pi = "from math import pi\n\n" if re.search(r"\bpi\b", body) else ""
    return f'''{pi}import keras
from keras.ops import {", ".join(used)}


@keras.saving.register_keras_serializable("annealing")
class PlanSchedule(keras.optimizers.schedules.LearningRateSchedule):
    """{plan}, on every Keras backend."""

    def __call__(self, step):
        {body}
        return cast(rate, "float32")

    def get_config(self):
        return {{}}


optimizer = keras.optimizers.AdamW(learning_rate=PlanSchedule())
'''
