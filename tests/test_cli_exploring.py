"""``jamjae explore``, as it is typed."""

from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
import pytest
from typer.testing import CliRunner

from jamjae import Autoencoder
from jamjae.cli import app


@pytest.fixture(scope="module")
def place(tmp_path_factory, digits):
    folder = tmp_path_factory.mktemp("explore")
    Autoencoder(2, random_state=0, epochs=1).fit(digits.X).save(folder / "digits.jamjae")
    np.save(folder / "other.npy", np.zeros((4, 3, 3)))
    return folder


def process(place, *words):
    return subprocess.run(
        [sys.executable, "-m", "jamjae", "explore", *words],
        cwd=place,
        capture_output=True,
        text=True,
        check=False,
    )


def test_it_writes_a_page(place):
    done = process(place, "digits.jamjae", "digits", "--rows", "90", "--language", "ko", "--json")
    told = json.loads(done.stdout)
    page = (place / "explorer.html").read_text("utf-8")
    assert done.returncode == 0
    assert (told["rows"], told["output"], told["bytes"]) == (
        90,
        "explorer.html",
        len(page.encode()),
    )
    assert '<html lang="ko">' in page
    assert "<title>digits · digits</title>" in page


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("digits.jamjae", "digits", "-o", "page.png"), "ends in .html"),
        (("digits.jamjae", "other.npy", "--force"), "rows of shape (3, 3)"),
        (("digits.jamjae", "digits", "--method", "isomap", "--force"), "method='isomap'"),
        (("digits.jamjae", "digits", "-o", "no/../digits.jamjae/page.html"), "Cannot write"),
        (("none.jamjae", "digits", "--force"), "none.jamjae"),
    ],
)
def test_what_cannot_be_done_is_said_in_a_line(place, words, said, monkeypatch):
    monkeypatch.chdir(place)
    done = CliRunner().invoke(app, ["explore", *words])
    assert done.exit_code == 1
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert not list(place.glob("*.png"))
