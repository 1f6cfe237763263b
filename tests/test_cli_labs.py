"""``jamjae lab``, as a user types it."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from command_line import run
from jamjae.cli import app
from jamjae.labs import LABS, features


def test_the_list_names_every_lab():
    output = run("lab", "list").output
    assert all(name in output for name in LABS)
    assert [lab["lab"] for lab in json.loads(run("lab", "list", "--json").stdout)["labs"]] == list(
        LABS
    )


def test_a_lab_s_own_code_is_shown():
    shown = run("lab", "show", "features").stdout
    assert "def run(lab: Notebook)" in shown
    assert features.__doc__ in shown


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("lab") / "out"
    output = run(
        "lab", "run", "features", "--quick", "-o", folder, "--language", "ko", "--json"
    ).stdout
    assert json.loads(output)["labs"][0]["lab"] == "features"
    return folder


def test_a_report_is_written_in_the_language_asked_for(folder):
    assert '<html lang="ko">' in (folder / "index.html").read_text(encoding="utf-8")
    assert json.loads((folder / "metrics.json").read_text())["quick"]
    assert (folder / "codes.png").exists()
    assert (folder / "codes.svg").exists()


def test_another_report_is_kept_unless_forced(folder):
    before = (folder / "index.html").read_bytes()
    output = run("lab", "run", "features", "--quick", "-o", folder, code=1).output
    assert "--force" in output
    assert (folder / "index.html").read_bytes() == before
    run("lab", "run", "features", "--quick", "-o", folder, "--force", "--language", "en")
    assert '<html lang="en">' in (folder / "index.html").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["show", "12-3-cn"], "Did you mean '12-3-cnn'"),
        (["run", "manifold"], "Did you mean 'manifolds'"),
        (["run", "12-1", "--data", "digits"], "does not use it"),
        (["run", "12-1", "--images", "here"], "does not use it"),
        (["run", "12-4", "--label", "kind"], "--data"),
        (["run", "12-1", "--language", "fr"], "en or ko"),
        (["run", "12-4", "--data", "digitz"], "Did you mean 'digits'"),
    ],
)
def test_what_cannot_be_done_is_said(arguments, said, tmp_path):
    output = CliRunner().invoke(
        app, ["lab", *arguments, *(["-o", str(tmp_path / "o")] if arguments[0] == "run" else [])]
    )
    assert output.exit_code != 0
    assert said in " ".join(output.output.split())
    assert not (tmp_path / "o").exists()
