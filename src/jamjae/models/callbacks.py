"""Reports of training: callbacks while it runs, and the history afterwards."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import keras
import numpy as np

from jamjae.engine.training import EpochReport, Progress
from jamjae.errors import InvalidTypeError, brief

INSTEAD = {
    "EarlyStopping": "early_stopping=True and patience=",
    "ModelCheckpoint": "checkpoint_dir=, and save() after fit",
    "BackupAndRestore": "checkpoint_dir=",
    "LearningRateScheduler": "schedule= and learning_rate=",
    "ReduceLROnPlateau": "schedule=",
    "CSVLogger": "history_ after fit",
    "ProgbarLogger": "verbose=1",
}


def require_callables(callbacks: Iterable[Any]) -> None:
    """Refuse callbacks that cannot be called with a report; name the replacement of Keras's.

    Raises
    ------
    InvalidTypeError
    """
    for callback in () if isinstance(callbacks, Iterator) else callbacks:
        name = type(callback).__name__
        if isinstance(callback, keras.callbacks.Callback):
            cure = INSTEAD.get(name, "a function that is called with a report after each epoch")
            raise InvalidTypeError(
                f"callbacks= holds Keras's {name}, which jamjae cannot call. Use {cure} instead."
            )
        if not callable(callback):
            raise InvalidTypeError(
                f"callbacks= holds {brief(repr(callback))}; functions are expected, each called "
                "with a report after each epoch."
            )


def observers(
    callbacks: Iterable[Callable[[EpochReport], Any]], verbose: int, baseline: float | None
) -> list[Callable[[EpochReport, Progress], Any]]:
    """Make observers of training from a user's callbacks; one that returns True stops it."""
    called = [*callbacks, *([print_line] if verbose else [])]

    def notify(report: EpochReport, progress: Progress) -> bool:
        report = report._replace(baseline=baseline)
        return True in [callback(report) for callback in called]

    return [notify] if called else []


def print_line(report: EpochReport) -> None:
    """Print an epoch's losses, PCA's loss and the time."""
    terms = "  ".join(f"{name} {value:.6g}" for name, value in report.terms.items())
    against = "" if report.baseline is None else f"  (PCA {report.baseline:.6g})"
    print(f"epoch {report.epoch}/{report.epochs}  {terms}{against}  {report.seconds:.1f} s")


def history(
    epochs: Iterable[dict[str, float]], after: Mapping[str, np.ndarray] | None = None
) -> dict[str, np.ndarray]:
    """Collect the terms of all epochs into one array per term, after those of earlier fits."""
    reported = list(epochs)
    names = reported[0] if reported else ("loss",)  # stopped before the first step
    new = {name: np.array([terms[name] for terms in reported]) for name in names}
    return {name: np.append((after or {}).get(name, ()), new[name]) for name in new}
