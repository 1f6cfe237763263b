"""What can go wrong, one exception type a cause.

Every message says what was attempted, what was received, what was expected and what to do.
Each type is also the built-in exception a caller would expect, so ``except ValueError`` around
a scikit-learn pipeline keeps working.
"""

from __future__ import annotations

LONGEST = 200  # characters of a foreign message or value that are passed on


def brief(said: object, longest: int = LONGEST) -> str:
    """Give a foreign message, or a value, on one line that is short and safe in a terminal."""
    line = " ".join(str(said)[: 4 * longest].split())
    line = "".join(c if c.isprintable() else ascii(c)[1:-1] for c in line)
    return line if len(line) <= longest else line[: longest - 1] + "\N{HORIZONTAL ELLIPSIS}"


class JamjaeError(Exception):
    """The base of everything jamjae raises on purpose."""


class BackendError(JamjaeError, RuntimeError):
    """Keras runs on a backend other than JAX."""


class MissingDependencyError(JamjaeError, ImportError):
    """An optional library is needed for what was asked."""


class InvalidDataError(JamjaeError, ValueError):
    """The data themselves cannot be learned from or transformed (empty, NaN, ragged, text)."""


class InvalidTypeError(InvalidDataError, TypeError):
    """The data are of a kind that holds no numbers, or not as an array (objects, sparse)."""


class ShapeMismatchError(JamjaeError, ValueError):
    """An array has another shape than the one this model was fitted with."""


class InvalidNetworkError(JamjaeError, ValueError):
    """An encoder and a decoder cannot work together, or one of them cannot work at all."""


class TrainingDiverged(JamjaeError, ArithmeticError):
    """The loss stopped being a finite number."""


class DataNotFoundError(JamjaeError, FileNotFoundError):
    """No data were found where they were looked for."""


class DataFormatError(JamjaeError, ValueError):
    """A data file is damaged or of a kind that is not understood."""


class ModelFileError(JamjaeError, ValueError):
    """A model file is damaged, foreign, unsafe or newer than this version of jamjae."""


class OutputError(JamjaeError, OSError):
    """A result cannot be written where it was asked for."""
