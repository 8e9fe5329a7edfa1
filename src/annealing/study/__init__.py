"""Studies: what is trained, under which settings, and what may be concluded.

These are the values that a study gives; they load no framework. What trains is in `annealing.study.compare`.
"""

from annealing.study.progress import Leader as Leader
from annealing.study.progress import Progress as Progress
from annealing.study.progress import Running as Running
from annealing.study.result import Arm as Arm
from annealing.study.result import Comparison as Comparison
from annealing.study.result import Curve as Curve
from annealing.study.result import Row as Row
from annealing.study.result import Run as Run
