"""What decoding needs of a codec, as few bytes: the part that a compressed file can hold.

Whole numbers and powers of two throughout: what is read is what was written, to the last bit. The
encoder is left out, as a file of compressed rows has no use for it.
"""

from __future__ import annotations

import itertools
import json
import math
import zlib
from typing import Any, NamedTuple, Self

import joblib
import keras
import numpy as np

from jamjae.data.archives import UnsoundError, parsed
from jamjae.data.preprocessing import PIXELS, Scaling
from jamjae.data.table_encoder import TableEncoder
from jamjae.engine import architectures
from jamjae.latent.codec import Tables, varints, weights
from jamjae.latent.codec.prior import Prior, Step
from jamjae.latent.codec.tables import inflated
from jamjae.latent.codec.varints import Cursor
from jamjae.latent.codec.weights import Matrix
from jamjae.models.model_file import DTYPES

WHAT = "its codec"
MOST_JSON, MOST_VALUES, MOST_WIDTH = 16 << 20, 1 << 24, 1 << 14
MOST_LAYERS = 16


class Content(NamedTuple):
    """A decoder, how codes are coded, and how rows are made of its output.

    Attributes
    ----------
    decoder : keras.Model
    places : tuple of int
        Binary places of the arrays of its weights.
    prior : Prior
    tables : Tables
    step : float
        Of quantization, in the units of the data.
    scaling : Scaling
    row_shape : tuple of int
    dtype : str
    table_encoder : TableEncoder or None
    notes : dict
        What else a codec knows, for JSON: names, and what it reached.
    """

    decoder: keras.Model
    places: tuple[int, ...]
    prior: Prior
    tables: Tables
    step: float
    scaling: Scaling
    row_shape: tuple[int, ...]
    dtype: str
    table_encoder: TableEncoder | None
    notes: dict[str, Any]

    def key(self) -> str:
        """Give a hash of all parts: of equal ones `to_bytes` gives equal bytes."""
        weights = self.decoder.get_weights()
        parts = (weights, self.places, self.prior, self.tables, self.scaling.offset)
        return str(joblib.hash((*parts, self._described())))

    def to_bytes(self) -> bytes:
        """Write all of it."""
        described = json.dumps(self._described(), sort_keys=True).encode()
        matrices = [
            Matrix(np.rint(np.asarray(one, np.float64) * 2.0**places), places)
            for one, places in zip(self.decoder.get_weights(), self.places, strict=True)
        ]
        offset = np.ravel(np.asarray(self.scaling.offset, np.float64)).tobytes()
        parts = [
            zlib.compress(described, 9),
            self.tables.to_bytes(),
            self.prior.to_bytes(),
            weights.pack(matrices),
            zlib.compress(offset, 9),
        ]
        return varints.write(len(described), *map(len, parts)) + b"".join(parts)

    @classmethod
    def from_bytes(cls, given: bytes) -> Self:
        """Read what `to_bytes` wrote; no code in it is run, and memory is bounded.

        Raises
        ------
        UnsoundError
            It is damaged, or contradicts itself.
        """
        cursor = Cursor(given, WHAT)
        size = cursor.number(2, MOST_JSON)
        lengths = cursor.numbers(5)
        described, tables, prior, matrices, offset = (cursor.take(length) for length in lengths)
        cursor.end()
        facts = _Facts.of(parsed(inflated(described, size, WHAT)))
        learned = Prior.from_cursor(Cursor(prior, WHAT))._replace(step=Step(*facts.step_ratio))
        if learned.n_components != facts.n_components:
            raise UnsoundError(f"{WHAT}: its prior is one of other codes")
        decoder = facts.decoder(len(matrices))
        shapes = [tuple(weight.shape) for weight in decoder.weights]
        found = weights.unpack(Cursor(matrices, WHAT), shapes)
        decoder.set_weights([one.weights.astype(np.float32) for one in found])
        return cls(
            decoder,
            tuple(one.places for one in found),
            learned,
            Tables.from_bytes(tables),
            facts.step,
            facts.scaling_of(offset),
            facts.row_shape,
            facts.dtype,
            facts.encoder,
            facts.notes,
        )

    def _described(self) -> dict[str, Any]:
        low, high = self.scaling.low, self.scaling.high
        return {
            "row_shape": list(self.row_shape),
            "dtype": self.dtype,
            "network": architectures.decoder_network(self.decoder),
            "n_components": self.prior.n_components,
            "step": self.step,
            "step_ratio": list(self.prior.step),
            "scale": self.scaling.scale,
            "range": [low, high] if math.isfinite(low) else None,
            "centered": bool(np.ndim(self.scaling.offset)),
            "table_encoder": None if self.table_encoder is None else self.table_encoder.to_dict(),
            "notes": self.notes,
        }


class _Facts(NamedTuple):
    """What the description of a content says, checked."""

    row_shape: tuple[int, ...]
    dtype: str
    network: str | tuple[int, ...]
    n_components: int
    step: float
    step_ratio: tuple[int, int]
    scale: float
    range: tuple[float, float] | None
    centered: bool
    encoder: TableEncoder | None
    notes: dict[str, Any]

    @classmethod
    def of(cls, given: Any) -> Self:
        try:
            facts = cls._of(given)
        except (KeyError, TypeError, AttributeError) as error:
            raise UnsoundError(f"{WHAT}: a fact is missing or of a wrong type ({error})") from error
        facts.require()
        return facts

    @classmethod
    def _of(cls, given: Any) -> Self:
        network, limits, encoder = given["network"], given["range"], given["table_encoder"]
        return cls(
            tuple(given["row_shape"]),
            given["dtype"],
            network if isinstance(network, str) else tuple(network),
            given["n_components"],
            float(given["step"]),
            tuple(given["step_ratio"]),
            float(given["scale"]),
            None if limits is None else (float(limits[0]), float(limits[1])),
            given["centered"],
            None if encoder is None else TableEncoder.from_dict(encoder),
            dict(given["notes"]),
        )

    def require(self) -> None:
        """Refuse sizes and numbers that no codec has."""
        counts = [*self.row_shape, self.n_components]
        widths = () if isinstance(self.network, str) else self.network
        numbers = [*counts, *widths, *self.step_ratio]
        right = (
            all(type(number) is int for number in numbers)
            and min(counts) > 0
            and all(0 < width <= MOST_WIDTH for width in widths)
            and math.prod(self.row_shape) <= MOST_VALUES
            and len(self.row_shape) <= 3
            and len(self.step_ratio) == 2
            and Step.is_sound(*self.step_ratio)
            and self.dtype in DTYPES
            and (self.dtype in PIXELS) == (self.range is not None)
            and (self.network == "conv" or not isinstance(self.network, str))
            and len(widths) <= MOST_LAYERS
            and all(math.isfinite(one) and one > 0 for one in (self.step, self.scale))
        )
        if not right:
            raise UnsoundError(f"{WHAT}: its sizes or values are invalid for a codec")
        if self.encoder is not None:
            width = len(self.encoder.get_feature_names_out())
            if (width,) != self.row_shape:
                raise UnsoundError(f"{WHAT}: its table encoder gives other rows")

    def decoder(self, stored: int) -> keras.Model:
        """Build the network, if so many bytes can hold its weights."""
        d, k = math.prod(self.row_shape), self.n_components
        hidden = () if isinstance(self.network, str) else self.network
        sizes = [k, *hidden, d]
        count = k * d + sum(a * b for a, b in itertools.pairwise(sizes))
        if count > weights.MOST_PER_BYTE * (stored + 1024):
            raise UnsoundError(f"{WHAT}: {count:,} weights do not fit into {stored:,} bytes")
        if not isinstance(self.network, str):  # its widths run from the code to the data
            return architectures.dense(self.row_shape, k, hidden[::-1], anchored=True).decoder
        if len(self.row_shape) < 2:
            raise UnsoundError(f"{WHAT}: a convolutional network of rows that are no images")
        return architectures.convolutional(self.row_shape, k, anchored=True).decoder

    def scaling_of(self, offset: bytes) -> Scaling:
        """Read the offset of the scaling."""
        count = math.prod(self.row_shape) if self.centered else 1
        values = np.frombuffer(inflated(offset, 8 * count, WHAT), np.float64)
        if not np.isfinite(values).all():
            raise UnsoundError(f"{WHAT}: its offset holds NaN or infinity")
        kind = np.float64 if self.dtype == "float64" else np.float32
        shaped = values.reshape(self.row_shape).astype(kind) if self.centered else float(values[0])
        return Scaling(shaped, self.scale, *(self.range or (-math.inf, math.inf)))
