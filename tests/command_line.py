"""The command line as a user types it, in this process, with a cache of its own."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner

from jamjae.cli import app


@pytest.fixture(autouse=True)
def _own_cache(tmp_path_factory, monkeypatch):
    monkeypatch.setenv("JAMJAE_CACHE", str(tmp_path_factory.getbasetemp() / "cache"))


def run(*arguments, code=0):
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    assert result.exit_code == code, (result.output, result.exception)
    return result
