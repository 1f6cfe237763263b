"""What is known of a value when it is coded: those around it, and a prediction."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from jamjae.latent.codec.learning import Batch

UP, SIDE = 3, 3  # rows above and columns beside a value that are looked at
AROUND = (*((0, -d) for d in (3, 2, 1)), *((-1, d) for d in range(-3, 4)))
AROUND += (*((-2, d) for d in range(-2, 3)), *((-3, d) for d in range(-1, 2)))
LEFT, ABOVE = AROUND.index((0, -1)), AROUND.index((-1, 0))
BESIDE = ((0, 0), (0, -1), (-1, 0), (-1, -1))  # in the other channels
PREDICTED = tuple((a, b) for a in (-1, 0, 1) for b in (-1, 0, 1))
PLACES = 28  # rows and columns with a bias of their own, at most
SLOPE = SIDE + 1  # columns by which a row follows the one above, so that all around is known
BAND = 128  # rows that follow each other; the next ones begin anew


class Sampler:
    """Draws values of a plane with what is known of them when they are coded."""

    def __init__(
        self, planes: np.ndarray, guesses: np.ndarray | None, at: int, *, split: bool
    ) -> None:
        self._from = 0 if split else at  # low bits do not change as high ones do
        n, self._count, self._height, self._width = planes.shape
        self._at = at
        self._seen = np.zeros(
            (n, self._count, self._height + UP, self._width + 2 * SIDE), planes.dtype
        )
        self._seen[:, :, UP:, SIDE : SIDE + self._width] = planes
        self._guesses = None if guesses is None else padded_guesses(guesses)
        values, counts = np.unique(planes[:, at], return_counts=True)
        self.usual, self.levels = int(values[counts.argmax()]), max(int(values[-1]) + 1, 2)
        self.levels = 256 if self.levels > 128 else self.levels
        self.places = (min(self._height, PLACES), min(self._width, PLACES))

    @property
    def size(self) -> int:
        """Number of values of the plane."""
        return len(self._seen) * self._height * self._width

    def draw(self, rng: np.random.RandomState, count: int, error: int) -> Batch:
        """Draw values, of images that were coded with some error."""
        image = rng.randint(len(self._seen), size=count)
        row, column = rng.randint(self._height, size=count), rng.randint(self._width, size=count)
        parts = [self._of(self._at, AROUND, image, row, column)]
        for other in range(self._count):
            if other != self._at:
                beside = self._of(other, BESIDE, image, row, column)
                beside[0] *= other < self._at  # the others are not known yet
                parts.append(beside)
        if error:
            noise = rng.randint(-error, error + 1, parts[0].shape)
            parts[0] = np.clip(parts[0] + noise, 0, self.levels - 1)
        if self._guesses is not None:
            down, right = np.array(PREDICTED).T + 1
            parts.append(
                self._guesses[image, self._at, row + down[:, None], column + right[:, None]]
            )
        parts.append(np.full((1, count), error))
        inputs = np.concatenate(parts).astype(np.float64)
        values = self._seen[image, self._at, row + UP, column + SIDE].astype(np.int64)
        place = np.stack(place_of(row, column, self._height, self._width), axis=1)
        return Batch(
            inputs,
            place,
            base_of(inputs, column, self._from, predicted=self._guesses is not None),
            values,
        )

    def _of(
        self, plane: int, offsets: Any, image: np.ndarray, row: np.ndarray, column: np.ndarray
    ) -> np.ndarray:
        down, right = np.array(offsets).T
        _, count, height, width = self._seen.shape
        first = ((image * count + plane) * height + row + UP) * width + column + SIDE
        found = self._seen.reshape(-1).take(first + (down * width + right)[:, None])
        return found.astype(np.float64)


def gathered(
    seen: np.ndarray, guesses: np.ndarray | None, plane: int, row: int, column: int, error: int
) -> np.ndarray:
    """Gather the inputs of the network, in the order in which `Sampler` draws them."""
    here = seen[plane]
    parts = [
        here[row + UP, column : column + 3],
        here[row + UP - 1, column : column + 7],
        here[row + UP - 2, column + 1 : column + 6],
        here[row + UP - 3, column + 2 : column + 5],
    ]
    for other in range(len(seen)):
        if other != plane:
            parts += [
                seen[other, row + UP + down, column + SIDE + right][None] for down, right in BESIDE
            ]
    if guesses is not None:
        parts.append(guesses[plane, row : row + 3, column : column + 3].reshape(9, -1))
    parts.append(np.full((1, seen.shape[-1]), float(error)))
    return np.concatenate(parts)


def gathered_at(
    seen: np.ndarray, plane: int, rows: np.ndarray, columns: np.ndarray, error: int
) -> np.ndarray:
    """Gather, as `gathered` does, the inputs of places (m,) of n images, in one row of m * n."""
    parts = [_around(seen[plane], AROUND, rows, columns)]
    parts += [
        _around(seen[other], BESIDE, rows, columns) for other in range(len(seen)) if other != plane
    ]
    parts.append(np.full((1, len(rows), seen.shape[-1]), float(error)))
    whole = np.concatenate(parts)
    return whole.reshape(len(whole), -1)


def _around(seen: np.ndarray, offsets: Any, rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
    down, right = np.array(offsets).T[..., None]
    return seen[rows + UP + down, columns + SIDE + right]


def raster(height: int, width: int) -> Iterator[tuple[Any, Any]]:
    """Give the places of an image one by one."""
    for row in range(height):
        for column in range(width):
            yield row, column


def diagonals(height: int, width: int) -> Iterator[tuple[Any, Any]]:
    """Give the places of an image such that those around each are given before it.

    Each row of a band follows four columns behind the one above, and all bands run side by side.
    What lies above the first row of a band is not known when it is coded.
    """
    rows = np.arange(height)
    late = SLOPE * (rows % BAND)
    for step in range(width + SLOPE * (min(height, BAND) - 1)):
        columns = step - late
        some = (columns >= 0) & (columns < width)
        yield rows[some], columns[some]


def base_of(inputs: np.ndarray, column: Any, plane: int, *, predicted: bool) -> np.ndarray:
    """Give the value that a location is counted from.

    It is the prediction where there is one, and else the value to the left (above in the first
    column), to which is added what the channel before changes by.
    """
    if predicted:
        return inputs[-1 - len(PREDICTED) // 2 - 1]
    left, above = inputs[LEFT], inputs[ABOVE]
    if plane:
        beside = inputs[len(AROUND) + len(BESIDE) * (plane - 1) :]
        left, above = left + (beside[0] - beside[1]), above + (beside[0] - beside[2])
    if isinstance(column, np.ndarray):
        return np.where(column > 0, left, above)
    return left if column else above


def place_of(row: Any, column: Any, height: int, width: int) -> tuple[Any, Any]:
    """Give the places of the network that stand for a row and a column."""
    return row * min(height, PLACES) // height, column * min(width, PLACES) // width


def padded_guesses(guesses: np.ndarray) -> np.ndarray:
    """Repeat the edges of predictions of shape (n, planes, rows, columns)."""
    return np.pad(guesses, ((0, 0), (0, 0), (1, 1), (1, 1)), mode="edge")
