"""Exceptions and warnings: one type per cause.

Every message says what was attempted, what was received, what was expected and what to do.
Each type is also the built-in exception a caller would expect, so ``except ValueError`` around
a scikit-learn pipeline keeps working.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable

LONGEST = 200  # maximum length of a foreign message or value in jamjae's own


def brief(said: object, longest: int = LONGEST) -> str:
    """Shorten a foreign message or value to one line that is safe in a terminal."""
    line = " ".join(str(said)[: 4 * longest].split())
    line = "".join(c if c.isprintable() else ascii(c)[1:-1] for c in line)
    return line if len(line) <= longest else line[: longest - 1] + "\N{HORIZONTAL ELLIPSIS}"


def did_you_mean(name: str, known: Iterable[str], cutoff: float = 0.6) -> str:
    """Ask for the nearest of some known names, beginning with a space; empty if none is near."""
    near = difflib.get_close_matches(name, known, n=1, cutoff=cutoff)
    return f" Did you mean {near[0]!r}?" if near else ""


class JamjaeError(Exception):
    """Base class of all exceptions that jamjae raises on purpose."""


class BackendError(JamjaeError, RuntimeError):
    """Keras runs on a backend other than JAX."""


class MissingDependencyError(JamjaeError, ImportError):
    """An optional library is required and not installed."""


class InvalidDataError(JamjaeError, ValueError):
    """The data cannot be learned from or transformed (empty, NaN, ragged, text)."""


class InvalidTypeError(InvalidDataError, TypeError):
    """The data have a type that is not an array of numbers (objects, sparse matrices)."""


class ShapeMismatchError(JamjaeError, ValueError):
    """An array has a shape other than the expected one."""


class InvalidNetworkError(JamjaeError, ValueError):
    """The encoder and decoder do not fit together, or one of them cannot be used."""


class TrainingDiverged(JamjaeError, ArithmeticError):
    """The loss is no longer finite."""


class DataNotFoundError(JamjaeError, FileNotFoundError):
    """The data were not found."""


class DataFormatError(JamjaeError, ValueError):
    """A data file is damaged or in an unknown format."""


class ModelFileError(JamjaeError, ValueError):
    """A model file is damaged, foreign, unsafe or newer than this version of jamjae."""


class ClusterError(JamjaeError, RuntimeError):
    """A cluster cannot be reached or does not have what is needed."""


class MissingFontWarning(UserWarning):
    """A figure has letters that no installed font shows."""


class OutputError(JamjaeError, OSError):
    """A result cannot be written to the given path."""
