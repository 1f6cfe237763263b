"""The columns of an encoded table in their own units, for a page that decodes them.

`page/units.js` makes values of encoded ones as `TableEncoder.inverse_transform` does.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import numpy as np

from jamjae.data.column_codecs import UNIT, Categories, Codec, Measure
from jamjae.data.table_encoder import TableEncoder

DECIMALS = 6  # at most, that values of a column have in common
PER_MILLISECOND = {"s": 1e-3, "ms": 1.0, "us": 1e3, "ns": 1e6}  # units of times
DAY = 86_400_000  # milliseconds


def described(
    encoder: TableEncoder | None, rows: np.ndarray, names: Sequence[str] = ()
) -> list[dict[str, Any]] | None:
    """Describe each column of a table, given encoded rows (n, d); None without an encoder.

    Names of the encoded columns are those of the columns, where the encoder was given none.
    """
    if encoder is None:
        return None
    named, found, start = hasattr(encoder, "feature_names_in_"), [], 0
    for place, codec in enumerate(encoder.codecs_):
        unnamed = names[start] if len(names) else f"x{place + 1}"
        about = {"name": codec.name if named else unnamed, "start": start}
        found.append(about | _column(codec, rows[:, start]))
        start += codec.width
    return found


def _column(codec: Codec, encoded: np.ndarray) -> dict[str, Any]:
    if isinstance(codec, Categories):
        names = [str(name) for name in codec.categories]
        return {"kind": "categories", "names": names, "means": codec.means, "scale": codec.scale}
    assert isinstance(codec, Measure)  # noqa: S101 - there are two codecs
    about = {"kind": codec.kind, "mean": codec.mean, "deviation": codec.deviation}
    if codec.kind == "booleans":
        return about
    if not codec.step:
        return about | {"decimals": _decimals(encoded * codec.deviation + codec.mean)}
    return about | _steps(codec)


def _steps(codec: Measure) -> dict[str, Any]:
    """Give steps in the column's unit, or milliseconds, and the counts that its type holds."""
    times = codec.kind in ("dates", "durations")
    unit = UNIT.search(codec.dtype)
    per = PER_MILLISECOND[unit.group(1)] if times and unit else 1.0
    origin, step = codec.origin / per, codec.step / per
    return {
        "origin": origin,
        "step": step,
        "least": float(codec.counts.start),
        "most": float(codec.counts.stop - 1),
        "days": times and origin % DAY == 0 and step % DAY == 0,
        "zone": bool(re.search(r"\[\w+, ", codec.dtype)),
    }


def _decimals(values: np.ndarray) -> int | None:
    """Count the decimals that are enough for all values; None if those are many."""
    for places in range(DECIMALS + 1):
        if np.allclose(values, np.round(values, places), rtol=1e-7, atol=1e-9):
            return places
    return None


def features(
    table: list[dict[str, Any]], rows: np.ndarray
) -> list[tuple[str, np.ndarray, tuple[str, ...]]]:
    """Give each column's name, its values for rows (n, d), and its classes if it has any."""
    found: list[tuple[str, np.ndarray, tuple[str, ...]]] = []
    for column in table:
        start = column["start"]
        if column["kind"] == "categories":
            part = rows[:, start : start + len(column["names"])]
            likely = part * column["scale"] + np.array(column["means"])
            found.append((column["name"], likely.argmax(axis=1), tuple(column["names"])))
        elif column["kind"] == "booleans":
            true = rows[:, start] * column["deviation"] + column["mean"] >= 0.5
            found.append((column["name"], true.astype(int), ("False", "True")))
        else:
            found.append((column["name"], rows[:, start], ()))
    return found
