"""How workers on processors join each other.

Ray's controller of a fit loads this module before it starts workers, one after the other: so it
loads neither JAX nor Keras.
"""

from __future__ import annotations

from typing import Any

from ray.train.backend import Backend, BackendConfig


class Processors(BackendConfig):
    """Workers on processors, which Ray's own configuration of JAX leaves alone."""

    @property
    def backend_cls(self) -> type[Backend]:
        """What starts them."""
        return _Joined


class _Joined(Backend):
    """Joins workers by Gloo."""

    def on_start(self, worker_group: Any, backend_config: BackendConfig) -> None:
        """Have each worker join the first one."""
        import ray
        from ray.train._internal.utils import get_address_and_port

        n = len(worker_group)
        host, port = worker_group.execute_single(0, get_address_and_port)
        joining = [
            worker_group.execute_single_async(rank, _join, f"{host}:{port}", n, rank)
            for rank in range(n)
        ]
        ray.get(joining)


def _join(address: str, n: int, rank: int) -> None:
    import jax

    update: Any = jax.config.update
    update("jax_platforms", "cpu")
    if n > 1:
        update("jax_cpu_collectives_implementation", "gloo")
        jax.distributed.initialize(address, n, rank)
