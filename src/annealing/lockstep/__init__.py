"""Many settings of one task trained together, as one stacked program."""

from annealing.lockstep.halving import Halving as Halving
from annealing.lockstep.member import Member as Member
from annealing.lockstep.member import Outcome as Outcome
from annealing.lockstep.outlook import Outlook as Outlook
from annealing.lockstep.outlook import outlook as outlook
from annealing.lockstep.train import Trained as Trained
from annealing.lockstep.train import train as train
