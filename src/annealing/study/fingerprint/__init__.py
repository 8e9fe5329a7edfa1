"""Whether a task is still the one that a study began with."""

from annealing.study.fingerprint.parts import fingerprint as fingerprint
