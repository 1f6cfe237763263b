"""Where a training runs: on one device, on several of a process, or on those of several processes.

Batches are cut over the devices, and parameters are on each. JAX finds out which sums have to go
from device to device; here is only said what lies where. Several processes are those of a
``jax.distributed`` job, each with rows of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.experimental import multihost_utils
from jax.sharding import Mesh, NamedSharding, PartitionSpec

from jamjae.data.loading import Share
from jamjae.engine.processes import ALONE, Processes
from jamjae.errors import InvalidNetworkError

LOCAL = "local"  # devices of this process only, though it is one of a job
HOSTS, DEVICES = "hosts", "devices"  # axes of the mesh

Devices = int | str | Sequence[Any] | None


class Peers(Processes):
    """The processes of a ``jax.distributed`` job."""

    def __init__(self) -> None:
        self.hosts, self.rank = jax.process_count(), jax.process_index()

    def gathered(self, values: Any) -> np.ndarray:
        """Give the arrays of all processes; they go as bytes, as JAX would round float64."""
        own = np.asarray(values)
        flat = np.ascontiguousarray(own).reshape(-1).view(np.uint8)
        found = np.asarray(multihost_utils.process_allgather(flat))
        return found.reshape(self.hosts, -1).view(own.dtype).reshape(self.hosts, *own.shape)


class Placement:
    """The devices on which a training runs; equal ones share compiled code.

    Parameters
    ----------
    devices : sequence of jax.Device
        Of this process.
    hosts : int
        Processes that train together.
    """

    def __init__(self, devices: Sequence[jax.Device], hosts: int = 1) -> None:
        self.devices, self.hosts = tuple(devices), hosts

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Placement) and self._key == other._key

    def __hash__(self) -> int:
        return hash(self._key)

    @property
    def _key(self) -> tuple[Any, ...]:
        return self.devices, self.hosts

    @property
    def single(self) -> bool:
        """Whether this is JAX's default device alone, where all arrays are anyway."""
        return self.hosts == 1 and self.devices == (_default(),)

    @property
    def names(self) -> list[str]:
        """Names of the devices of this process, such as ``"cpu:0"``."""
        return [name(device) for device in self.devices]

    def whole_batch(self, batch_size: int) -> int:
        """Round the size of a batch up, so that every process has as many rows of it."""
        return -(-batch_size // self.hosts) * self.hosts

    def dividing(self, batch_size: int) -> Placement:
        """Give as many of the devices as divide a process's part of a batch."""
        part = batch_size // self.hosts
        count = max(k for k in range(1, len(self.devices) + 1) if part % k == 0)
        return Placement(self.devices[:count], self.hosts)

    # --- what lies where ----------------------------------------------------------------------

    @cached_property
    def mesh(self) -> Mesh:
        """The devices of all processes (hosts, devices), in order."""
        if self.hosts == 1:
            return Mesh(np.array([self.devices]), (HOSTS, DEVICES))
        own = jax.local_devices()
        places = [own.index(device) for device in self.devices]
        by_host: list[list[jax.Device]] = [[] for _ in range(self.hosts)]
        for device in sorted(jax.devices(), key=lambda device: device.id):
            by_host[device.process_index].append(device)
        return Mesh(np.array([[some[i] for i in places] for some in by_host]), (HOSTS, DEVICES))

    @cached_property
    def everywhere(self) -> NamedSharding | None:
        """The sharding of what every device has; None for one device."""
        return None if self.single else self._sharding()

    def cut(self, batch: Any) -> Any:
        """Cut the rows of a batch over the devices, within a compiled function."""
        if self.single:
            return batch
        return jax.lax.with_sharding_constraint(  # type: ignore[no-untyped-call]
            batch, self._sharding((HOSTS, DEVICES))
        )

    def put(self, tree: Any) -> Any:
        """Put arrays on every device; those of the first process, if there are several."""
        if self.single:
            return tree
        if self.hosts == 1:
            return jax.device_put(tree, self.everywhere)
        tree = multihost_utils.broadcast_one_to_all(jax.tree.map(local, tree))
        return jax.tree.map(lambda array: _whole(array, self._sharding(), np.shape(array)), tree)

    def rows(self, array: np.ndarray) -> jax.Array:
        """Put the rows of this process on each of its devices.

        With several processes they become one array (hosts, n, ...).
        """
        if self.single:
            return jnp.asarray(array)
        if self.hosts == 1:
            found: jax.Array = jax.device_put(array, self.everywhere)
            return found
        return _whole(array[None], self._sharding(HOSTS), (self.hosts, *array.shape))

    def _sharding(self, *axes: Any) -> NamedSharding:
        spec = PartitionSpec(*axes)  # type: ignore[no-untyped-call]
        return NamedSharding(self.mesh, spec)

    @property
    def processes(self) -> Processes:
        """The processes, to tell each other what NumPy computes."""
        return ALONE if self.hosts == 1 else Peers()

    def share(self, n: int, pieces: int) -> Share:
        """Find how many rows each process has, and in how many pieces they are read."""
        if self.hosts == 1:
            return Share((n,), pieces, put=self.rows)
        told = self.processes.gathered(np.array([n, pieces]))
        counts, most = tuple(map(int, told[:, 0])), int(told[:, 1].max())
        return Share(counts, most, self.processes.rank, self.rows)


def of(devices: Devices = None) -> Placement:
    """Find the devices that are asked for.

    Parameters
    ----------
    devices : None, int, "local" or sequence of str or jax.Device
        None: all of this process and, in a ``jax.distributed`` job, of the others. A number: so
        many of each process. ``"local"``: those of this process only, even in a job. Names such
        as ``"cpu:0"``, or devices: these, of a process that is in no job.

    Raises
    ------
    InvalidNetworkError
        There are not so many, or none of such a name.
    """
    own, hosts = jax.local_devices(), jax.process_count()
    if devices is None or devices == LOCAL:
        return Placement(own, 1 if devices == LOCAL else hosts)
    if isinstance(devices, int):
        if not 1 <= devices <= len(own):
            raise _no_such(f"devices={devices}", own)
        return Placement(own[:devices], hosts)
    asked = [devices] if isinstance(devices, str) else list(devices)
    if hosts > 1:
        raise InvalidNetworkError(
            f"devices={devices!r} was given in a job of {hosts} processes. Give a number of "
            'devices of each, or "local" to train on those of this process alone.'
        )
    by_name = {name(device): device for device in own}
    found = [by_name.get(one if isinstance(one, str) else name(one)) for one in asked]
    if not found or None in found or len(set(found)) < len(found):
        raise _no_such(f"devices={devices!r}", own)
    return Placement([device for device in found if device is not None])


def name(device: jax.Device) -> str:
    """Name a device by its kind and its number in its process."""
    alike = [one for one in jax.local_devices() if one.platform == device.platform]
    return f"{device.platform}:{alike.index(device)}"


def local(array: Any) -> Any:
    """Give an array that every device has as one of the default device, as layers hold them."""
    if isinstance(array, jax.Array) and isinstance(array.sharding, NamedSharding):
        return jnp.asarray(np.asarray(array.addressable_data(0)))
    return array


def _default() -> jax.Device:
    chosen = getattr(jax.config, "jax_default_device", None)
    return chosen if isinstance(chosen, jax.Device) else jax.local_devices()[0]


def _whole(array: Any, sharding: NamedSharding, shape: tuple[int, ...]) -> jax.Array:
    """Put together an array of which each process has a part, or all."""
    make: Any = jax.make_array_from_process_local_data
    found: jax.Array = make(sharding, np.asarray(array), shape)
    return found


def _no_such(asked: str, own: Sequence[jax.Device]) -> InvalidNetworkError:
    return InvalidNetworkError(
        f"{asked} was given, but this process has {len(own)} "
        f"device{'s' if len(own) > 1 else ''}: {', '.join(map(name, own))}. Give a number up to "
        "that, or some of these names, each once."
    )
