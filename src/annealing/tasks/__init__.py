"""What is trained: `Task`, the built-in tasks, and how a task is found by what people type."""

from annealing.tasks.load import BUILT_IN as BUILT_IN
from annealing.tasks.load import load_task as load_task
from annealing.tasks.noisy_digits import digits as digits
from annealing.tasks.optimizers import OPTIMIZERS as OPTIMIZERS
from annealing.tasks.optimizers import NamedOptimizer as NamedOptimizer
from annealing.tasks.optimizers import optimizer_named as optimizer_named
from annealing.tasks.python_text import text as text
from annealing.tasks.task import Task as Task
