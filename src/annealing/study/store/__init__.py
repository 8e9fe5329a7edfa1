"""Where studies are kept: every run and every point of its curve, in an SQLite file or in PostgreSQL.

What a study knows is in its store and nowhere else, so it may be stopped at any instant, and any number of processes may
work on it.
"""

from annealing.study.store.record import Record as Record
from annealing.study.store.store import Store as Store
from annealing.study.store.store import open_store as open_store
from annealing.study.stored import Claimed as Claimed
from annealing.study.stored import Counts as Counts
from annealing.study.stored import Ended as Ended
from annealing.study.stored import NewRun as NewRun
from annealing.study.stored import Point as Point
from annealing.study.stored import StoredRun as StoredRun
from annealing.study.stored import StudyLine as StudyLine
