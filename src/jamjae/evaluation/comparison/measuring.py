"""One method on one split: fit it and compute every metric that applies."""

from __future__ import annotations

import math
import time
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from scipy.sparse.csgraph import connected_components
from sklearn.base import BaseEstimator
from sklearn.neighbors import kneighbors_graph

from jamjae.data.labels import read_labels
from jamjae.errors import InvalidDataError, JamjaeError
from jamjae.evaluation import metrics
from jamjae.evaluation.comparison.code_bytes import CodeBytes, code_bytes, coded_bytes
from jamjae.evaluation.comparison.methods import Method, Setting
from jamjae.evaluation.evaluating import clipped, evaluate_reconstruction

SHOWN = 10  # held-out rows whose reconstructions are kept for figures
FAILURES = Exception  # an estimator may raise any; KeyboardInterrupt is not one of them
Decode = Callable[[np.ndarray], np.ndarray]
FIT, SPEED, SIZE = "fit_seconds", "transform_seconds_per_row", "numbers_stored"


class Split(NamedTuple):
    """Training rows and held-out rows (n, ...), with their classes if there are any.

    ``places`` are the indices of the training rows in the data that were passed.
    """

    train: np.ndarray
    test: np.ndarray
    train_y: np.ndarray | None
    test_y: np.ndarray | None
    places: np.ndarray


class MethodOutcome(NamedTuple):
    """The result of one method on one split.

    Attributes
    ----------
    values : dict of str to float
        Metrics by name, those that apply.
    rows : array of int
        Indices of the training rows it was fitted to.
    codes : array of shape (len(rows), k) or None
        Their codes.
    reconstructed : array of shape (SHOWN, ...) or None
        Reconstructions of the first held-out rows.
    notes : list of str
        A sample, a failure, what the method cannot do.
    failed : bool
    """

    values: dict[str, float]
    rows: np.ndarray
    codes: np.ndarray | None
    reconstructed: np.ndarray | None
    notes: list[str]
    failed: bool = False


class Answers(NamedTuple):
    """Codes of the training rows, and functions of a fitted estimator; None if it has none.

    ``counted`` gives the bytes of a codec's codes.
    """

    codes: np.ndarray
    encode: Callable[[np.ndarray], np.ndarray] | None
    decode: Decode | None
    counted: Callable[[np.ndarray], CodeBytes] | None = None


def measure(
    method: Method, split: Split, n_components: int, seed: int, k: int, *, in_bytes: bool = False
) -> MethodOutcome:
    """Fit a method and measure it.

    Parameters
    ----------
    method : Method
    split : Split
    n_components : int
    seed : int
        Of the estimator, and of the sample if there are more rows than the method's limit.
    k : int
        Number of neighbors of the neighborhood metrics.
    in_bytes : bool
        Whether the bytes of its codes are counted.

    Returns
    -------
    MethodOutcome
        If the method fails, a note in place of metrics; no exception is raised.
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
            notes.append(f"failed: {first_line(error)}")
            return MethodOutcome({}, rows, None, None, notes, failed=True)
        answered = _evaluated(answers, part, k, in_bytes=in_bytes)
    notes += _parts_of_graph(method, part.train) + _cannot(answers) + answered.notes
    notes += warned(said)
    return MethodOutcome(
        {**values, **answered.values}, rows, answers.codes, answered.reconstructed, notes
    )


def _part(split: Split, rows: np.ndarray) -> Split:
    y = None if split.train_y is None else split.train_y[rows]
    return split._replace(train=split.train[rows], train_y=y, places=split.places[rows])


def first_line(error: object) -> str:
    """Give the first line of what an error says, with its name where that explains nothing."""
    said, name = str(error).strip().split("\n")[0], type(error).__name__
    explained = isinstance(error, JamjaeError | ValueError | RuntimeError | Warning)
    return said if said and explained else f"{name}: {said}".removesuffix(": ")


def warned(said: list[warnings.WarningMessage]) -> list[str]:
    """Return the first warning about the data, not deprecations of libraries."""
    told = [w.message for w in said if issubclass(w.category, UserWarning | RuntimeWarning)]
    return [f"warned: {first_line(message)}" for message in told[:1]]


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
            f"its codes have shape {codes.shape}; expected {setting.n_components} components per "
            "row"
        )
    return {FIT: seconds, SIZE: float(numbers_stored(fitted))}, Answers(
        _finite(codes),
        encode,
        _decoder(fitted, setting, method.inverts),
        partial(coded_bytes, fitted) if hasattr(fitted, "bits") else None,
    )


def _prepared(estimator: Any) -> Callable[[np.ndarray], np.ndarray]:
    """Return rows as an estimator takes them: jamjae's unchanged, others flat, as floats."""
    if hasattr(estimator, "reconstruct"):
        return lambda rows: rows
    return lambda rows: rows.reshape(len(rows), -1).astype(
        rows.dtype if rows.dtype.kind == "f" else np.float32, copy=False
    )


def _decoder(fitted: Any, setting: Setting, inverts: int | None) -> Decode | None:
    if not hasattr(fitted, "inverse_transform") or setting.n_components > (inverts or math.inf):
        return None
    shape = setting.rows.shape[1:]
    return lambda Z: np.asarray(fitted.inverse_transform(Z)).reshape(len(Z), *shape)


def _finite(codes: np.ndarray) -> np.ndarray:
    if not np.isfinite(codes).all():
        raise ValueError("its codes are not finite numbers")
    return codes


def numbers_stored(fitted: Any) -> int:
    """Count the floating-point numbers stored in a fitted estimator, its training rows included.

    For networks, the number of weights; for other estimators, all arrays of floats held by it and
    the estimators inside it, each counted once.
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


# --- metrics --------------------------------------------------------------------------------


class Evaluated(NamedTuple):
    """Metrics of codes and reconstructions."""

    values: dict[str, float]
    reconstructed: np.ndarray | None
    notes: list[str]


def _evaluated(answers: Answers, split: Split, k: int, *, in_bytes: bool) -> Evaluated:
    notes: list[str] = []
    values = {"bits_per_value": metrics.bits_per_value(answers.codes, split.train)}
    values |= _neighborhood("train", split.train, answers.codes, split.train_y, k, notes)
    held = reconstructed = None
    if answers.encode:
        try:
            held = _finite(answers.encode(split.test))
            began = time.perf_counter()
            answers.encode(split.test)  # once more: what had to be compiled is compiled
            values[SPEED] = (time.perf_counter() - began) / len(split.test)
        except FAILURES as error:
            notes.append(f"transform of held-out rows failed: {first_line(error)}")
    if held is not None:
        values |= _neighborhood("test", split.test, held, split.test_y, k, notes)
        values |= _classes(answers.codes, held, split)
    if answers.decode:
        try:
            values |= _reconstruction("train", split.train, answers.codes, answers.decode)[0]
            if held is not None:
                found, reconstructed = _reconstruction("test", split.test, held, answers.decode)
                values |= found
        except FAILURES as error:
            notes.append(f"reconstruction failed: {first_line(error)}")
    if in_bytes and held is not None and "test_mse" in values:
        values |= _bytes(answers, held, split.test, notes)
    return Evaluated(values, reconstructed, list(dict.fromkeys(notes)))


def _bytes(
    answers: Answers, held: np.ndarray, test: np.ndarray, notes: list[str]
) -> dict[str, float]:
    try:
        if answers.counted:
            found = answers.counted(test)
        elif answers.decode:
            found = code_bytes(answers.codes, held, answers.decode, test)
        else:
            return {}
    except FAILURES as error:
        found = CodeBytes(None, f"bytes per row failed: {first_line(error)}")
    notes += [found.note] if found.note else []
    return {} if found.bytes_per_row is None else {"bytes_per_row": found.bytes_per_row}


def _neighborhood(
    part: str, X: np.ndarray, Z: np.ndarray, y: np.ndarray | None, k: int, notes: list[str]
) -> dict[str, float]:
    asked, k = k, min(k, (len(X) - 1) // 2)
    if k < 1:
        return {}
    if k < asked:
        notes.append(f"{k} neighbors instead of {asked}: there are only {len(X)} {part} rows")
    chosen = metrics.sample(len(X))
    if len(chosen) < len(X):
        notes.append(f"neighbors within a sample of {len(chosen):,} of {len(X):,} {part} rows")
    X, Z = X[chosen], Z[chosen]
    found = {**metrics.neighborhood_scores(X, Z, n_neighbors=k), "stress": metrics.stress(X, Z)}
    codes, classes = _labelled(Z, None if y is None else y[chosen])
    if len(np.unique(classes)) > 1 and k < len(codes):
        found["neighborhood_hit"] = metrics.neighborhood_hit(codes, classes, n_neighbors=k)
    return {f"{part}_{name}": value for name, value in found.items()}


def _labelled(Z: np.ndarray, y: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
    """Return the codes and classes of the rows whose label is known."""
    if y is None:
        return Z[:0], np.zeros(0)
    labels = read_labels(y, len(Z), "compare")
    return Z[labels.known], labels.values


def _classes(Z: np.ndarray, Z2: np.ndarray, split: Split) -> dict[str, float]:
    Z, y = _labelled(Z, split.train_y)
    Z2, y2 = _labelled(Z2, split.test_y)
    if len(np.unique(y)) < 2 or not len(y2):
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
        notes.append("no transform: n/a on held-out rows")
    if answers.decode is None:
        notes.append("no usable inverse_transform: n/a for reconstruction")
    return notes


def _parts_of_graph(method: Method, rows: np.ndarray) -> list[str]:
    """Note whether the neighbor graph that a method builds on is disconnected."""
    if method.neighbors is None:
        return []
    flat = rows.reshape(len(rows), -1)
    graph = kneighbors_graph(flat, min(method.neighbors, len(flat) - 1))
    parts, _ = connected_components(graph, directed=False)
    if parts == 1:
        return []
    split = f"its graph of {method.neighbors} neighbors has {parts} connected components"
    return [f"{split}, whose positions relative to each other are meaningless"]
