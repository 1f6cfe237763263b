"""Compiled functions that threads, forks, Ctrl-C and long-running processes may meet.

`compiled_few` is ``jax.jit`` for functions that are called with ever new shapes: one thread traces
at a time, what was compiled for other shapes is given up once there is much of it, and an interrupt
waits until the compiler is done (it may crash the process otherwise).
"""

from __future__ import annotations

import gc
import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any

import jax

from jamjae.errors import BackendError

SHAPES = 24  # kept a function; each holds some 200 memory maps and up to 12 MB
PROGRAMS = 256  # compiled in a process until JAX's own caches are cleared
_tracing = threading.RLock()
_process = {"used": False, "forked": False, "programs": 0, "generation": 0}


def require_own_process() -> None:
    """Refuse to use JAX in a process that was forked from one that used it: it would hang.

    Raises
    ------
    BackendError
    """
    if _process["forked"]:
        raise BackendError(
            "This process was forked from one in which JAX had run, where JAX waits forever for "
            "threads that were not copied. Start workers afresh: "
            'multiprocessing.get_context("spawn"), or joblib with its "loky" backend.'
        )
    _process["used"] = True


def _after_fork() -> None:
    _process["forked"] = _process["forked"] or _process["used"]


os.register_at_fork(after_in_child=_after_fork)


def compiled_few(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile a function of arrays, for few shapes at a time."""
    jitted: Any = jax.jit(function)
    seen: set[Any] = set()
    generation = 0

    @wraps(function)
    def call(*arguments: Any) -> Any:
        nonlocal generation
        shapes = tuple((leaf.shape, leaf.dtype) for leaf in jax.tree.leaves(arguments) if _is(leaf))
        if shapes in seen and generation == _process["generation"]:
            return jitted(*arguments)
        require_own_process()
        with _tracing, _uninterrupted():
            if generation != _process["generation"] or len(seen) >= SHAPES:
                jitted.clear_cache()
                seen.clear()
                generation = _process["generation"]
            result = jitted(*arguments)
            seen.add(shapes)
            _count()
        return result

    return call


def _is(leaf: Any) -> bool:
    return hasattr(leaf, "shape")


def _count() -> None:
    """Give up all compiled code once there is much of it: JAX keeps more than it is asked to."""
    _process["programs"] += 1
    if _process["programs"] % PROGRAMS == 0:
        _process["generation"] += 1
        jax.clear_caches()  # type: ignore[no-untyped-call]
        gc.collect()


@contextmanager
def _uninterrupted() -> Iterator[None]:
    """Handle Ctrl-C only after the block."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    heard: list[Any] = []
    before = signal.signal(signal.SIGINT, lambda *event: heard.append(event))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
        if heard and callable(before):
            before(*heard[-1])
