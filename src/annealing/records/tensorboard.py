"""Records in TensorBoard: a curve for every hyper-parameter and group, and a text wherever the phase or the edit changes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, final

from annealing.core.errors import KindError
from annealing.records.record import Record

_FLUSH = 10  # seconds that a crash may cost; TensorBoard's own rule is two minutes


@final
class TensorBoard:
    """Write records as scalars `lr/<group>`, gains that are not 1 as `lr gain/<group>`, phases as text `lr phase/<group>`.

    `target` is torch's `SummaryWriter` (or anything with its `add_scalar` and `add_text`), or a folder. Given a folder, a run
    that goes on from an older checkpoint hides the updates that it makes again; a writer of your own does so when you make it
    with `purge_step=`. Needs the package tensorboard. Raises `KindError` for what is neither.
    """

    def __init__(self, target: Any) -> None:
        self._folder = Path(target) if isinstance(target, (str, Path)) else None
        if self._folder is None and not (hasattr(target, "add_scalar") and hasattr(target, "add_text")):
            raise KindError(f"{target!r} is no SummaryWriter: pass one, or the folder that it shall write to.")
        self._writer: Any = target if self._folder is None else None
        self._last = -1
        self._said: dict[str, tuple[str, str]] = {}
        self._gained: set[str] = set()

    def __call__(self, records: Sequence[Record]) -> None:
        """Write the records of one update."""
        if not records:
            return
        update = records[0].update
        if self._folder is not None and (self._writer is None or update < self._last):
            self._begin(self._folder, update)
        self._last = update
        for record in records:
            self._write(record)

    def close(self) -> None:
        """Write what waits, and close the writer if it was made here."""
        if self._writer is not None:
            self._writer.flush()
            if self._folder is not None:
                self._writer.close()
                self._writer = None

    def _begin(self, folder: Path, update: int) -> None:
        from torch.utils.tensorboard import SummaryWriter

        self.close()
        self._said.clear()
        again = any(folder.glob("events.out.tfevents.*"))
        self._writer = SummaryWriter(str(folder), purge_step=update if again else None, flush_secs=_FLUSH)

    def _write(self, record: Record) -> None:
        place = f"{record.name}/{record.group}"
        self._writer.add_scalar(place, record.value, record.update)
        if record.gain != 1 or place in self._gained:
            self._gained.add(place)
            self._writer.add_scalar(f"{record.name} gain/{record.group}", record.gain, record.update)
        said = record.phase, record.edit
        if self._said.get(place) != said:
            self._said[place] = said
            text = f"{record.phase}, by {record.edit}" if record.edit else record.phase
            self._writer.add_text(f"{record.name} phase/{record.group}", text, record.update)
