"""A script in processes of other settings."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path


def with_threads_and_locales(script: str, path: Path) -> set[str]:
    """Run a script on a path with 1, 2 and 4 threads, each in another locale; give its outputs."""
    found = set()
    for threads, name in (("1", "C"), ("2", "C.UTF-8"), ("4", "")):
        variables = {f"{one}_NUM_THREADS": threads for one in ("OMP", "OPENBLAS", "MKL")}
        done = subprocess.run(
            [sys.executable, "-c", SET_LOCALE + script, str(path), name],
            env=os.environ | variables | {"PYTHONHASHSEED": threads},
            capture_output=True,
            text=True,
            check=True,
        )
        found.add(done.stdout.strip())
    return found


SET_LOCALE = "import locale, sys\nlocale.setlocale(locale.LC_ALL, sys.argv[2])\n"
