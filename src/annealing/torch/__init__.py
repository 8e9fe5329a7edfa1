"""Plans in PyTorch: a `Scheduler` that counts the optimizer's own updates and writes their rates."""

from annealing.torch.accumulate import Part as Part
from annealing.torch.accumulate import in_parts as in_parts
from annealing.torch.batch_sampler import PlannedBatches as PlannedBatches
from annealing.torch.groups import param_groups as param_groups
from annealing.torch.idioms import layerwise as layerwise
from annealing.torch.idioms import no_decay as no_decay
from annealing.torch.noise_probe import NoiseProbe as NoiseProbe
from annealing.torch.record import Recording as Recording
from annealing.torch.record import record as record
from annealing.torch.scheduler import Scheduler as Scheduler
from annealing.torch.snapshot import snapshot as snapshot
