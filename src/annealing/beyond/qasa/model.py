"""The response of one qubit of an annealer to a field: a mixture of two quantum Gibbs distributions, four parameters."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from annealing.beyond.checks import Floats


class Qubits(NamedTuple):
    """The parameters of one qubit, or of many as arrays; fields are in the annealer's own units."""

    inverse_temperature: Any  # β
    bias: Any  # b: a field that nobody asked for
    saturation: Any  # γ: a transverse field γh beside each field h
    noise: Any  # η: the flux noise, half of the time +η and half of the time −η

    @classmethod
    def of(cls, rows: Any) -> Qubits:
        """Take the parameters from the last axis of an array: (…, 4).

        >>> Qubits.of([[11.0, 0.0, 0.02, 0.03]]).noise
        array([0.03])
        """
        table = np.asarray(rows, dtype=np.float64)
        return cls(*(table[..., column] for column in range(4)))

    def rows(self) -> Floats:
        """Return the parameters along the last axis of one array: (…, 4)."""
        return np.stack(np.broadcast_arrays(*self), axis=-1).astype(np.float64)


def response(fields: Any, qubits: Qubits) -> Floats:
    """Return the mean of the spin with its sign turned round, 2·P(spin = −1) − 1, at each field: (…, fields).

    With H = +h·σz, as annealers count, a positive field prefers the spin −1, so this rises with the field; far out it saturates
    at 1/√(1 + γ²).

    >>> response([-1.0, 0.0, 1.0], Qubits(10.0, 0.0, 0.75, 0.0)).round(3)
    array([-0.8,  0. ,  0.8])

    Arguments: `fields` (fields,), `qubits` with parameters of shape (…).

    Source: Nelson, Vuffray, Lokhov & Coffrin 2021, Single-qubit fidelity assessment of quantum annealing hardware,
    arXiv:2104.03335.
    """
    return _mean(*_scaled(fields, qubits))


def down_probability(fields: Any, qubits: Qubits) -> Floats:
    """Return P(spin = −1) at each field, (…, fields).

    >>> down_probability([0.0], Qubits(10.0, 0.0, 0.0, 0.05))
    array([0.5])
    """
    return (1 + response(fields, qubits)) / 2


def scaled_response(fields: Floats, scaled: Floats) -> tuple[Floats, Floats]:
    """Return the response and its derivatives by (β, βb, βγ, βη), of shapes (…, fields) and (…, fields, 4).

    These products are what the data determine well, so fits go by them; `scaled` has shape (…, 4).
    """
    slope, shift, turn, noise = (scaled[..., column, None] for column in range(4))
    middle = slope * fields + shift
    sides = np.stack([middle + noise, middle - noise])  # the two values of the noise, at once
    tilt, by_along, by_across = _tilt(sides, turn * fields)
    along = (by_along[0] + by_along[1]) / 2
    slopes = np.empty((*middle.shape, 4))
    slopes[..., 0] = along * fields
    slopes[..., 1] = along
    slopes[..., 2] = (by_across[0] + by_across[1]) * (fields / 2)
    slopes[..., 3] = (by_along[0] - by_along[1]) / 2
    return (tilt[0] + tilt[1]) / 2, slopes


def _scaled(fields: Any, qubits: Qubits) -> tuple[Floats, Floats]:
    rows = qubits.rows()
    return np.asarray(fields, dtype=np.float64), rows * np.concatenate(
        [np.ones_like(rows[..., :1])] + [rows[..., :1]] * 3, axis=-1
    )


def _mean(fields: Floats, scaled: Floats) -> Floats:
    return scaled_response(fields, scaled)[0]


def _tilt(a: Floats, u: Floats) -> tuple[Floats, Floats, Floats]:
    """a·tanh(r)/r with r = √(a² + u²), and its derivatives by a and u; a itself where both are 0."""
    square = a * a + u * u
    r = np.sqrt(np.maximum(square, _SMALL**2))
    tanh = np.tanh(r)
    ratio = tanh / r
    bend = (1 - tanh * tanh - ratio) / (r * r)  # (d ratio / dr) / r
    near = square < _SMALL**2
    if near.any():
        ratio, bend = np.where(near, 1 - square / 3, ratio), np.where(near, -2 / 3 + 8 * square / 15, bend)
    return a * ratio, ratio + a * a * bend, a * u * bend


_SMALL = 1e-4
