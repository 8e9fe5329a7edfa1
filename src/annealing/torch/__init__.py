"""Plans in PyTorch: a `Scheduler` that counts the optimizer's own updates and writes their rates."""

from annealing.torch.scheduler import Scheduler as Scheduler
