"""What belongs to a density of codes beside it: of which codes, and which values rows have."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, Self

import numpy as np

from jamjae.data.archives import UnsoundError
from jamjae.data.preprocessing import PIXELS, as_integers
from jamjae.data.rows import Array, drawn, row_chunks
from jamjae.engine.processes import Processes
from jamjae.latent.densities import Density, Drawn, rebuilt

DENSITY = "density."  # start of the names of arrays
ARRAYS = ("low", "high", "whole")
LEFT = ("residuals", "residual_groups")
RESIDUALS, NUMBERS = 1_000, 1 << 20  # rows of them, and numbers, at most
INTEGERS = tuple(f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64))


class Span(NamedTuple):
    """Which values rows have: samples are clipped to them, and are whole where those were.

    Attributes
    ----------
    low, high : float64 array of shape (d,), or () for images
        Least and greatest value, of each column of a table. Of encoded rows for mixed tables.
    whole : bool array of the same shape
        Which columns hold integers.
    dtype : str or None
        The integer type that samples have; None leaves the floating-point type of reconstructions.
    """

    low: np.ndarray
    high: np.ndarray
    whole: np.ndarray
    dtype: str | None

    @classmethod
    def of(cls, rows: Array, X: Any, dtype: str) -> Self:
        """Find out about rows (n, ...), checked, of X as it was given, for a model of a dtype."""
        axis = 0 if len(rows.shape) == 2 else None
        ends = [
            (np.fmin.reduce(some, axis=axis), np.fmax.reduce(some, axis=axis))
            for some in (rows[chunk] for chunk in row_chunks(rows))  # one piece at a time
        ]
        low, high = np.fmin.reduce([e[0] for e in ends]), np.fmax.reduce([e[1] for e in ends])
        whole = np.full(low.shape, dtype in PIXELS)
        return cls(_floats(low), _floats(high), whole, dtype if dtype in PIXELS else None).typed(X)

    def over(self, processes: Processes) -> Self:
        """Give the span of the rows of all processes."""
        low = np.fmin.reduce(processes.gathered(self.low))
        return self._replace(low=low, high=np.fmax.reduce(processes.gathered(self.high)))

    def typed(self, X: Any) -> Self:
        """Take from X, as it was given, which columns hold integers; pixels stay what they are."""
        if self.dtype in PIXELS:
            return self
        kinds = _kinds(X)
        whole = np.array([kind in INTEGERS for kind in kinds])
        alone = len(kinds) != self.low.size or not self.low.ndim
        whole = np.full(self.low.shape, whole.all()) if alone else whole
        same = len(set(kinds)) == 1 and bool(whole.all())
        return self._replace(whole=whole, dtype=kinds[0] if same else None)

    def clipped(self, made: np.ndarray) -> np.ndarray:
        """Clip rows (n, ...) to the least and greatest values, in their own type."""
        return np.clip(made, self.low.astype(made.dtype), self.high.astype(made.dtype))

    def rounded(self, made: Any) -> Any:
        """Round what holds integers; a data frame has the right types already."""
        if hasattr(made, "iloc") or not self.whole.any():
            return made
        if self.dtype is None:
            return np.where(self.whole, np.rint(made), made)
        return as_integers(made, self.dtype)

    def to_dict(self) -> dict[str, Any]:
        """Describe, for JSON, what `arrays` does not hold."""
        return {"dtype": self.dtype}

    def arrays(self) -> dict[str, np.ndarray]:
        """Give the arrays by name."""
        return {name: np.asarray(getattr(self, name), dtype=np.float64) for name in ARRAYS}

    @classmethod
    def from_parts(
        cls, described: Any, arrays: Mapping[str, np.ndarray], row_shape: tuple[int, ...]
    ) -> Self:
        """Make a span of what `to_dict` and `arrays` gave.

        Raises
        ------
        UnsoundError
            They do not describe a span of such rows.
        """
        dtype = described.get("dtype") if isinstance(described, dict) else ""
        if dtype is not None and dtype not in INTEGERS:
            raise UnsoundError("its density does not state a type of samples")
        shape = row_shape if len(row_shape) == 1 else ()
        for name in ARRAYS:
            if arrays[name].shape != shape or not np.isfinite(arrays[name]).all():
                raise UnsoundError(
                    f"its array {DENSITY + name!r} has shape {arrays[name].shape}, expected are "
                    f"finite numbers of shape {shape}"
                )
        if (arrays["low"] > arrays["high"]).any():
            raise UnsoundError("the least value of its rows is above the greatest")
        return cls(arrays["low"], arrays["high"], arrays["whole"] > 0, dtype)


def _floats(values: Any) -> np.ndarray:
    return np.nan_to_num(np.asarray(values, dtype=np.float64))  # a column may have no value at all


def _kinds(X: Any) -> list[str]:
    """Name the types of the columns of a data frame, or the one type of an array."""
    if hasattr(X, "iloc"):
        return [str(dtype).lower() for dtype in X.dtypes]  # pandas's Int64 is nullable
    return [(X if hasattr(X, "dtype") else np.asarray(X)).dtype.name]


class Residuals(NamedTuple):
    """What reconstructions of training rows leave out, of which samples of tables get some.

    Attributes
    ----------
    rows : float32 array of shape (r, d)
        In random order, of encoded rows for mixed tables.
    groups : float32 array of shape (r,)
        Numbers of classes; -1 for rows without a label.
    """

    rows: np.ndarray
    groups: np.ndarray

    @classmethod
    def of(
        cls,
        rows: Array,
        reconstruct: Callable[[np.ndarray], np.ndarray],
        density: Density,
        y: np.ndarray | None,
        rng: np.random.RandomState,
    ) -> Self:
        """Take those of some rows (n, d), checked, of classes (n,); what is missing has none."""
        most = min(RESIDUALS, max(NUMBERS // rows.shape[1], 1))
        some = rng.permutation(drawn(len(rows), most, rng.randint(2**31 - 1)))
        left = np.nan_to_num(rows[some] - reconstruct(rows[some]))
        labels = None if y is None else y[some]
        return cls(left.astype(np.float32), _numbers(density, labels, len(some)))

    def like(self, density: Density, made: Drawn, rng: np.random.RandomState) -> np.ndarray:
        """Draw one for each sample, of its class where there are some."""
        of_sample = _numbers(density, made.classes, len(made.codes))
        chosen = rng.randint(len(self.rows), size=len(of_sample))
        for group in np.unique(of_sample):
            among, where = np.flatnonzero(self.groups == group), of_sample == group
            if len(among):
                chosen[where] = among[rng.randint(len(among), size=where.sum())]
        return self.rows[chosen]


def _numbers(density: Density, labels: np.ndarray | None, n: int) -> np.ndarray:
    """Give the number that a density has for the class of each row (n,); -1 without a label."""
    if labels is None:
        return np.full(n, -1.0, dtype=np.float32)
    known = {name: number for number, name in enumerate(density.classes_.tolist())}
    return np.array([known.get(label, -1) for label in labels.tolist()], dtype=np.float32)


class Sampling(NamedTuple):
    """What sampling rows needs beside the density.

    Attributes
    ----------
    span : Span
    encoder : str
        SHA-256 of the encoder whose codes the density is one of.
    residuals : Residuals or None
        Of tables, other than of pixels.
    """

    span: Span
    encoder: str
    residuals: Residuals | None = None


def encoder_hash(model: Any) -> str:
    """Hash what makes codes of rows: the encoder's weights, or PCA's arrays."""
    digest = hashlib.sha256()
    arrays = (
        (model.baseline_.mean, model.baseline_.components)
        if model.is_pca_
        else (weight.value for weight in model.encoder_.weights)
    )
    for array in map(np.ascontiguousarray, arrays):
        digest.update(f"{array.dtype}{array.shape}".encode())
        digest.update(array.tobytes())
    return digest.hexdigest()


# --- in a model file ------------------------------------------------------------------------


def parts(model: Any) -> tuple[dict[str, Any] | None, dict[str, np.ndarray]]:
    """Give what a model file holds of a model's density: a part of its manifest, and arrays."""
    density: Density | None = getattr(model, "density_", None)
    if density is None:
        return None, {}
    sampling: Sampling = model.sampling_
    described = {
        **density.config(),
        "rows_of": sampling.span.to_dict(),
        "encoder": sampling.encoder,
    }
    arrays = {**density.arrays(), **sampling.span.arrays()}
    if sampling.residuals is not None:
        arrays |= dict(zip(LEFT, sampling.residuals, strict=True))
    return described, {DENSITY + name: array for name, array in arrays.items()}


def from_parts(
    described: Any, arrays: Mapping[str, np.ndarray], row_shape: tuple[int, ...], k: int
) -> tuple[Density, Sampling]:
    """Make a density and what belongs to it of what `parts` gave.

    Parameters
    ----------
    described : anything
        From the manifest.
    arrays : mapping of str to array
        All arrays of the model file.
    row_shape : tuple of int
    k : int
        Components of a code.

    Raises
    ------
    UnsoundError
        They do not describe a density of such codes.
    """
    own = {
        name.removeprefix(DENSITY): array
        for name, array in arrays.items()
        if name.startswith(DENSITY)
    }
    if not isinstance(described, dict) or not own.keys() >= set(ARRAYS):
        raise UnsoundError("its density is not whole")
    if not isinstance(described.get("encoder"), str):
        raise UnsoundError("its density does not state of which codes it is")
    span = Span.from_parts(described.get("rows_of"), own, row_shape)
    rest = {name: array for name, array in own.items() if name not in (*ARRAYS, *LEFT)}
    try:
        density = rebuilt(described, rest)
    except UnsoundError as error:
        raise UnsoundError(f"its density is unsound: {error}") from error
    if density.n_components_ != k:
        raise UnsoundError(
            f"its density is one of codes of {density.n_components_} components, but its codes "
            f"have {k}"
        )
    return density, Sampling(span, described["encoder"], _residuals(own, row_shape))


def _residuals(own: Mapping[str, np.ndarray], row_shape: tuple[int, ...]) -> Residuals | None:
    if not own.keys() & set(LEFT):
        return None
    found = [own.get(name, np.empty(0)) for name in LEFT]
    shapes = [array.shape for array in found]
    fit = len(found[0]) > 0 and shapes == [(len(found[0]), *row_shape), (len(found[0]),)]
    if not fit or not all(a.dtype == np.float32 and np.isfinite(a).all() for a in found):
        raise UnsoundError("the residuals of its density are not those of its rows")
    return Residuals(*found)
