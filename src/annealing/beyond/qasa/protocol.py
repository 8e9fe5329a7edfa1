"""The protocol: the same field on every qubit, no couplers, swept from one side to the other, and spins counted."""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from annealing.beyond.checks import Floats, Seed, generator
from annealing.core.checks import number, whole
from annealing.core.errors import ArgumentError, KindError
from annealing.core.phases import linear
from annealing.core.plan import Plan


def sweep(low: float = -1.0, high: float = 1.0, step: float = 0.025) -> Plan:
    """Return the fields of the protocol, one per update of a plan, both ends included.

    >>> fields = sweep().values()
    >>> len(fields), fields[[0, 1, 2, -1]].round(3).tolist()
    (81, [-1.0, -0.975, -0.95, 1.0])

    Raises `ArgumentError` where the step does not lead from one end to the other.
    """
    begin, end, by = number("low", low), number("high", high), number("step", step)
    steps = (end - begin) / by if by > 0 else math.nan
    if not steps >= 3 or abs(steps - round(steps)) > 1e-6:
        raise ArgumentError(f"steps of {step!r} do not lead from {low!r} to {high!r}: write sweep(-1, 1, step=0.025).")
    return linear(start=begin, to=end).over(round(steps) + 1, endpoint=True)


@final
@dataclass(frozen=True)
class SpinTable:
    """What was counted: `down[i, q]` of `reads` spins of qubit `qubits[q]` were −1 at `fields[i]`."""

    fields: Floats
    reads: int
    down: NDArray[np.int64]
    qubits: tuple[Hashable, ...]

    def __post_init__(self) -> None:
        if self.down.shape != (len(self.fields), len(self.qubits)) or self.down.min() < 0 or self.down.max() > self.reads:
            raise ArgumentError(
                f"down has shape {self.down.shape}: it is (fields, qubits), {len(self.fields), len(self.qubits)}, with counts "
                f"from 0 to reads={self.reads}."
            )


def measure(
    sampler: Any,
    *,
    fields: Plan | None = None,
    reads: int = 100_000,
    reads_per_call: int = 10_000,
    qubits: Sequence[Hashable] | None = None,
    annealing_time: float | None = None,
    reverse: bool = False,
    seed: Seed = 0,
) -> SpinTable:
    """Sweep the field over all qubits of a sampler at once, and count how often each spin is −1.

    >>> from annealing.beyond.qasa import Qubits, simulated_chip
    >>> chip = simulated_chip(Qubits.of([[11.0, 0.0, 0.02, 0.03]] * 3), seed=1)
    >>> table = measure(chip, fields=sweep(step=0.5), reads=1_000)
    >>> table.fields.tolist(), table.down.shape, table.down[0].tolist(), table.down[-1].tolist()
    ([-1.0, -0.5, 0.0, 0.5, 1.0], (5, 3), [1, 0, 0], [1000, 1000, 1000])

    Arguments:
        sampler: Whatever has dimod's interface: `sample(bqm, num_reads=…)` and `parameters`; where qubits are not named also
            `nodelist`, or `properties["qubits"]`. D-Wave's `DWaveSampler()` is one.
        fields: A plan of one field per update, by default `sweep()`. A device's `h_range` may not be left.
        reads: Spins counted per field and qubit.
        reads_per_call: How many of them to ask for at once.
        qubits: Which qubits, by default all.
        annealing_time: In microseconds, by default the device's own.
        reverse: Whether each call turns round the field of a random half of the qubits, and the spins read. It averages over
            ±bias, which then reads as noise.
        seed: Of what is reversed; the sampler draws its spins itself.

    A sampler that knows `auto_scale` and `flux_drift_compensation` is told to leave the fields and their drift as they are.

    Raises `KindError` for what is no sampler, `ArgumentError` for fields beyond the device's range, for qubits that nobody named,
    for an annealing time that the sampler does not know, or for an answer with another number of reads.

    Source: Nelson et al. 2021, arXiv:2104.03335, and the authors' program, which reverses spins where it is asked to.
    """
    if not callable(getattr(sampler, "sample", None)) or not hasattr(sampler, "parameters"):
        raise KindError(
            f"{sampler!r} is no sampler: pass one with dimod's interface, such as simulated_chip(…) or DWaveSampler()."
        )
    values = np.asarray((sweep() if fields is None else _plan(fields)).values(), dtype=np.float64)
    names = _qubits(sampler) if qubits is None else tuple(qubits)
    _check_range(sampler, values)
    options, rng = _options(sampler, annealing_time), generator(seed)
    many, at_once = whole("reads", reads), whole("reads_per_call", reads_per_call)
    down = np.zeros((len(values), len(names)), dtype=np.int64)
    for row, field in enumerate(values.tolist()):
        for asked in [at_once] * (many // at_once) + [many % at_once] * (many % at_once > 0):
            signs = rng.choice([-1, 1], len(names)) if reverse else np.ones(len(names), dtype=np.int64)
            down[row] += _called(sampler, dict(zip(names, (field * signs).tolist(), strict=True)), asked, options, signs)
    return SpinTable(values, many, down, names)


def _called(
    sampler: Any, fields: dict[Hashable, float], reads: int, options: dict[str, Any], signs: NDArray[np.int64]
) -> NDArray[np.int64]:
    """One call: how many of the reads were −1, per qubit, those of reversed qubits turned back."""
    import dimod  # whoever has a sampler of this kind has it

    answer: Any = sampler.sample(dimod.BinaryQuadraticModel.from_ising(fields, {}), num_reads=reads, **options)
    occurrences = np.asarray(answer.record.num_occurrences)
    if occurrences.sum() != reads:
        raise ArgumentError(
            f"the sampler answered {occurrences.sum()} reads where {reads} were asked for: change reads_per_call."
        )
    where = {name: column for column, name in enumerate(answer.variables)}
    spins = np.asarray(answer.record.sample)[:, [where[name] for name in fields]]
    return occurrences @ (spins * signs == -1)


def _options(sampler: Any, annealing_time: float | None) -> dict[str, Any]:
    known = sampler.parameters
    if annealing_time is not None and "annealing_time" not in known:
        raise ArgumentError("this sampler knows no annealing_time: leave it out.")
    wanted = {"auto_scale": False, "flux_drift_compensation": False}
    told = {name: value for name, value in wanted.items() if name in known}
    return told if annealing_time is None else {**told, "annealing_time": annealing_time}


def _qubits(sampler: Any) -> tuple[Hashable, ...]:
    named: Any = getattr(sampler, "nodelist", None) or dict(sampler.properties).get("qubits")
    if not named:
        raise ArgumentError("this sampler does not say which qubits it has: write qubits=range(64), say.")
    return tuple(named)


def _check_range(sampler: Any, values: Floats) -> None:
    low, high = dict(getattr(sampler, "properties", {})).get("h_range", (-math.inf, math.inf))
    if values.min() < low or values.max() > high:
        raise ArgumentError(f"fields up to {np.abs(values).max():g} leave the device's range: write sweep({low:g}, {high:g}).")


def _plan(fields: Any) -> Plan:
    if not isinstance(fields, Plan) or math.isinf(fields.total):
        raise KindError(f"fields={fields!r} is not a plan with an end: write sweep(-1, 1, step=0.025).")
    return fields
