"""One method on one split: fit it, and measure everything that it can answer for."""

from __future__ import annotations

import math
import time
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np
from scipy.sparse.csgraph import connected_components
from sklearn.base import BaseEstimator
from sklearn.neighbors import kneighbors_graph

from jamjae.errors import InvalidDataError, JamjaeError
from jamjae.evaluation import metrics
from jamjae.evaluation.comparison.methods import Method, Setting
from jamjae.evaluation.evaluating import clipped, evaluate_reconstruction

SHOWN = 10  # held-out rows whose restorations are kept for pictures
FAILURES = Exception  # of a foreign estimator, which may raise any; an interrupt is none of them
Decode = Callable[[np.ndarray], np.ndarray]
FIT, SPEED, SIZE = "fit_seconds", "transform_seconds_per_row", "numbers_stored"


class Split(NamedTuple):
    """Training rows and held-out rows (n, ...), with their classes where there are any.

    ``places`` tells which of the rows handed in are the training rows.
    """

    train: np.ndarray
    test: np.ndarray
    train_y: np.ndarray | None
    test_y: np.ndarray | None
    places: np.ndarray


class Outcome(NamedTuple):
    """What became of one method on one split.

    Attributes
    ----------
    values : dict of str to float
        Metrics by name; one that does not apply is not among them.
    rows : array of int
        Which training rows it was fitted to.
    codes : array of shape (len(rows), k) or None
        Their codes.
    restored : array of shape (SHOWN, ...) or None
        The first held-out rows, restored.
    notes : list of str
        What a reader has to know: a sample, a failure, what the method cannot do.
    failed : bool
    """

    values: dict[str, float]
    rows: np.ndarray
    codes: np.ndarray | None
    restored: np.ndarray | None
    notes: list[str]
    failed: bool = False


class Answers(NamedTuple):
    """What a fitted estimator can do with rows (n, ...); None for what it cannot."""

    codes: np.ndarray
    encode: Callable[[np.ndarray], np.ndarray] | None
    decode: Decode | None


def measure(method: Method, split: Split, n_components: int, seed: int, k: int) -> Outcome:
    """Fit a method and measure it.

    Parameters
    ----------
    method : Method
    split : Split
    n_components : int
    seed : int
        Of the estimator, and of the sample where there are more rows than it can take.
    k : int
        Neighbours of the neighbourhood metrics.

    Returns
    -------
    Outcome
        With a note in place of metrics where the method fails: nothing is raised for what a
        method cannot do.
    """
    limit = method.limit or len(split.train)
    rows = metrics.sample(len(split.train), limit, seed)
    notes = []
    if len(rows) < len(split.train):
        notes.append(f"fitted to {len(rows):,} of {len(split.train):,} rows, a random sample")
    part = split if not notes else _part(split, rows)
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        try:
            values, answers = _fit(method, Setting(n_components, seed, part.train))
        except FAILURES as error:
            notes.append(f"failed: {_first_line(error)}")
            return Outcome({}, rows, None, None, notes, failed=True)
        answered = _judge(answers, part, k)
    notes += _parts_of_graph(method, part.train) + _cannot(answers) + answered.notes
    notes += _warned(said)
    return Outcome({**values, **answered.values}, rows, answers.codes, answered.restored, notes)


def _part(split: Split, rows: np.ndarray) -> Split:
    y = None if split.train_y is None else split.train_y[rows]
    return split._replace(train=split.train[rows], train_y=y, places=split.places[rows])


def _first_line(error: object) -> str:
    said, name = str(error).strip().split("\n")[0], type(error).__name__
    explained = isinstance(error, JamjaeError | ValueError | RuntimeError | Warning)
    return said if said and explained else f"{name}: {said}".removesuffix(": ")


def _warned(said: list[warnings.WarningMessage]) -> list[str]:
    """Give the first warning about the data; those about libraries are for their authors."""
    told = [w.message for w in said if issubclass(w.category, UserWarning | RuntimeWarning)]
    return [f"warned: {_first_line(message)}" for message in told[:1]]


# --- fitting --------------------------------------------------------------------------------


def _fit(method: Method, setting: Setting) -> tuple[dict[str, float], Answers]:
    began = time.perf_counter()
    estimator = method.make(setting)
    prepare = _prepared(estimator)
    X = prepare(setting.rows)
    if hasattr(estimator, "transform"):
        fitted, codes = estimator.fit(X), None
    else:
        fitted, codes = estimator, estimator.fit_transform(X)
    seconds = time.perf_counter() - began
    encode = (lambda rows: np.asarray(fitted.transform(prepare(rows)))) if codes is None else None
    codes = encode(setting.rows) if encode else np.asarray(codes)
    if codes.ndim != 2 or codes.shape[1] != setting.n_components:
        raise InvalidDataError(
            f"its codes have shape {codes.shape}, but {setting.n_components} numbers a row are "
            "compared"
        )
    return {FIT: seconds, SIZE: float(numbers_stored(fitted))}, Answers(
        _finite(codes), encode, _decoder(fitted, setting, method.restores)
    )


def _prepared(estimator: Any) -> Callable[[np.ndarray], np.ndarray]:
    """Give rows as an estimator takes them: jamjae's as they are, others flat and as floats."""
    if hasattr(estimator, "reconstruct"):
        return lambda rows: rows
    return lambda rows: rows.reshape(len(rows), -1).astype(
        rows.dtype if rows.dtype.kind == "f" else np.float32, copy=False
    )


def _decoder(fitted: Any, setting: Setting, restores: int | None) -> Decode | None:
    if not hasattr(fitted, "inverse_transform") or setting.n_components > (restores or math.inf):
        return None
    shape = setting.rows.shape[1:]
    return lambda Z: np.asarray(fitted.inverse_transform(Z)).reshape(len(Z), *shape)


def _finite(codes: np.ndarray) -> np.ndarray:
    if not np.isfinite(codes).all():
        raise ValueError("its codes are not finite numbers")
    return codes


def numbers_stored(fitted: Any) -> int:
    """Count the floating-point numbers that a fitted estimator keeps, its training rows included.

    Networks are counted by their weights; of any other estimator all arrays of floats that it and
    the estimators inside it hold, each once.
    """
    if hasattr(fitted, "encoder_") and hasattr(fitted, "decoder_"):
        return int(fitted.encoder_.count_params() + fitted.decoder_.count_params())
    held = {id(a if a.base is None else a.base): a.size for a in _arrays(fitted, set())}
    return sum(held.values())


def _arrays(thing: Any, seen: set[int]) -> Iterator[np.ndarray]:
    """Find the arrays of floats in an estimator, those inside it, and their search trees."""
    if id(thing) in seen:
        return
    seen.add(id(thing))
    parts: Iterable[Any] = ()
    if isinstance(thing, np.ndarray):
        if thing.dtype.kind == "f":
            yield thing
    elif isinstance(thing, Mapping):
        parts = thing.values()
    elif isinstance(thing, list | tuple):
        parts = thing
    elif type(thing).__name__.startswith(("KDTree", "BallTree")):
        yield np.asarray(thing.data)
    elif isinstance(thing, BaseEstimator):
        parts = vars(thing).values()
    for part in parts:
        yield from _arrays(part, seen)


# --- judging --------------------------------------------------------------------------------


class Judged(NamedTuple):
    """Metrics of codes and restorations."""

    values: dict[str, float]
    restored: np.ndarray | None
    notes: list[str]


def _judge(answers: Answers, split: Split, k: int) -> Judged:
    notes: list[str] = []
    values = {"bits_per_value": metrics.bits_per_value(answers.codes, split.train)}
    values |= _neighbourhood("train", split.train, answers.codes, split.train_y, k, notes)
    held = restored = None
    if answers.encode:
        try:
            held = _finite(answers.encode(split.test))
            began = time.perf_counter()
            answers.encode(split.test)  # once more: what had to be compiled is compiled
            values[SPEED] = (time.perf_counter() - began) / len(split.test)
        except FAILURES as error:
            notes.append(f"transform of held-out rows failed: {_first_line(error)}")
    if held is not None:
        values |= _neighbourhood("test", split.test, held, split.test_y, k, notes)
        values |= _classes(answers.codes, held, split)
    if answers.decode:
        try:
            values |= _reconstruction("train", split.train, answers.codes, answers.decode)[0]
            if held is not None:
                found, restored = _reconstruction("test", split.test, held, answers.decode)
                values |= found
        except FAILURES as error:
            notes.append(f"restoration failed: {_first_line(error)}")
    return Judged(values, restored, list(dict.fromkeys(notes)))


def _neighbourhood(
    part: str, X: np.ndarray, Z: np.ndarray, y: np.ndarray | None, k: int, notes: list[str]
) -> dict[str, float]:
    asked, k = k, min(k, (len(X) - 1) // 2)
    if k < 1:
        return {}
    if k < asked:
        notes.append(f"{k} neighbours in place of {asked} among {len(X)} {part} rows")
    chosen = metrics.sample(len(X))
    if len(chosen) < len(X):
        notes.append(f"neighbours among {len(chosen):,} of {len(X):,} {part} rows")
    X, Z = X[chosen], Z[chosen]
    found = {**metrics.neighbourhood_scores(X, Z, n_neighbors=k), "stress": metrics.stress(X, Z)}
    if y is not None and len(np.unique(y[chosen])) > 1:
        found["neighbourhood_hit"] = metrics.neighbourhood_hit(Z, y[chosen], n_neighbors=k)
    return {f"{part}_{name}": value for name, value in found.items()}


def _classes(Z: np.ndarray, Z2: np.ndarray, split: Split) -> dict[str, float]:
    y, y2 = split.train_y, split.test_y
    if y is None or y2 is None or len(np.unique(y)) < 2:
        return {}
    found = {"linear_probe_accuracy": metrics.linear_probe_accuracy(Z, y, Z2, y2)}
    for neighbors in (1, 5):
        if neighbors <= len(Z):
            accuracy = metrics.knn_accuracy(Z, y, Z2, y2, n_neighbors=neighbors)
            found[f"knn{neighbors}_accuracy"] = accuracy
    return found


def _reconstruction(
    part: str, X: np.ndarray, Z: np.ndarray, decode: Decode
) -> tuple[dict[str, float], np.ndarray]:
    made = decode(Z)
    found = evaluate_reconstruction(X, made, image_metrics=part == "test")
    values = {f"{part}_{name}": value for name, value in found.known().items()}
    finite = {name: value for name, value in values.items() if math.isfinite(value)}
    return finite, clipped(made[:SHOWN], X.dtype)


# --- notes ----------------------------------------------------------------------------------


def _cannot(answers: Answers) -> list[str]:
    notes = []
    if answers.encode is None:
        notes.append("no transform: n/a for held-out rows")
    if answers.decode is None:
        notes.append("no inverse_transform of such codes: n/a for restoration")
    return notes


def _parts_of_graph(method: Method, rows: np.ndarray) -> list[str]:
    """Tell whether the neighbour graph that a method builds on falls apart."""
    if method.neighbors is None:
        return []
    flat = rows.reshape(len(rows), -1)
    graph = kneighbors_graph(flat, min(method.neighbors, len(flat) - 1))
    parts, _ = connected_components(graph, directed=False)
    if parts == 1:
        return []
    apart = f"its graph of {method.neighbors} neighbours falls into {parts} parts"
    return [f"{apart}, whose places relative to each other mean nothing"]
