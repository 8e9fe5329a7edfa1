"""What people see of a plan and of a comparison: figures as data, then as a page, a picture, text and code.

Values in, values out: nothing here trains. What draws pages and pictures is in `annealing.report.html` and
`annealing.report.png`, and loads Bokeh and matplotlib only there.
"""

from annealing.report.code import TARGETS as TARGETS
from annealing.report.code import code as code
from annealing.report.figures import Axis as Axis
from annealing.report.figures import Dot as Dot
from annealing.report.figures import Dots as Dots
from annealing.report.figures import Line as Line
from annealing.report.figures import Lines as Lines
from annealing.report.figures import Table as Table
