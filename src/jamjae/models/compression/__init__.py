"""Codecs, and rows compressed by them: in memory, and in files of which any block can be read."""
