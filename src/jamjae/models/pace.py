"""How fast and how long networks learn, where the user leaves it to jamjae."""

from __future__ import annotations

from collections.abc import Sequence

ADAM_RATE = 2e-3  # peak for jamjae's own networks; see benchmarks/fashion_mnist.py
DEEP_RATE = (0.5, 4e-3)  # with several hidden layers: numerator over the width, and maximum
STEPS, EPOCHS = 4000, (20, 300)  # target of epochs="auto", and its bounds
DEEP_STEPS, DEEP_EPOCHS = 5000, (40, 400)  # the same with several hidden layers


def adam_rate(widths: Sequence[int]) -> float:
    """Choose the peak learning rate by the number of hidden layers and their widths."""
    if len(widths) < 2:
        return ADAM_RATE
    over_width, most = DEEP_RATE
    return min(over_width / max(widths), most)


def epochs(asked: int | str, widths: Sequence[int], steps: int) -> int:
    """Give the number of epochs; for "auto", by the steps of one epoch and the hidden layers."""
    if asked != "auto":
        return int(asked)
    aim, (fewest, most) = (DEEP_STEPS, DEEP_EPOCHS) if len(widths) > 1 else (STEPS, EPOCHS)
    return min(max(-(-aim // steps), fewest), most)


def batch_size(asked: int, n: int) -> int:
    """Give the batch size for n rows, reduced for few, since padding is computed as well.

    It is then a power of two, so that few shapes are compiled.
    """
    return min(int(asked), 1 << (n - 1).bit_length())
