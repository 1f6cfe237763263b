"""Estimators side by side: the same rows, the same metrics, one table."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from numbers import Integral
from typing import Any, NamedTuple

import numpy as np
from sklearn.model_selection import train_test_split

from jamjae.data.finite import finite_array
from jamjae.data.labels import read_labels
from jamjae.errors import InvalidDataError, ShapeMismatchError
from jamjae.evaluation.comparison import (
    detectors,
    generators,
    measuring,
    sampling,
    standardizing,
)
from jamjae.evaluation.comparison import methods as methods_of
from jamjae.evaluation.comparison.columns import TASKS
from jamjae.evaluation.comparison.measuring import MethodOutcome, Split
from jamjae.evaluation.comparison.methods import Method
from jamjae.evaluation.comparison.result import Comparison, Run
from jamjae.evaluation.generation import GenerationJudge

Choose = Callable[[Any, np.ndarray], dict[str, Method]]
Measure = Callable[..., MethodOutcome]
KEPT = (np.float64, np.float32, np.uint8)  # anything else numeric becomes float64


class ComparisonProgress(NamedTuple):
    """The state of a running comparison.

    Attributes
    ----------
    done, total : int
        Fits finished, and fits planned.
    title : str
        The method being fitted; empty at the end.
    n_components, seed : int
    seconds_left : float or None
        Estimated from the times of earlier fits; None before the first has ended.
    """

    done: int
    total: int
    title: str
    n_components: int
    seed: int
    seconds_left: float | None


class PlannedFit(NamedTuple):
    """One fit to be run."""

    method: Method
    n_components: int
    seed: int


def compare(
    X: Any,
    y: Any = None,
    *,
    task: str = "reconstruct",
    methods: Any = "auto",
    n_components: int | Iterable[int] = 2,
    test_size: float = 0.2,
    test: Any = None,
    seeds: int | Iterable[int] = 3,
    n_neighbors: int = 5,
    standardize: bool | str = "auto",
    code_bytes: bool = False,
    on_progress: Callable[[ComparisonProgress], Any] | None = None,
) -> Comparison:
    """Fit methods to the same rows and evaluate them by the same metrics on unseen rows.

    Parameters
    ----------
    X : array-like of shape (n, d), (n, h, w) or (n, h, w, c)
        Finite numbers. scikit-learn's estimators get flattened rows in the units of X. A data frame
        with other columns than numbers is encoded by `TableEncoder`, once for all methods. Of rows
        in files that are read piece by piece, 20,000 are drawn at random, or as many as fit into
        memory, and the result says how many; `test` likewise.
    y : array-like of shape (n,), optional
        Classes, for the metrics that need them and the colors of figures. No method is fitted to
        them. Rows whose label is missing (None, NaN) are left out of these metrics.
    task : {"reconstruct", "generate", "anomaly"}, default="reconstruct"
        What methods are compared for: codes and reconstructions of rows, or new rows, whose
        samples are measured as by `jamjae.evaluation.generation_report`, or to find anomalies: `y`
        then marks them (1, or -1 as scikit-learn does), methods are fitted to the normal ones of
        the training rows, and thresholds are set for 5 % false alarms.
    methods : "auto", str, estimator, iterable or mapping, default="auto"
        Names (``"pca"``, ``"kernel-pca"``, ``"lle"``, ``"isomap"``, ``"tsne"``, ``"umap"``,
        ``"autoencoder"``, ``"conv"``, ``"guided"``), scikit-learn estimators, pairs ``(encoder,
        decoder)`` of Keras models, or functions ``Setting -> estimator``; the keys of a mapping are
        titles. ``"auto"`` takes all that suit the rows, except UMAP. Estimators are copied, with
        ``n_components`` and ``random_state`` set if they have them. To generate: ``"real"``
        (training rows drawn anew), ``"pca-gaussian"``, ``"pca-mixture"``, ``"pca-kde"``,
        ``"vae"``, ``"gaussian"``, ``"mixture"``, ``"flow"``, or estimators with ``fit`` and
        ``sample``. To find anomalies: ``"knn"``, ``"pca"``, ``"iforest"``, ``"lof"``, ``"ocsvm"``,
        ``"gmm"``, ``"detector"``, where PyOD is installed ``"ecod"``, ``"pyod-autoencoder"`` and
        ``"pyod-deepsvdd"``, or estimators with ``fit`` and ``score_samples``.
    n_components : int or iterable of int, default=2
        Number of latent components; several numbers give one block of rows each.
    test_size : float or int, default=0.2
        The fraction, or the number, of rows held out at random, drawn anew for each seed;
        stratified by class if possible.
    test : array-like or pair (X_test, y_test), optional
        Given held-out rows, the same for all seeds, in place of `test_size`.
    seeds : int or iterable of int, default=3
        The number of repetitions (seeds 0, 1, ...), or the seeds themselves.
    n_neighbors : int, default=5
        Number of neighbors of trustworthiness, continuity, recall and hit.
    standardize : bool or "auto", default="auto"
        Whether each column is centered and divided by its standard deviation over the training
        rows, for all methods alike. ``"auto"``: if the largest deviation of a column of a table is
        more than ten times the median one, as of columns in different units; errors are then those
        of standardized columns, and the result says so.
    code_bytes : bool, default=False
        Whether to count the bytes that a row's code takes, as column ``bytes_per_row``: codes are
        rounded as coarsely as 1 % more error on held-out rows allows, and entropy coded by tables
        of the training rows' codes. The ideal length is given, tables and model not counted. A
        `Codec` is counted as it codes, at its own error. It takes some twenty reconstructions of
        up to 500 rows, and one for each component.
    on_progress : callable, optional
        Called with a `ComparisonProgress` before each fit and at the end.

    Returns
    -------
    Comparison
        ``.table`` (one row per method, size and seed), ``.summary`` (median and range over the
        seeds), ``.sentence``, ``.figure()``; it prints itself.

    Raises
    ------
    InvalidDataError
        X, y or a method cannot be used; there are too few rows, or fewer than are to be held out;
        `code_bytes` is asked of generated rows.
    ShapeMismatchError
        The shape of y or `test` does not match X.

    Notes
    -----
    A method that fails, or has no ``transform`` or ``inverse_transform``, is listed with n/a and a
    note that gives the reason. One whose time or memory grows faster than the number of rows is
    fitted to a sample, as a note states. Mean squared errors are in squared units of X, those of
    8-bit values in [0, 1]. Reconstructions of 8-bit data are clipped to 0..255 before any error is
    computed, for every method: MSE, R², PSNR and SSIM come from `jamjae.evaluation.evaluate`. Times
    to fit include compilation, times to transform do not.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> X, y = load_iris(return_X_y=True)
    >>> found = compare(X, y, methods=["pca", "isomap"], seeds=1)
    >>> [row["method"] for row in found.rows]
    ['PCA', 'Isomap']
    >>> found.rows[1]["test_mse"]
    'n/a'
    """
    if task not in TASKS:
        raise InvalidDataError(
            f"compare received task={task!r}; expected one of {', '.join(map(repr, TASKS))}."
        )
    if code_bytes and task != "reconstruct":
        raise InvalidDataError(
            f"compare received code_bytes=True with task={task!r}, which has no codes; expected "
            "task='reconstruct'."
        )
    (X, test), mixed = standardizing.encoded(X, test)
    if task == "anomaly":
        y, test = _marked(X, y, test)
    rows, classes, places = _checked(X, y, "X")
    sizes = _whole_numbers(n_components, "n_components", least=1)
    chosen_seeds = _whole_numbers(seeds, "seeds", least=0, count=isinstance(seeds, Integral))
    if not isinstance(n_neighbors, Integral) or n_neighbors < 1:
        raise InvalidDataError(
            f"compare received n_neighbors={n_neighbors!r}; expected an integer of at least 1."
        )
    held = None if test is None else _held_out(test, rows, classes)
    splits = {seed: _split(rows, classes, held, test_size, seed) for seed in chosen_seeds}
    if places is not None:
        splits = {s: split._replace(places=places[split.places]) for s, split in splits.items()}
    if task == "anomaly":
        splits = {seed: detectors.of_normal(split) for seed, split in splits.items()}
    if brought := standardizing.is_wanted(standardize, rows):
        splits = {seed: standardizing.standardized(split) for seed, split in splits.items()}
    choose, measure = _of_task(task, in_bytes=code_bytes)
    chosen = choose(methods, next(iter(splits.values())).train)
    fits = [
        PlannedFit(method, size, seed)
        for size in sizes
        for method in chosen.values()
        for seed in chosen_seeds
    ]
    told = on_progress or (lambda _: None)
    runs = [
        Run(fit.method, fit.n_components, fit.seed, outcome)
        for fit, outcome in _outcomes(fits, splits, n_neighbors, measure, told)
    ]
    sampled = None if places is None else (len(rows), len(X))
    return Comparison(runs, splits, brought, mixed, task, sampled, code_bytes)


def _of_task(task: str, *, in_bytes: bool) -> tuple[Choose, Measure]:
    """Give what chooses methods for a task, and what fits and measures one."""
    if task == "reconstruct":
        return methods_of.choose, partial(measuring.measure, in_bytes=in_bytes)
    if task == "anomaly":
        return lambda methods, _: detectors.choose(methods), detectors.measure
    judges: dict[int, GenerationJudge] = {}

    def measure(method: Method, split: Split, size: int, seed: int, k: int) -> MethodOutcome:
        if seed not in judges:
            judges[seed] = generators.judge_of(split, k, seed)
        return generators.measure(method, split, size, seed, judges[seed])

    return lambda methods, _: generators.choose(methods), measure


def _outcomes(
    fits: list[PlannedFit],
    splits: dict[int, Split],
    n_neighbors: int,
    measure: Measure,
    told: Callable[[ComparisonProgress], Any],
) -> Iterator[tuple[PlannedFit, MethodOutcome]]:
    seconds: dict[str, list[float]] = {}
    for done, fit in enumerate(fits):
        method, size, seed = fit
        left = _seconds_left(fits[done:], seconds)
        told(ComparisonProgress(done, len(fits), method.title, size, seed, left))
        began = time.perf_counter()
        outcome = measure(method, splits[seed], size, seed, n_neighbors)
        seconds.setdefault(method.title, []).append(time.perf_counter() - began)
        yield fit, outcome
    told(ComparisonProgress(len(fits), len(fits), "", 0, 0, 0.0))


def _seconds_left(fits: list[PlannedFit], seconds: dict[str, list[float]]) -> float | None:
    if not seconds:
        return None
    means = {title: sum(took) / len(took) for title, took in seconds.items()}
    typical = sum(means.values()) / len(means)
    return sum(means.get(fit.method.title, typical) for fit in fits)


def _marked(X: Any, y: Any, test: Any) -> tuple[np.ndarray, Any]:
    """Read which rows, and which held-out rows, are anomalies."""
    if y is None:
        raise InvalidDataError(
            "compare(task='anomaly') needs y: which rows are anomalies. No method is fitted to "
            "them; they are held out."
        )
    if isinstance(test, tuple) and len(test) == 2:
        test = test[0], detectors.marks(test[1], len(test[0]), "the y of test")
    return detectors.marks(y, len(X)), test


# --- input ----------------------------------------------------------------------------------


def _checked(X: Any, y: Any, name: str) -> tuple[np.ndarray, np.ndarray | None, np.ndarray | None]:
    """Give rows, their classes, and where they stand in X if they are a sample of it."""
    some, places = sampling.some_of(X)
    rows = finite_array(some, f"compare cannot use {name}")
    rows = rows if rows.dtype in KEPT else rows.astype(np.float64)
    if not 2 <= rows.ndim <= 4:
        raise InvalidDataError(
            f"compare received {name} of shape {rows.shape}; expected rows (n, d) or images "
            "(n, h, w) or (n, h, w, c)."
        )
    if y is None:
        return rows, None, places
    if places is None:
        return rows, _classes(y, len(rows)), None
    return rows, _classes(y, len(X))[places], places


def _classes(y: Any, n: int) -> np.ndarray:
    """Return one class per row, None where it is missing."""
    labels = read_labels(y, n, "compare")
    values = labels.values
    if values.dtype.kind == "f":
        if not (values == np.rint(values)).all():
            raise InvalidDataError(
                "compare received labels with fractions; expected classes. Bin a continuous target "
                "first, or leave y out."
            )
        values = values.astype(np.int64)
    return labels._replace(values=values).of_all()


def _held_out(test: Any, rows: np.ndarray, y: np.ndarray | None) -> Split:
    if isinstance(test, tuple) and len(test) != 2:
        raise InvalidDataError(
            f"compare received test= with {len(test)} elements; expected rows, or (X_test, y_test)."
        )
    held_rows, held_labels = test if isinstance(test, tuple) else (test, None)
    held, held_y, _ = _checked(held_rows, held_labels, "test")
    if held.shape[1:] != rows.shape[1:]:
        raise ShapeMismatchError(
            f"compare received training rows of shape {rows.shape[1:]} and held-out rows of shape "
            f"{held.shape[1:]}; expected the same."
        )
    if (y is None) != (held_y is None):
        raise ShapeMismatchError(
            "compare received labels for only one of X and test; give y and test=(X_test, y_test), "
            "or neither."
        )
    if y is not None and held_y is not None and _are_numbers(y) != _are_numbers(held_y):
        raise InvalidDataError(
            f"compare received labels of {y.dtype} with X and of {held_y.dtype} with test; "
            "expected the same classes."
        )
    both = np.result_type(rows, held)  # 8-bit rows beside floats are floats of the same values
    rows, held = rows.astype(both, copy=False), held.astype(both, copy=False)
    return Split(rows, held, y, held_y, np.arange(len(rows)))


def _are_numbers(y: np.ndarray) -> bool:
    return not any(isinstance(label, str) for label in y.tolist())


def _split(
    rows: np.ndarray, y: np.ndarray | None, held: Split | None, test_size: float, seed: int
) -> Split:
    if held is not None:
        return held
    places = np.arange(len(rows))
    strata = y.astype(str) if y is not None and y.dtype == object else y  # missing ones are one
    try:
        try:
            train, test = train_test_split(
                places, test_size=test_size, random_state=seed, stratify=strata
            )
        except ValueError:  # a class of one row, or more classes than rows held out
            train, test = train_test_split(places, test_size=test_size, random_state=seed)
    except ValueError as error:
        raise InvalidDataError(
            f"compare cannot hold out test_size={test_size} of {len(rows)} rows: {error}"
        ) from error
    if len(train) < 2:
        raise InvalidDataError(
            f"compare received {len(rows)} rows, which leaves {len(train)} for training; expected "
            "at least 2."
        )
    train, test = np.sort(train), np.sort(test)
    train_y, test_y = (None, None) if y is None else (y[train], y[test])
    return Split(rows[train], rows[test], train_y, test_y, train)


def _whole_numbers(value: Any, name: str, *, least: int, count: bool = False) -> list[int]:
    """Return a list of integers from one integer, several, or their count."""
    if count:
        numbers: list[Any] = list(range(value))
    else:
        numbers = list(value) if isinstance(value, Iterable) else [value]
    if not numbers or not all(isinstance(n, Integral) and int(n) >= least for n in numbers):
        raise InvalidDataError(
            f"compare received {name}={value!r}; expected an integer of at least "
            f"{max(least, 1)}, or several of at least {least}."
        )
    return list(dict.fromkeys(int(n) for n in numbers))
