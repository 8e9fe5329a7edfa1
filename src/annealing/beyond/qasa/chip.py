"""A simulated chip: qubits that answer as the model says, as counts at once or through dimod's interface."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any, cast

import numpy as np

from annealing.beyond.checks import Floats, Seed, generator
from annealing.beyond.qasa.model import Qubits, down_probability
from annealing.beyond.qasa.protocol import SpinTable, sweep
from annealing.core.checks import whole
from annealing.core.errors import ArgumentError
from annealing.core.plan import Plan


def simulated_table(qubits: Qubits, *, reads: int = 100_000, fields: Plan | None = None, seed: Seed = 0) -> SpinTable:
    """Return what `measure` would count on a chip of such qubits, drawn as binomials instead of spin by spin.

    >>> simulated_table(Qubits.of([[11.0, 0.0, 0.02, 0.03]] * 2), fields=sweep(step=0.5), reads=10).down[[0, -1]].tolist()
    [[0, 0], [10, 10]]

    Arguments: `qubits`, parameters of shape (qubits,); `reads` per field; `fields`, by default `sweep()`; `seed`.
    """
    values = np.asarray((sweep() if fields is None else fields).values(), dtype=np.float64)
    chances = down_probability(values, _checked(qubits))
    return SpinTable(values, reads, drawn(chances, whole("reads", reads), generator(seed)).T, tuple(range(len(chances))))


def drawn(chances: Floats, reads: int, rng: np.random.Generator) -> Any:
    """Draw how many of the reads are −1, at probabilities of any shape."""
    return rng.binomial(reads, np.clip(chances, 0.0, 1.0))


def simulated_chip(qubits: Qubits, *, names: Sequence[Hashable] | None = None, seed: Seed = 0) -> Any:
    """Return a sampler with dimod's interface whose qubits answer as the model says (needs dimod).

    >>> chip = simulated_chip(Qubits.of([[11.0, 0.0, 0.02, 0.03]] * 2), names=["a", "b"])
    >>> chip.sample_ising({"a": 1.0, "b": -1.0}, {}, num_reads=5).aggregate().first.sample
    {'a': np.int8(-1), 'b': np.int8(1)}

    It knows `num_reads`, `auto_scale`, `flux_drift_compensation` and `annealing_time` as D-Wave's samplers do (the time changes
    nothing), and has no couplers. Arguments: `qubits`, parameters of shape (qubits,); `names`, by default 0, 1, …; `seed`.

    Raises `ArgumentError` for a problem with couplings, for qubits that the chip lacks, or for names of another number.
    """
    import dimod

    rows, rng = _checked(qubits).rows(), generator(seed)
    known = tuple(range(len(rows)) if names is None else names)
    if len(known) != len(rows):
        raise ArgumentError(f"{len(known)} names for {len(rows)} qubits: give one each.")
    place = {name: row for row, name in enumerate(known)}

    class Chip(dimod.Sampler):
        nodelist = known

        @property
        def parameters(self) -> dict[str, Any]:
            return {"num_reads": [], "auto_scale": [], "flux_drift_compensation": [], "annealing_time": []}

        @property
        def properties(self) -> dict[str, Any]:
            return {"qubits": list(known), "couplers": [], "h_range": [-2.0, 2.0]}

        def sample_ising(self, h: Any, J: Any, *, num_reads: int = 1, **options: Any) -> Any:  # noqa: N803
            self.remove_unknown_kwargs(**options)
            missing = [name for name in h if name not in place]
            if missing or any(dict(J).values()):
                raise ArgumentError(f"this chip has no couplers, and no qubit {missing}: ask for fields on its qubits only.")
            labels = list(h)
            chances = np.array([down_probability([h[name]], Qubits.of(rows[place[name]]))[0] for name in labels])
            spins = np.where(rng.random((num_reads, len(labels))) < chances, -1, 1).astype(np.int8)
            energies = spins @ np.array([h[name] for name in labels])
            return cast("Any", dimod.SampleSet).from_samples((spins, labels), vartype="SPIN", energy=energies)

    return Chip()


def _checked(qubits: Qubits) -> Qubits:
    rows = qubits.rows()
    if rows.ndim != 2 or not np.isfinite(rows).all() or (rows[:, [0, 2, 3]] < 0).any():
        raise ArgumentError(f"the parameters have shape {rows.shape}: (qubits, 4), finite, and only the bias may be below 0.")
    return Qubits.of(rows)
