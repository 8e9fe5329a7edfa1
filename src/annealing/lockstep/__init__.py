"""Many settings of one task trained together, as one stacked program."""

from annealing.lockstep.member import Member as Member
from annealing.lockstep.member import Outcome as Outcome
