"""A column of floats that come back with the bits they had: NaN of either sign, infinity and −0.0 included."""

from __future__ import annotations

import math
import struct
from typing import Any, final

from sqlalchemy import Dialect, Double
from sqlalchemy.types import TypeDecorator, TypeEngine, UserDefinedType


@final
class _Unconverted(UserDefinedType[Any]):
    """SQLite's column that takes a value as it is: one of type REAL would turn −0.0 into 0 and NaN into NULL."""

    cache_ok = True

    def get_col_spec(self, **_: Any) -> str:
        return "BLOB"


@final
class Exact(TypeDecorator[float]):
    """A float64, bit for bit.

    PostgreSQL's double precision holds every bit, and `connect` sees to it that no text comes between. SQLite
    has no NaN: there it is stored as its eight bytes, which sort after every number, and all else as a number.
    """

    impl = Double
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return dialect.type_descriptor(_Unconverted() if dialect.name == "sqlite" else Double())

    def process_bind_param(self, value: float | None, dialect: Dialect) -> float | bytes | None:
        if value is None:
            return None
        number = float(value)
        return struct.pack(">d", number) if dialect.name == "sqlite" and math.isnan(number) else number

    def process_result_value(self, value: Any, dialect: Dialect) -> float | None:
        return struct.unpack(">d", value)[0] if isinstance(value, bytes) else value
