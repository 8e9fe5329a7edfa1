"""The small task of the studies, stacked."""

from tests.study.conftest import line as line
