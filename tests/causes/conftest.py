from tests.classes.conftest import atlas

__all__ = ["atlas"]
