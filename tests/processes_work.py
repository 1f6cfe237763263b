"""One process of several that train together: ``python tests/processes_work.py RANK HOSTS PORT``.

Fits what `FITS` names, each on its own part of the rows, and prints what it came to as JSON.
"""

from __future__ import annotations

import json
import os
import sys
import warnings
from pathlib import Path

os.environ["XLA_FLAGS"] = "--xla_force_host_platform_device_count=2"
warnings.simplefilter("ignore")

import jax

RANK, HOSTS = int(sys.argv[1]), int(sys.argv[2])
if HOSTS > 1:
    jax.config.update("jax_cpu_collectives_implementation", "gloo")
    jax.distributed.initialize(f"localhost:{sys.argv[3]}", HOSTS, RANK)

import numpy as np
from sklearn.decomposition import PCA

from jamjae import Autoencoder, VariationalAutoencoder, load_digits
from jamjae.data import loading
from jamjae.errors import JamjaeError

X = load_digits().X[:500].reshape(500, -1).astype(np.float32)
ENDS = [0, 300, 500] if HOSTS > 1 else [0, 500]  # of the processes' rows
MINE = X[ENDS[RANK] : ENDS[RANK + 1]]
told: dict[str, object] = {}


def fit(name: str, rows: np.ndarray = MINE, kind: type = Autoencoder, **settings: object) -> None:
    """Fit, and tell what came of it, or what was refused."""
    weights = settings.pop("sample_weight", None)
    settings = {"epochs": 3, "random_state": 0, "network": (16,), **settings}
    try:
        model = kind(8, **settings).fit(rows, sample_weight=weights)
    except JamjaeError as error:
        told[name] = f"{type(error).__name__}: {error}"
        return
    found = [model.baseline_error_, model.reconstruction_error_, *model.history_["loss"]]
    told[name] = {
        "found": [float(value) for value in found],
        "score": model.score(X),
        "codes": model.transform(X[:3]).astype(float).tolist(),
        "devices": model.devices_,
        "epochs": len(model.history_["loss"]),
    }


def stop(report: object) -> bool:
    """End training after an epoch, in the second process only."""
    return RANK == 1 and report.epoch == 1


def main() -> None:
    fit("plain")
    fit("again")
    fit("drawn seeds", random_state=None)
    fit("ill-conditioned", MINE * np.geomspace(1, 1e-6, 64, dtype=np.float32))
    fit("held out", validation_fraction=0.2)
    fit("guide", guide=PCA(8).fit(X))
    fit("weights", sample_weight=(np.arange(500) % 3 + 1.0)[ENDS[RANK] : ENDS[RANK + 1]])
    fit("stopped by one", callbacks=[stop])
    fit("one device", devices=1)
    fit("alone", devices="local")
    fit("variational", kind=VariationalAutoencoder)
    held, loading.HELD_BYTES = loading.HELD_BYTES, 20_000
    fit("in pieces", batch_size=32)
    loading.HELD_BYTES = held
    fit("bad rows", np.full_like(MINE, np.nan) if RANK == 1 else MINE)
    fit("other columns", MINE[:, : 64 - RANK])
    fit("no rows", MINE[: len(MINE) * (1 - RANK)])
    fit("missing", missing="mask")
    fit("named devices", devices=["cpu:0"])
    fit("unfitted guide", guide=PCA(8))
    if len(sys.argv) > 4:
        resume(Path(sys.argv[4]))
    print(json.dumps(told))


def resume(folder: Path) -> None:
    """Interrupt a fit, and go on from its checkpoint, which the first process alone has."""

    def interrupt(report: object) -> None:
        if report.epoch == 2:
            raise KeyError("interrupted")

    own = folder / str(RANK)
    own.mkdir()
    try:
        fit("interrupted", checkpoint_dir=own, callbacks=[interrupt])
    except KeyError:
        told["files"] = len(list(own.iterdir()))
    fit("resumed", checkpoint_dir=own)


if __name__ == "__main__":
    main()
