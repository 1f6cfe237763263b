"""How much memory this process may still take, and arrays that give theirs back."""

from __future__ import annotations

import math
import mmap
import os
from pathlib import Path
from typing import Any

import numpy as np

MEMINFO = Path("/proc/meminfo")
GROUP = Path("/sys/fs/cgroup")  # of a container, whose limit may be below the machine's memory
# of the available memory: rows that take more are read piece by piece; images, which take time to
# be decoded again and are held only once, from more on
SHARE, IMAGE_SHARE = 0.25, 0.5
LARGE = 1 << 20  # bytes from which an array's memory comes from the system, not the C library


def empty(shape: tuple[int, ...], dtype: Any) -> np.ndarray:
    """Give an array whose memory, if large, goes back to the system when it is no longer used.

    The C library keeps much of what such arrays leave, in each thread, where they come and go as
    pieces of a file do. Memory of the system is aligned too, so that JAX need not copy it.
    """
    needed = math.prod(shape) * np.dtype(dtype).itemsize
    if needed < LARGE:
        return np.empty(shape, dtype)
    held = mmap.mmap(-1, needed, access=mmap.ACCESS_COPY)
    return np.frombuffer(held, dtype).reshape(shape)


def size(count: int) -> str:
    """Write a number of bytes."""
    return f"{count / 1e9:.3g} GB" if count >= 1e7 else f"{count / 1e6:.2g} MB"


def is_large(needed: int, share: float = SHARE) -> bool:
    """Whether bytes exceed a share of the memory that is available."""
    there = available()
    return there is not None and needed > share * there


def available() -> int | None:
    """Give the bytes of memory that are available without swapping, None if unknown."""
    found = [bytes_ for bytes_ in (_of_machine(), _of_container()) if bytes_ is not None]
    return min(found, default=None)


def _of_machine() -> int | None:
    try:
        lines = MEMINFO.read_text(encoding="ascii").splitlines()
        return next(int(line.split()[1]) << 10 for line in lines if line.startswith("MemAvailable"))
    except (OSError, ValueError, StopIteration):  # not Linux
        pass
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return None


def _of_container() -> int | None:
    try:
        limit, used = (
            int((GROUP / f"memory.{name}").read_text(encoding="ascii"))
            for name in ("max", "current")
        )
    except (OSError, ValueError):  # no container, or none with a limit: "max"
        return None
    return max(limit - used, 0)
