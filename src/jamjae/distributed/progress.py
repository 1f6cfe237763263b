"""Progress of workers in the process that waits for them."""

from __future__ import annotations

import warnings
from typing import Any

from jamjae.data.readers.cells import counted
from jamjae.engine.training import EpochReport


class Watch:
    """Calls the estimator's callbacks, and prints a line per epoch if it is verbose.

    Parameters
    ----------
    model : estimator
    rows, workers : int
        All rows, and the number of workers.
    """

    def __init__(self, model: Any, rows: int, workers: int) -> None:
        self.callbacks, self.verbose = list(model.callbacks), model.verbose
        self.rows, self.workers = rows, workers
        self.before: EpochReport | None = None
        self.warned = False

    def __call__(self, report: EpochReport) -> None:
        """Take note of an epoch."""
        if self.verbose and report.epoch:
            print(self._line(report))
        self.before = report
        if True in [callback(report) for callback in self.callbacks] and not self.warned:
            self.warned = True
            warnings.warn(
                "A callback returned True, which does not stop training on a cluster.",
                UserWarning,
                stacklevel=2,
            )

    def _line(self, report: EpochReport) -> str:
        terms = [f"{name} {value:.6g}" for name, value in report.terms.items()]
        if report.baseline is not None:
            terms.append(f"(PCA {report.baseline:.6g})")
        if self.before is not None and report.seconds > self.before.seconds:
            each = (report.seconds - self.before.seconds) / (report.epoch - self.before.epoch)
            left = each * (report.epochs - report.epoch)
            terms += [f"{left:.0f} s left", f"{self.rows / each:,.0f} rows/s"]
        terms.append(counted(self.workers, "worker"))
        return f"epoch {report.epoch}/{report.epochs}  " + "  ".join(terms)
