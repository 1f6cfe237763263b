"""How every command runs: errors become one line and an exit code, compiled code is kept."""

from __future__ import annotations

import functools
import os
import sys
import warnings
from collections.abc import Callable
from typing import Any

import typer

from jamjae.errors import JamjaeError

FAILED, INTERRUPTED = 1, 130


def guarded(command: Callable[..., Any]) -> Callable[..., Any]:
    """Turn what a command raises into one line on standard error and an exit code."""

    @functools.wraps(command)
    def run(*arguments: Any, **options: Any) -> Any:
        _prepare()
        try:
            return command(*arguments, **options)
        except (typer.BadParameter, typer.Exit):
            raise
        except JamjaeError as error:
            _end(f"error: {error}", FAILED)
        except KeyboardInterrupt:
            _end("interrupted; nothing half-written was left behind", INTERRUPTED)
        except BrokenPipeError:  # as with `| head`
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise typer.Exit(FAILED) from None
        except Exception as error:
            if os.environ.get("JAMJAE_DEBUG"):
                raise
            _end(f"error: {_said(error)}", FAILED)

    return run


def _said(error: Exception) -> str:
    if isinstance(error, ValueError):  # scikit-learn's word on a parameter
        return str(error)
    return f"{type(error).__name__}: {error}\n(JAMJAE_DEBUG=1 shows where this came from.)"


def _end(message: str, code: int) -> None:
    typer.echo(message, err=True)
    raise typer.Exit(code) from None


def _prepare() -> None:
    warnings.showwarning = lambda message, *_, **__: typer.echo(f"warning: {message}", err=True)
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")


def keep_compiled() -> None:
    """Let JAX keep what it compiles in jamjae's cache, for the next process."""
    from jamjae.datasets import cache

    try:
        folder = cache() / "compiled"
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        return  # then every process compiles for itself
    os.environ.setdefault("JAX_COMPILATION_CACHE_DIR", str(folder))
    os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", "0.2")
