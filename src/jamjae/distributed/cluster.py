"""A Ray cluster to work on: found or started, with enough processors and the same libraries."""

from __future__ import annotations

import logging
import os
import socket
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from importlib import metadata
from typing import Any

from jamjae.errors import (
    ClusterError,
    InvalidDataError,
    MissingDependencyError,
    brief,
)

LIBRARIES = ("jamjae", "jax", "keras", "numpy", "ray")  # whose versions must be the same
CONNECT_SECONDS, PROBE_SECONDS = 10, 60


def require_ray() -> Any:
    """Import Ray, or say how to install it."""
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    try:
        import ray
        import ray.data
    except ImportError as error:
        raise MissingDependencyError(
            "Ray is required for this and not installed. Install it with: pip install 'jamjae[ray]'"
        ) from error
    return ray


@contextmanager
def cluster(num_workers: int, *, cpus: int = 1, gpus: int = 0) -> Iterator[Any]:
    """Use the cluster that this process is connected to, that of ``RAY_ADDRESS``, or a new one.

    A cluster that was started here ends with the block.

    Parameters
    ----------
    num_workers : int
    cpus, gpus : int
        Of each worker.

    Raises
    ------
    ClusterError
        No cluster answers at the address, it has too few processors, or libraries of other
        versions.
    """
    ray = require_ray()
    if not isinstance(num_workers, int) or num_workers < 1:
        raise InvalidDataError(
            f"num_workers={num_workers!r} was given; expected the number of workers, at least 1."
        )
    begun = not ray.is_initialized()
    if begun:
        _begin(ray, num_workers)
    try:
        with _settings(ray):
            _require_resources(ray, num_workers, cpus, gpus)
            require_alike(_versions_of_nodes(ray))
            yield ray
    finally:
        if begun:
            ray.shutdown()


def _begin(ray: Any, num_workers: int) -> None:
    address = os.environ.get("RAY_ADDRESS", "")
    settings: dict[str, Any] = {"log_to_driver": False, "logging_level": "ERROR"}
    if address in ("", "local"):
        cpus = max(num_workers, os.cpu_count() or 1)
        with _hushed():
            ray.init("local", num_cpus=cpus, include_dashboard=False, **settings)
        return
    _require_answer(address)
    try:
        with _hushed():
            ray.init(address, **settings)
    except Exception as error:  # whatever Ray raises where there is no cluster
        raise _no_cluster(address, error) from error


@contextmanager
def _hushed() -> Iterator[None]:
    """Have Ray's C++ write nothing to standard error: neither warnings nor that it writes none."""
    os.environ.setdefault("RAY_BACKEND_LOG_LEVEL", "fatal")
    sys.stderr.flush()
    try:
        kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    except OSError:  # there is no standard error
        yield
        return
    os.dup2(nowhere, 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)


def _require_answer(address: str) -> None:
    """Refuse an address that nothing listens at, for which Ray would wait for minutes."""
    host, mark, port = address.rpartition("://")[2].rpartition(":")
    if not mark or not port.isdecimal():
        return  # "auto", which Ray resolves
    try:
        socket.create_connection((host.strip("[]"), int(port)), timeout=CONNECT_SECONDS).close()
    except (OSError, OverflowError) as error:
        raise _no_cluster(address, error) from error


def _no_cluster(address: str, error: Exception) -> ClusterError:
    return ClusterError(
        f"Cannot connect to a Ray cluster at {address!r}: {brief(error)}. Start one with "
        "`ray start --head`, correct RAY_ADDRESS, or unset it to start a cluster on this machine."
    )


@contextmanager
def _settings(ray: Any) -> Iterator[None]:
    """Keep the order of rows, and Ray's own logs and bars off the terminal."""
    from ray.data._internal.logging import configure_logging

    context = ray.data.DataContext.get_current()
    options = context.execution_options
    before = context.enable_progress_bars, options.preserve_order
    context.enable_progress_bars, options.preserve_order = False, True
    configure_logging()  # which would set the levels again later
    loggers = [logging.getLogger(name) for name in ("ray.data", "ray.train")]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.CRITICAL)  # errors are raised
    try:
        yield
    finally:
        context.enable_progress_bars, options.preserve_order = before
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)


def _require_resources(ray: Any, num_workers: int, cpus: int, gpus: int) -> None:
    there = ray.cluster_resources()
    for what, each in (("CPU", cpus), ("GPU", gpus)):
        if num_workers * each > there.get(what, 0):
            raise ClusterError(
                f"Cannot start {num_workers} workers: they need {num_workers * each} {what}s, and "
                f"the cluster has {there.get(what, 0):g}. Ask for fewer workers, or add machines."
            )


# --- versions -------------------------------------------------------------------------------


def make_probe() -> Callable[[], dict[str, str]]:
    """Make a function that gives the versions of libraries, even where jamjae is not installed.

    An inner function is sent to a machine as it is; others are imported there.
    """
    names = LIBRARIES

    def probe() -> dict[str, str]:
        from importlib import metadata

        found = {}
        for name in names:
            try:
                found[name] = metadata.version(name)
            except metadata.PackageNotFoundError:
                found[name] = ""
        return found

    return probe


def _versions_of_nodes(ray: Any) -> dict[str, dict[str, str]]:
    """Ask each machine which versions its libraries have."""
    from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

    task = ray.remote(num_cpus=0, max_retries=0)(make_probe())
    nodes = {node["NodeID"]: node["NodeManagerAddress"] for node in ray.nodes() if node["Alive"]}
    asked = {
        address: task.options(
            scheduling_strategy=NodeAffinitySchedulingStrategy(node, soft=False)
        ).remote()
        for node, address in nodes.items()
    }
    try:
        return dict(zip(asked, ray.get(list(asked.values()), timeout=PROBE_SECONDS), strict=True))
    except Exception as error:  # whatever Ray raises
        raise ClusterError(
            f"Cannot start a process on the machines of the cluster: {brief(error)}. See the logs "
            "of Ray, or restart the cluster."
        ) from error


def require_alike(found: Mapping[str, Mapping[str, str]]) -> None:
    """Refuse machines whose libraries are missing or differ from those of this process.

    Raises
    ------
    ClusterError
    """
    here = {name: metadata.version(name) for name in LIBRARIES}
    for address, versions in found.items():
        wrong = [
            f"{name} {versions[name] or 'missing'} (here {version})"
            for name, version in here.items()
            if versions[name] != version
        ]
        if wrong:
            raise ClusterError(
                f"Cannot work on the machine {address}: its libraries differ: {', '.join(wrong)}. "
                "Install the same versions there, or pass them by runtime_env in ray.init."
            )
