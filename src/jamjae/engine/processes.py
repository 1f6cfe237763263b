"""What processes that train together tell each other of what NumPy computes."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from jamjae.errors import InvalidDataError, JamjaeError, brief

SAID = 1024  # bytes of what processes tell each other in words


class Processes:
    """The processes that train together: this one alone, unless a subclass knows others.

    Each has rows of its own. All must call these functions alike, one after the other.

    Attributes
    ----------
    hosts : int
        Number of processes.
    rank : int
        Number of this process, from 0.
    """

    hosts: int = 1
    rank: int = 0

    def gathered(self, values: Any) -> np.ndarray:
        """Give the arrays of all processes (hosts, ...), which have one shape and type."""
        return np.asarray(values)[None]

    def total(self, values: Any) -> np.ndarray:
        """Sum numbers over the processes, in float64 and in the same order on each."""
        own = np.asarray(values, dtype=np.float64)
        return own if self.hosts == 1 else self.gathered(own).sum(axis=0)

    def moments(self, values: np.ndarray) -> tuple[int, np.ndarray, np.ndarray]:
        """Give the number of rows (n, ...) of all processes, their mean and their variance."""
        n = int(self.total(len(values)))
        mean = self.total(values.sum(axis=0, dtype=np.float64)) / n
        return n, mean, self.total(np.square(values - mean).sum(axis=0)) / n

    def ends(self, least: float, most: float) -> tuple[float, float]:
        """Give the least and the greatest number of all processes."""
        told = self.gathered(np.array([least, most]))
        return float(told[:, 0].min()), float(told[:, 1].max())

    def first(self, values: Any) -> np.ndarray:
        """Give the array of the first process."""
        found: np.ndarray = self.gathered(values)[0]
        return found

    def told(self, text: str) -> str:
        """Give the text of the first process, of any length."""
        data = text.encode()
        length = int(self.first(np.array([len(data)]))[0])
        sent = np.frombuffer(data[:length].ljust(length, b"\0"), np.uint8)
        return self.first(sent).tobytes().decode()

    def require_same(self, text: str, what: str) -> None:
        """Refuse processes whose descriptions differ.

        Raises
        ------
        InvalidDataError
        """
        digest = hashlib.sha256(text.encode()).digest()
        told = self.gathered(np.frombuffer(digest, np.uint8))
        if (told == told[0]).all():
            return
        said = self._said(text)
        number = int((told != told[0]).any(axis=1).argmax())
        raise InvalidDataError(
            f"Processes that train together have the same {what}, but process 0 has {said[0]}, "
            f"and process {number} {said[number]}."
        )

    def any(self, stop: bool) -> bool:
        """Whether one of the processes says so."""
        return bool(self.gathered(np.array([stop])).any())

    @contextmanager
    def together(self) -> Iterator[None]:
        """Let no process go on alone where another one failed in the block.

        Raises
        ------
        JamjaeError
            In the processes that did not fail; the others raise their own error.
        """
        if self.hosts == 1:
            yield
            return
        failed: Exception | None = None
        try:
            yield
        except Exception as error:  # noqa: BLE001 - whatever ends this process ends the training of all
            failed = error
        said = self._said("" if failed is None else f"{type(failed).__name__}: {failed}")
        if failed is not None:
            raise failed
        for number, other in enumerate(said):
            if other:
                raise JamjaeError(
                    f"Process {number} of {self.hosts}, which train together, failed: {other}"
                )

    def _said(self, text: str) -> list[str]:
        data = brief(text, SAID // 4).encode()[:SAID].ljust(SAID, b"\0")
        told = self.gathered(np.frombuffer(data, np.uint8))
        return [row.tobytes().rstrip(b"\0").decode(errors="replace") for row in told]


ALONE = Processes()
