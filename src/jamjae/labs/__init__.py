"""The chapter's experiments, each beside classical methods: one short file per lab."""

from jamjae.labs.catalog import LABS, Lab, find

__all__ = ["LABS", "Lab", "find"]
