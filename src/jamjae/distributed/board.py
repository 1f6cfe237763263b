"""What workers and the process that waits for them tell each other."""

from __future__ import annotations

from typing import Any, NamedTuple


class Failure(NamedTuple):
    """Why a job cannot go on: the name of an exception, and what it says."""

    kind: str
    message: str


class Board:
    """Reports of epochs, and what ends the job for good; an actor."""

    def __init__(self) -> None:
        self._reports: list[Any] = []
        self._failures: list[Failure] = []

    def put(self, report: tuple[Any, ...]) -> None:
        """Add the report of an epoch."""
        self._reports.append(report)

    def take(self) -> tuple[list[Any], list[Failure]]:
        """Give the reports since the last call, and all failures."""
        taken, self._reports = self._reports, []
        return taken, self._failures

    def fail(self, kind: str, message: str) -> None:
        """Note what another attempt would not change."""
        self._failures.append(Failure(kind, message))

    def failed(self) -> bool:
        """Whether the job is over."""
        return bool(self._failures)
