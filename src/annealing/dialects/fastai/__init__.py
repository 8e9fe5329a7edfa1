"""fastai's annealers, `combine_scheds`, `ParamScheduler`, the `fit_*` policies and the range test of `lr_find`.

Theirs are functions of `pct_train`, set before each batch: batch k of N uses k/N, so the final value is the first
that is never used, as with ours. The number of batches is written here: `total`, or epochs × `steps_per_epoch`.
`mom` is `momentum` here (for Adam, `betas[0]`). ReduceLROnPlateau listens to a metric: see `annealing.control`.

Read from fastai 2.8.12, whose own code the tests run beside these. It computes positions of combined schedules in
float32, which is worth up to 2e-6 of the peak (more where a part is shorter than a twentieth of the run).
"""

from annealing.dialects.fastai.annealers import LRFinder, SchedCos, SchedExp, SchedLin, SchedNo, SchedPoly
from annealing.dialects.fastai.combined import ParamScheduler, combine_scheds, combined_cos
from annealing.dialects.fastai.fits import fine_tune, fit_flat_cos, fit_one_cycle, fit_sgdr

__all__ = [
    "LRFinder",
    "ParamScheduler",
    "SchedCos",
    "SchedExp",
    "SchedLin",
    "SchedNo",
    "SchedPoly",
    "combine_scheds",
    "combined_cos",
    "fine_tune",
    "fit_flat_cos",
    "fit_one_cycle",
    "fit_sgdr",
]
