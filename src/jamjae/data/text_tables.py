"""Tables as text, for terminals: the one place that lays them out, by Rich."""

from __future__ import annotations

import io
from collections.abc import Sequence

GAP = 2  # columns of a terminal between two of a table
ENDLESS = 100_000  # columns: cells are never wrapped, callers choose what fits


def text_table(head: Sequence[str], rows: Sequence[Sequence[str]], *, left: int = 1) -> str:
    """Align cells below their headings, with a rule between.

    Parameters
    ----------
    head : sequence of str
        One heading per column; if all are empty, neither they nor the rule are shown.
    rows : sequence of sequence of str
        As many cells each. Wide characters (Hangul) count as two columns.
    left : int, default=1
        How many of the first columns are aligned to the left; the others are aligned to the right.

    Returns
    -------
    str
        Lines without trailing spaces.

    Examples
    --------
    >>> print(text_table(["", "MSE"], [["PCA", "0.0123"], ["jamjae", "0.007"]]))
               MSE
    --------------
    PCA     0.0123
    jamjae   0.007
    """
    from rich.box import Box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    rule = Box("    \n    \n -- \n" + "    \n" * 5, ascii=True)
    made = Table(
        box=rule,
        show_header=any(head),
        show_edge=False,
        pad_edge=False,
        padding=(0, 1),
        collapse_padding=True,
    )
    for place, heading in enumerate(head):
        made.add_column(Text(heading), justify="left" if place < left else "right", no_wrap=True)
    for row in rows:
        made.add_row(*map(Text, row))
    written = io.StringIO()
    Console(file=written, width=ENDLESS, color_system=None, force_jupyter=False).print(made)
    return "\n".join(line.rstrip() for line in written.getvalue().splitlines())


def text_width(text: str) -> int:
    """Return how many columns of a terminal a text takes.

    Examples
    --------
    >>> text_width("latent"), text_width("잠재")
    (6, 4)
    """
    from rich.cells import cell_len

    return cell_len(text)


def number(value: float) -> str:
    """Write a value with three digits, without an exponent where it is of usual size."""
    import numpy as np

    text = f"{value:.3g}"
    if not 1e-4 <= abs(value) < 1e7:  # zero, too
        return text
    return np.format_float_positional(float(text), trim="-")
