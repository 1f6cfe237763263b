"""The command line: parse, call, print. Nothing heavy is imported before a command runs."""

from jamjae.cli.application import app, app_main

__all__ = ["app", "app_main"]
