"""Everything the library raises on purpose. Each error is also the built-in a caller would expect."""


class AnnealingError(Exception):
    """Base of every error that this library raises on purpose.

    >>> issubclass(LengthError, AnnealingError) and issubclass(LengthError, ValueError)
    True
    """


class ArgumentError(AnnealingError, ValueError):
    """A value that cannot be what it was given for: NaN, infinite, negative, out of range."""


class KindError(AnnealingError, TypeError):
    """A value of the wrong kind: a bare number where a phase belongs, a list where an array does."""


class LengthError(AnnealingError, ValueError):
    """Phase lengths that are ambiguous, differ, or do not fit the run."""


class RampError(AnnealingError, ValueError):
    """A phase whose two ends cannot be joined, or a jump that nobody wrote."""


class OpenScheduleError(AnnealingError, TypeError):
    """A schedule was asked for a value before its run had a length."""


class ParseError(AnnealingError, ValueError):
    """Text that is not a schedule, a plan or a recipe."""


class ConflictError(AnnealingError, RuntimeError):
    """Two owners write the same hyper-parameter."""


class PlanMismatchError(AnnealingError, ValueError):
    """A saved state belongs to another plan than the one that is running."""


class TaskError(AnnealingError, ValueError):
    """A task that cannot be found, loaded or trained."""


class TrainingError(TaskError):
    """A run that failed once it was under way: the task raised, its worker died, or nothing came of any run."""


class StoreError(AnnealingError, OSError):
    """A store of studies that cannot be reached, read or written, or that holds something else than what is asked of it."""


class ConformanceError(AnnealingError, AssertionError):
    """A schedule, controller or adapter that breaks one of the laws all of them keep."""
