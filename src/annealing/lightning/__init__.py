"""Schedules and growing batches in Lightning.

A `annealing.torch.Scheduler` returned by `configure_optimizers` needs nothing from here, with any `interval` and
`frequency`. `ScheduleCallback` is for modules that return an optimizer only; `PlannedAccumulation` is for batches that
follow a plan and do not fit into memory.
"""

from annealing.lightning.accumulation import PlannedAccumulation as PlannedAccumulation
from annealing.lightning.schedule import ScheduleCallback as ScheduleCallback
from annealing.lightning.sweep import record_sweep as record_sweep
from annealing.lightning.sweep import scan_rates as scan_rates
