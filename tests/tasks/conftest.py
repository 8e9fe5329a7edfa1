"""The small task of the studies is a task too."""

from tests.study.conftest import line

__all__ = ["line"]
