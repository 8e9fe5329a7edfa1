"""The server of the tests of the store, for whole commands."""

from tests.study_store.conftest import postgresql, server

__all__ = ["postgresql", "server"]
