"""Images without loss, or with no value off by more than a bound.

Every value is coded in raster order by what is known of it: values already coded around it, and,
if there is one, a prediction of the image. A small network of whole numbers makes a location and
a scale of these, which choose a table (`cells`). The rows of a block are coded side by side.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from jamjae.data.archives import UnsoundError
from jamjae.errors import InvalidDataError, ShapeMismatchError
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
    gathered,
    padded_guesses,
    place_of,
)
from jamjae.latent.codec.varints import Cursor

WIDTHS = (32, 16)
BATCH, STEPS, EPOCHS = 4096, (100, 2000), 20
COUNTED = 3_000_000  # values that tables are made of
ERRORS = np.array([0, 0, 0, 0, 1, 2, 4, 8, 16])  # bounds that the network sees in training
MOST_CHANNELS = 16
MOST_VALUES = 1 << 22  # of an image, of which each takes a moment


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
    ) -> Residuals:
        """Learn from images.

        Parameters
        ----------
        rows : uint8 or uint16 array of shape (n, rows, columns) or (n, rows, columns, channels)
        predictions : int array of the same shape, optional
        steps : int, optional
            Of training; by default 20 times through the values, from 100 to 2,000 steps.
        random_state : int

        Raises
        ------
        InvalidDataError
            There are no images, or none of such a type and shape.
        """
        images = _checked(rows)
        bits = max(int(images.max()).bit_length() - 8, 0)
        shape = tuple(images.shape[1:])
        planes = _planes(images, bits)
        guesses = None if predictions is None else _planes(_as_images(predictions, images), bits)
        rng = np.random.RandomState(random_state)
        made = [
            _fitted(Sampler(planes, guesses, at, split=bits > 0), steps, rng)
            for at in range(planes.shape[1])
        ]
        return cls(shape, bits, predictions is not None, tuple(made))

    def encode(
        self, rows: np.ndarray, predictions: np.ndarray | None = None, max_error: int = 0
    ) -> bytes:
        """Encode images.

        Parameters
        ----------
        rows : uint8 or uint16 array of shape (n, *shape)
        predictions : int array of the same shape
            If the coder was fitted with some; the same ones are needed for decoding.
        max_error : int
            By which no value may be off.

        Raises
        ------
        ShapeMismatchError, InvalidDataError
        """
        images = _checked(rows)
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
        planes = _planes(images, self.low_bits)

        def code(plane: Plane, at: _At, step: int) -> np.ndarray:
            return _encoded(encoder, plane, at, planes[:, at.plane, at.row, at.column], step)

        self._run(len(images), predictions, max_error, code)
        return encoder.finish()

    def decode(
        self, data: bytes, n: int, predictions: np.ndarray | None = None, max_error: int = 0
    ) -> np.ndarray:
        """Decode n images.

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

        made = self._run(n, predictions, max_error, code)
        decoder.finish()
        return _joined(made, self.low_bits)

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
        height, width = cursor.numbers(2, 1, MOST_VALUES)
        channels = cursor.number(1, MOST_CHANNELS // 2)
        if height * width * channels > MOST_VALUES:
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
    ) -> np.ndarray:
        """Code every value of every plane in raster order; return planes of shape (n, ...)."""
        height, width, _ = self.shape
        count = len(self.planes)
        if self.predicted != (predictions is not None):
            fitted, used = ("with", "without") if self.predicted else ("without", "with")
            raise InvalidDataError(
                f"The coder of images was fitted {fitted} predictions, and is used {used} them."
            )
        seen = np.zeros((count, height + UP, width + 2 * SIDE, n))
        guesses = None
        if predictions is not None:
            whole = np.asarray(predictions).reshape(n, *self.shape)
            guesses = padded_guesses(_planes(whole, self.low_bits)).transpose(1, 2, 3, 0)
            guesses = np.ascontiguousarray(guesses, np.float64)
        for row, column, plane in self._places():
            error = max_error if not self.low_bits or plane % 2 else 0
            inputs = gathered(seen, guesses, plane, row, column, error)
            outputs = self.planes[plane].network(inputs, *place_of(row, column, height, width))
            base = base_of(
                inputs, column, 0 if self.low_bits else plane, predicted=guesses is not None
            )
            at = _At(plane, row, column, outputs, base)
            seen[plane, row + UP, column + SIDE] = code(self.planes[plane], at, error)
        made = seen[:, UP:, SIDE : SIDE + width]
        return made.transpose(3, 0, 1, 2)

    def _places(self) -> Iterator[tuple[int, int, int]]:
        for row in range(self.shape[0]):
            for column in range(self.shape[1]):
                for plane in range(len(self.planes)):
                    yield row, column, plane


class _At(NamedTuple):
    """A place in the images, and what is known of its values."""

    plane: int
    row: int
    column: int
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


def _fitted(sampler: Sampler, steps: int | None, rng: np.random.RandomState) -> Plane:
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


# --- images and planes ------------------------------------------------------------------------


def _checked(rows: np.ndarray) -> np.ndarray:
    """Give images as an array with channels."""
    given = np.asarray(rows)
    if given.dtype not in (np.uint8, np.uint16) or given.ndim not in (3, 4) or not given.size:
        raise InvalidDataError(
            f"Cannot code an array of shape {given.shape} and dtype {given.dtype} without loss. "
            "Images of 8 or 16 bits, (n, rows, columns) or (n, rows, columns, channels), are "
            "expected."
        )
    images = given if given.ndim == 4 else given[..., None]
    if images.shape[3] > MOST_CHANNELS // 2 or images[0].size > MOST_VALUES:
        raise InvalidDataError(
            f"Cannot code images of shape {images.shape[1:]}: at most {MOST_CHANNELS // 2} "
            f"channels and {MOST_VALUES:,} values are expected."
        )
    return images


def _as_images(predictions: np.ndarray, images: np.ndarray) -> np.ndarray:
    given = np.asarray(predictions)
    if given.size != images.size:
        raise ShapeMismatchError(
            f"Predictions of shape {given.shape} were given for images of shape {images.shape}."
        )
    return np.clip(given.reshape(images.shape), 0, (1 << 16) - 1)


def _planes(images: np.ndarray, low_bits: int) -> np.ndarray:
    """Give channels, each as high and low bits where there are low ones: (n, planes, ...)."""
    planes = np.moveaxis(np.clip(images, 0, (256 << low_bits) - 1), 3, 1)
    if not low_bits:
        return planes.astype(np.uint8)
    halves = np.stack([planes >> low_bits, planes & ((1 << low_bits) - 1)], axis=2)
    return halves.reshape(len(planes), -1, *planes.shape[2:]).astype(np.uint8)


def _joined(planes: np.ndarray, low_bits: int) -> np.ndarray:
    """Reverse `_planes`."""
    if low_bits:
        high, low = planes[:, ::2].astype(np.int64), planes[:, 1::2].astype(np.int64)
        return np.moveaxis((high << low_bits) + low, 1, 3).astype(np.uint16)
    return np.moveaxis(planes, 1, 3).astype(np.uint8)
