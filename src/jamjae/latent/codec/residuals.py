"""Images without loss, or with no value off by more than a bound.

Every value is coded by what is known of it: values already coded around it, and, if there is one,
a prediction of the image. A small network of whole numbers makes a location and a scale of these,
which choose a table (`cells`). The images of a block are coded side by side, in raster order; of
large images the values of a diagonal as well, so that few calls code many values.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from jamjae.data.archives import UnsoundError
from jamjae.errors import InvalidDataError, ShapeMismatchError
from jamjae.latent.codec import planes as pixels
from jamjae.latent.codec import varints
from jamjae.latent.codec.cells import Cells, Counts
from jamjae.latent.codec.entropy import Decoder, Encoder
from jamjae.latent.codec.learning import INPUT, learn
from jamjae.latent.codec.networks import Network
from jamjae.latent.codec.surroundings import (
    AROUND,
    BESIDE,
    PLACES,
    PREDICTED,
    SIDE,
    UP,
    Sampler,
    base_of,
    diagonals,
    gathered,
    gathered_at,
    padded_guesses,
    place_of,
    raster,
)
from jamjae.latent.codec.varints import Cursor

WIDTHS = (32, 16)
BATCH, STEPS, EPOCHS = 4096, (100, 2000), 20
COUNTED = 3_000_000  # values that tables are made of
ERRORS = np.array([0, 0, 0, 0, 1, 2, 4, 8, 16])  # bounds that the network sees in training
LARGE = 1 << 14  # places of an image that is better coded by diagonals
REPORTS = 100  # of what is done, for a block
Report = Callable[[float], object]


class Plane(NamedTuple):
    """How one channel is coded."""

    network: Network
    cells: Cells


@dataclass(frozen=True)
class Residuals:
    """Codes images of 8 or 16 bits.

    Attributes
    ----------
    shape : tuple of three int
        Rows, columns and channels.
    low_bits : int
        Of values of more than 8 bits, which are coded apart: their high bits come first.
    predicted : bool
        Whether a prediction is looked at.
    planes : tuple of Plane
        One for each channel, or two where there are low bits.

    Examples
    --------
    >>> import numpy as np
    >>> images = np.random.RandomState(0).randint(0, 9, (50, 8, 8), dtype=np.uint8)
    >>> coder = Residuals.fit(images, steps=20)
    >>> data = coder.encode(images)
    >>> bool((coder.decode(data, 50) == images.reshape(50, 8, 8, 1)).all())
    True
    """

    shape: tuple[int, int, int]
    low_bits: int
    predicted: bool
    planes: tuple[Plane, ...]

    @classmethod
    def fit(
        cls,
        rows: np.ndarray,
        predictions: np.ndarray | None = None,
        *,
        steps: int | None = None,
        random_state: int = 0,
        report: Report = lambda _: None,
    ) -> Residuals:
        """Learn from images.

        Parameters
        ----------
        rows : uint8 or uint16 array of shape (n, rows, columns) or (n, rows, columns, channels)
        predictions : int array of the same shape, optional
        steps : int, optional
            Of training; by default 20 times through the values, from 100 to 2,000 steps.
        random_state : int
        report : callable
            Is called with the share that is done, from 0 to 1, after each step.

        Raises
        ------
        InvalidDataError
            There are no images, or none of such a type and shape.
        """
        images = pixels.checked(rows)
        bits = max(int(images.max()).bit_length() - 8, 0)
        shape = tuple(images.shape[1:])
        planes = pixels.split(images, bits)
        guesses = (
            None
            if predictions is None
            else pixels.split(pixels.as_images(predictions, images), bits)
        )
        rng = np.random.RandomState(random_state)
        count = planes.shape[1]

        def fitted(at: int) -> Plane:
            sampler = Sampler(planes, guesses, at, split=bits > 0)
            return _fitted(sampler, steps, rng, lambda share: report((at + share) / count))

        made = [fitted(at) for at in range(count)]
        return cls(shape, bits, predictions is not None, tuple(made))

    def encode(
        self,
        rows: np.ndarray,
        predictions: np.ndarray | None = None,
        max_error: int = 0,
        *,
        by_diagonals: bool = False,
        report: Report = lambda _: None,
    ) -> bytes:
        """Encode images.

        Parameters
        ----------
        rows : uint8 or uint16 array of shape (n, *shape)
        predictions : int array of the same shape
            If the coder was fitted with some; the same ones are needed for decoding.
        max_error : int
            By which no value may be off.
        by_diagonals : bool
            The order of values; see `is_large`. Predictions are for raster order alone.
        report : callable
            Is called with the share that is done, from 0 to 1, some hundred times.

        Raises
        ------
        ShapeMismatchError, InvalidDataError
        """
        images = pixels.checked(rows)
        if images.shape[1:] != self.shape:
            raise ShapeMismatchError(
                f"Cannot encode images of shape {images.shape[1:]}: the coder was fitted to "
                f"{self.shape}."
            )
        largest = (self.planes[0].cells.levels << self.low_bits) - 1
        if int(images.max()) > largest:
            raise InvalidDataError(
                f"Cannot encode values up to {images.max():,} without loss: the coder was fitted "
                f"to values up to {largest:,}. Fit one to such images."
            )
        encoder = Encoder()
        planes = pixels.split(images, self.low_bits)

        def code(plane: Plane, at: _At, step: int) -> np.ndarray:
            values = planes[:, at.plane, at.row, at.column].T.ravel()
            return _encoded(encoder, plane, at, values, step)

        given = (len(images), predictions, max_error, code)
        self._run(*given, by_diagonals=by_diagonals, report=report)
        return encoder.finish()

    def decode(
        self,
        data: bytes,
        n: int,
        predictions: np.ndarray | None = None,
        max_error: int = 0,
        *,
        by_diagonals: bool = False,
        report: Report = lambda _: None,
    ) -> np.ndarray:
        """Decode n images; parameters as of `encode`.

        Returns
        -------
        uint8 or uint16 array of shape (n, rows, columns, channels)

        Raises
        ------
        DataFormatError
        """
        decoder = Decoder(data)

        def code(plane: Plane, at: _At, step: int) -> np.ndarray:
            return _decoded(decoder, plane, at, step)

        given = (n, predictions, max_error, code)
        made = self._run(*given, by_diagonals=by_diagonals, report=report)
        decoder.finish()
        return pixels.joined(made, self.low_bits)

    def to_bytes(self) -> bytes:
        """Write it: the shape, the number of low bits, whether predictions are needed, planes."""
        head = varints.write(*self.shape, self.low_bits, int(self.predicted), len(self.planes))
        return head + b"".join(
            plane.network.to_bytes() + plane.cells.to_bytes() for plane in self.planes
        )

    @classmethod
    def from_bytes(cls, content: bytes) -> Residuals:
        """Read what `to_bytes` wrote.

        Raises
        ------
        UnsoundError
        """
        cursor = Cursor(content, "its coder of images")
        height, width = cursor.numbers(2, 1, pixels.MOST_VALUES)
        channels = cursor.number(1, pixels.MOST_CHANNELS // 2)
        if height * width * channels > pixels.MOST_VALUES:
            raise UnsoundError("its coder of images: the images are too large")
        bits, predicted = cursor.number(0, 8), bool(cursor.number(0, 1))
        count = channels * (2 if bits else 1)
        cursor.number(count, count)
        planes = tuple(Plane(Network.read(cursor), Cells.read(cursor)) for _ in range(count))
        cursor.end()
        expected = len(AROUND) + len(BESIDE) * (count - 1) + len(PREDICTED) * predicted + 1
        sides = tuple(min(side, PLACES) for side in (height, width))
        for network, cells in planes:
            inputs = network.weights[0].shape[1], len(network.weights[2])
            if inputs != (expected, 3) or tuple(map(len, network.places)) != sides:
                raise UnsoundError("its coder of images: a network does not suit the images")
            if cells.levels > 256:
                raise UnsoundError("its coder of images: too many levels")
        return cls((height, width, channels), bits, predicted, planes)

    def _run(
        self,
        n: int,
        predictions: np.ndarray | None,
        max_error: int,
        code: Callable[[Plane, _At, int], np.ndarray],
        *,
        by_diagonals: bool,
        report: Report,
    ) -> np.ndarray:
        """Code every value of every plane in its order; return planes of shape (n, ...)."""
        height, width, _ = self.shape
        count = len(self.planes)
        if self.predicted != (predictions is not None):
            fitted, used = ("with", "without") if self.predicted else ("without", "with")
            raise InvalidDataError(
                f"The coder of images was fitted {fitted} predictions, and is used {used} them."
            )
        kind = np.uint8 if by_diagonals else np.float64
        seen = np.zeros((count, height + UP, width + 2 * SIDE, n), kind)
        guesses = None
        if predictions is not None:
            whole = np.asarray(predictions).reshape(n, *self.shape)
            guesses = padded_guesses(pixels.split(whole, self.low_bits)).transpose(1, 2, 3, 0)
            guesses = np.ascontiguousarray(guesses, np.float64)
        order = diagonals if by_diagonals else raster
        gather = partial(gathered_at, seen) if by_diagonals else partial(gathered, seen, guesses)
        done, reported = 0, 0
        for row, column in order(height, width):
            rows, columns = (
                [np.repeat(at, n) for at in (row, column)] if by_diagonals else (row, column)
            )
            place = place_of(rows, columns, height, width)
            for plane in range(count):
                error = max_error if not self.low_bits or plane % 2 else 0
                inputs = gather(plane, row, column, error)
                outputs = self.planes[plane].network(inputs, *place)
                beside = 0 if self.low_bits else plane
                base = base_of(inputs, columns, beside, predicted=guesses is not None)
                made = code(self.planes[plane], _At(plane, row, column, outputs, base), error)
                seen[plane, row + UP, column + SIDE] = made.reshape(*np.shape(row), n)
            done += np.size(row)
            if REPORTS * done // (height * width) > reported:
                reported = REPORTS * done // (height * width)
                report(reported / REPORTS)
        made = seen[:, UP:, SIDE : SIDE + width]
        return made.transpose(3, 0, 1, 2)


def is_large(row_shape: tuple[int, ...]) -> bool:
    """Whether images of a shape are coded by diagonals."""
    return row_shape[0] * row_shape[1] >= LARGE


class _At(NamedTuple):
    """A place in the images, or those of a diagonal, and what is known of their values."""

    plane: int
    row: Any
    column: Any
    outputs: np.ndarray
    base: np.ndarray


def _encoded(encoder: Encoder, plane: Plane, at: _At, values: np.ndarray, error: int) -> np.ndarray:
    """Encode the values of one place, and return what the decoder will see."""
    cells = plane.cells
    values = values.astype(np.int64)
    other = np.abs(values - cells.usual) > error
    encoder.column(cells.tables, cells.flags(at.outputs), other.astype(np.int64))
    made = np.full(len(values), cells.usual, np.int64)
    if other.any():
        table, middle = cells.values(at.outputs[:, other], at.base[other])
        step = 2 * error + 1
        steps = (values[other] - middle + error) // step
        encoder.column(plane.cells.coarser(error), table, steps)
        made[other] = np.clip(middle + step * steps, 0, cells.levels - 1)
    return made


def _decoded(decoder: Decoder, plane: Plane, at: _At, error: int) -> np.ndarray:
    """Decode the values of one place."""
    cells = plane.cells
    other = decoder.column(cells.tables, cells.flags(at.outputs)) != 0
    made = np.full(len(other), cells.usual, np.int64)
    if other.any():
        table, middle = cells.values(at.outputs[:, other], at.base[other])
        steps = decoder.column(cells.coarser(error), table)
        made[other] = np.clip(middle + (2 * error + 1) * steps, 0, cells.levels - 1)
    return made


# --- learning ---------------------------------------------------------------------------------


def _fitted(
    sampler: Sampler, steps: int | None, rng: np.random.RandomState, report: Report
) -> Plane:
    """Learn how one plane is coded."""
    if steps is None:
        steps = int(np.clip(EPOCHS * sampler.size // BATCH, *STEPS))
    learned = learn(
        lambda rng: sampler.draw(rng, BATCH, int(rng.choice(ERRORS))),
        sampler.places,
        WIDTHS,
        usual=sampler.usual,
        largest=sampler.levels - 1,
        steps=steps,
        rng=rng,
        report=report,
    )
    first, *others = learned.weights
    network = Network.rounded([first / INPUT, *others], learned.biases, learned.places)
    counts = Counts(sampler.levels, sampler.usual)
    total = min(COUNTED, 10 * sampler.size)
    for _ in range(max(total // (8 * BATCH), 1)):
        batch = sampler.draw(rng, 8 * BATCH, 0)
        outputs = network(batch.inputs, *batch.place.T)
        counts.add(outputs, batch.base, batch.values)
    return Plane(network, counts.cells())
