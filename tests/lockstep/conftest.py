"""The small task of the studies, stacked."""

from tests.study.conftest import line

__all__ = ["line"]
