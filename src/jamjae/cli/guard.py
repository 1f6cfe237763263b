"""What surrounds every command: errors become one line and an exit code; Ctrl-C is handled."""

from __future__ import annotations

import functools
import io
import json
import os
import signal
import sys
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from importlib import import_module
from typing import Any

import typer

from jamjae.errors import JamjaeError

FAILED, MISUSED, INTERRUPTED = 1, 2, 130
VARIABLES = (  # of the environment that a command sets, where they are not set
    "TF_CPP_MIN_LOG_LEVEL",
    "JAX_COMPILATION_CACHE_DIR",
    "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS",
)
INTERRUPTION = "interrupted; no incomplete files were left behind"
_heard = threading.Event()  # set by Ctrl-C, even if a library swallows the exception


def guarded(command: Callable[..., Any]) -> Callable[..., Any]:
    """Turn exceptions of a command into one line on standard error and an exit code."""

    @functools.wraps(command)
    def run(*arguments: Any, **options: Any) -> Any:
        with _prepared():
            return ended(*arguments, **options)

    def ended(*arguments: Any, **options: Any) -> Any:
        as_json = bool(options.get("json"))
        try:
            with _handling(_hear):
                return command(*arguments, **options)
        except typer.Exit:
            raise
        except typer.BadParameter as error:
            if not as_json:
                raise
            _end(f"error: {error.message}", MISUSED, as_json=True)
        except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001 - said in one line
            _end(*_described(error), as_json=as_json)

    return run


def _described(error: BaseException) -> tuple[str, int]:
    """Give the line to print for an exception, and the exit code."""
    if isinstance(error, JamjaeError):
        return f"error: {error}", FAILED
    if isinstance(error, KeyboardInterrupt):
        return INTERRUPTION, INTERRUPTED
    if isinstance(error, BrokenPipeError):  # as with `| head`
        discard_output()
        raise typer.Exit(FAILED) from None
    if os.environ.get("JAMJAE_DEBUG"):
        raise error
    if isinstance(error, OSError):  # for example, standard output is full
        discard_output()
    return f"error: {_said(error)}", FAILED


def _said(error: BaseException) -> str:
    if isinstance(error, ValueError):  # scikit-learn's message on a parameter
        return str(error)
    if isinstance(error, OSError) and error.strerror:
        return f"{error.strerror}{f': {error.filename}' if error.filename else ''}"
    return f"{type(error).__name__}: {error}\n(Set JAMJAE_DEBUG=1 to show the traceback.)"


def _end(message: str, code: int, *, as_json: bool) -> None:
    if as_json:
        print_error(message.removeprefix("error: "))
    else:
        typer.echo(message, err=True)
    raise typer.Exit(code) from None


def print_error(message: str) -> None:
    """Print an error as one JSON object on standard output."""
    typer.echo(json.dumps({"error": message}, ensure_ascii=False))


@contextmanager
def _prepared() -> Iterator[None]:
    """Set up the process for a command, and restore its state afterwards."""
    _heard.clear()
    hook = sys.unraisablehook
    with ExitStack() as stack:
        stack.callback(_put_back, {name: os.environ.get(name) for name in VARIABLES})
        os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
        stack.enter_context(warnings.catch_warnings())
        warnings.showwarning = _show
        for stream in (sys.stdout, sys.stderr):
            if isinstance(stream, io.TextIOWrapper):
                stack.callback(_reconfigure, stream, stream.errors)
                stream.reconfigure(errors="replace")
        try:
            yield
        finally:
            sys.unraisablehook = hook


def _put_back(variables: dict[str, str | None]) -> None:
    for name, value in variables.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value


def _show(message: Warning | str, *_: Any, **__: Any) -> None:
    typer.echo(f"warning: {message}", err=True)


def _reconfigure(stream: io.TextIOWrapper, errors: str | None) -> None:
    with suppress(OSError, ValueError):  # the stream was closed or cannot be written
        stream.reconfigure(errors=errors)


def discard_output() -> None:
    """Redirect standard output to nowhere, so that Python does not fail again when it exits."""
    with suppress(AttributeError, OSError, ValueError):  # there is no such stream
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def load_engine() -> None:
    """Import JAX, Keras and the models, with the compiled code of earlier runs."""
    keep_compiled()
    load_libraries("jamjae.models.autoencoder")


def load_libraries(*modules: str) -> None:
    """Import modules that take long, so that Ctrl-C works meanwhile."""
    with _handling(_leave):
        for module in modules:
            import_module(module)


@contextmanager
def _handling(handler: Callable[..., None]) -> Iterator[None]:
    """Handle Ctrl-C by `handler`, unless another handler is set or it is ignored."""
    before = signal.getsignal(signal.SIGINT)
    main = threading.current_thread() is threading.main_thread()
    if not main or before not in (signal.default_int_handler, _hear):
        yield
        return
    signal.signal(signal.SIGINT, handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def heed(_: Any = None) -> None:
    """Raise again an interrupt that a library swallowed; a callback of training."""
    if _heard.is_set():
        raise KeyboardInterrupt


def _hear(*arguments: Any) -> None:
    _heard.set()
    sys.unraisablehook = _pass_over
    signal.default_int_handler(*arguments)


def _pass_over(unraisable: Any) -> None:
    """Print nothing if a callback of JAX swallows the interrupt, which `heed` raises again."""
    if unraisable.exc_type is not KeyboardInterrupt:
        sys.__unraisablehook__(unraisable)


def _leave(*_: object) -> None:
    """End the process at once, at a time when nothing is being written.

    A library that is interrupted while it is being imported may lose the exception, or crash.
    """
    with suppress(OSError):
        os.write(2, f"{INTERRUPTION}\n".encode())
    os._exit(INTERRUPTED)


def keep_compiled() -> None:
    """Keep JAX's compiled code in jamjae's cache for later processes."""
    from jamjae.data.catalog import cache

    try:
        folder = cache() / "compiled"
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        return  # then every process compiles anew
    os.environ.setdefault("JAX_COMPILATION_CACHE_DIR", str(folder))
    os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", "0.2")
    # If the cache cannot be read or written, code is compiled again, which is only slower.
    warnings.filterwarnings("ignore", message=".*persistent compilation cache")
