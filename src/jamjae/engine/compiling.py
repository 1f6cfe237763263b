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

SHAPES = 16  # kept a function; each holds some 200 memory maps and up to 12 MB
PROGRAMS = 128  # compiled in a process until JAX's own caches are cleared
_tracing = threading.RLock()
_process = {"used": False, "forked": False, "programs": 0}


def require_own_process() -> None:
    """Refuse to use JAX in a process that was forked from one that used it: it would hang.

    Raises
    ------
    BackendError
    """
    if _process["forked"]:
        raise BackendError(
            "This process was forked from one in which JAX had run, where JAX would wait forever "
            "for threads that do not exist. Start workers without fork: "
            'multiprocessing.get_context("spawn"), or joblib with its "loky" backend.'
        )
    _process["used"] = True


def forked() -> bool:
    """Whether this process was forked from one that used JAX."""
    return bool(_process["forked"])


def _after_fork() -> None:
    _process["forked"] = _process["forked"] or _process["used"]


os.register_at_fork(after_in_child=_after_fork)


def compiled_few(function: Callable[..., Any], results: Any = None) -> Callable[..., Any]:
    """Compile a function of arrays, for few shapes at a time.

    Parameters
    ----------
    function : callable
    results : sharding, optional
        Where the results lie, by default on one device.
    """
    held: dict[Any, Any] = {}  # a function compiled for one kind of arguments each

    @wraps(function)
    def call(*arguments: Any) -> Any:
        leaves, structure = jax.tree.flatten(arguments)
        kind = (structure, *(_kind(leaf) for leaf in leaves))
        compiled = held.get(kind)
        if compiled is not None:
            return compiled(*arguments)
        require_own_process()
        with _tracing, _uninterrupted():
            if len(held) >= SHAPES:
                held.clear()
            _count()
            # compiled here and now: what another thread finds, it calls without the lock
            where = {} if results is None else {"out_shardings": results}
            jitted = jax.jit(_another(function), **where)
            compiled = held[kind] = jitted.lower(*arguments).compile()
            return compiled(*arguments)

    return call


def _another(function: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap a function in one of its own: what JAX compiled for it goes when it goes."""

    def same(*arguments: Any) -> Any:
        return function(*arguments)

    return same


def _kind(leaf: Any) -> Any:
    if not hasattr(leaf, "shape"):
        return type(leaf)
    lies = getattr(leaf, "sharding", None)
    spread = lies if isinstance(lies, jax.sharding.NamedSharding) else None
    return leaf.shape, leaf.dtype, getattr(leaf, "weak_type", False), spread


def _count() -> None:
    """Give up all compiled code once there is much of it: JAX keeps more than it is asked to."""
    _process["programs"] += 1
    if _process["programs"] % PROGRAMS == 0:
        jax.clear_caches()  # type: ignore[no-untyped-call]
        gc.collect()


@contextmanager
def _uninterrupted() -> Iterator[None]:
    """Handle Ctrl-C only after the block."""
    known = signal.getsignal(signal.SIGINT) is not None
    if threading.current_thread() is not threading.main_thread() or not known:
        yield
        return
    heard: list[Any] = []
    before = signal.signal(signal.SIGINT, lambda *event: heard.append(event))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
        if heard:
            signal.raise_signal(signal.SIGINT)
