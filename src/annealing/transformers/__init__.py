"""Schedules and growing batches in Hugging Face's Trainer.

A `annealing.torch.Scheduler` passed in `Trainer(optimizers=(optimizer, scheduler))` needs nothing from here.
`ScheduleCallback` is for runs whose optimizer and length the Trainer makes itself; `PlannedTrainer` trains on batches
that follow a plan, in parts where they do not fit into memory.
"""

from annealing.transformers.schedule import ScheduleCallback as ScheduleCallback
from annealing.transformers.sweep import record_sweep as record_sweep
from annealing.transformers.sweep import scan_rates as scan_rates
from annealing.transformers.trainer import PlannedTrainer as PlannedTrainer
