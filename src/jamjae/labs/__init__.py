"""The chapter's experiments, each beside its classical rival: one short file a lab."""

from jamjae.labs.catalog import LABS, Lab, find

__all__ = ["LABS", "Lab", "find"]
