"""A fitted model as one offline page that decodes live."""

from jamjae.explorer.exploring import Explorer, explore

__all__ = ["Explorer", "explore"]
