"""``jamjae compare`` and ``jamjae map``, as a user types them."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from command_line import _own_cache, run  # noqa: F401 - a fixture

FEW = ["--methods", "pca,isomap", "--seeds", "2"]


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    path = tmp_path_factory.mktemp("model") / "digits.jamjae"
    run("fit", "digits", "-o", path, "--epochs", "2", "-k", "4", "--seed", "0", "-q")
    return path


def test_compare_prints_and_writes_a_report(tmp_path):
    told = run("compare", "digits", *FEW, "-k", "2,8", "--limit", "300", "-o", tmp_path / "report")
    assert "2 components" in told.stdout
    assert "8 components" in told.stdout
    assert "PCA suffices" in told.stdout or "only PCA" in told.stdout
    assert "1/8  PCA, 2 components, seed 0" in told.stderr
    assert "s left" in told.stderr
    names = {path.name for path in (tmp_path / "report").iterdir()}
    assert {"index.html", "metrics.json", "metrics.csv", "reconstructions-8.png"} <= names
    page = (tmp_path / "report" / "index.html").read_text(encoding="utf-8")
    assert "reconstructions from 8 components" in page


def test_compare_for_programs():
    told = json.loads(run("compare", "iris", *FEW, "--json").stdout)
    assert len(told["rows"]) == 4
    assert told["rows"][2]["test_mse"] == "n/a"
    assert told["sentence"]


def test_compare_counts_bytes_if_asked():
    asked = ["--methods", "pca", "--seeds", "1", "--code-bytes", "--json"]
    assert json.loads(run("compare", "iris", *asked).stdout)["rows"][0]["bytes_per_row"] > 0


def test_compare_holds_out_the_rows_a_data_set_has_for_that():
    told = json.loads(run("compare", "roll", "--methods", "pca", "--seeds", "1", "--json").stdout)
    assert told["rows"][0]["rows"] == 1500
    whole = ["--subset", "all", "--test-size", "0.5"]
    split = run("compare", "roll", "--methods", "pca", "--seeds", "1", "--json", *whole)
    assert json.loads(split.stdout)["rows"][0]["rows"] == 1500
    refused = run("compare", "iris", "--subset", "both", code=2)
    assert "no held-out rows" in refused.stderr


def test_compare_a_table_of_ones_own(tmp_path):
    rng = np.random.default_rng(0)
    lines = [
        "a,b,c,kind",
        *(f"{x},{y},{x * y},{'up' if x > 0 else 'down'}" for x, y in rng.normal(size=(60, 2))),
    ]
    (tmp_path / "mine.csv").write_text("\n".join(lines))
    told = run("compare", tmp_path / "mine.csv", "--label", "kind", *FEW)
    assert "5-NN" in told.stdout


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["digits", "--components", "2,x"], 2, "2 or 2,16,64"),
        (["digits", "--components", "0"], 2, "integers of at least 1"),
        (["digits", "--methods", "pca,magic"], 1, "unknown method 'magic'"),
        (["nowhere"], 1, "nowhere"),
        (["digits", "--seeds", "0"], 2, "seeds"),
        (["iris", "--test-size", "1"], 1, "test_size=1.0"),
    ],
)
def test_compare_refuses(arguments, code, words):
    told = run("compare", *arguments, code=code)
    assert words in told.stderr
    assert "Traceback" not in told.output


def test_compare_refuses_a_place_before_any_work(tmp_path):
    (tmp_path / "file").touch()
    told = run("compare", "digits", "-o", tmp_path / "file", code=1)
    assert "PCA" not in told.stderr


@pytest.mark.slow  # a live bar in a process is looked at in test_cli.py, too
def test_a_terminal_shows_which_method_is_fitted():
    leader, follower = pty.openpty()
    few = ["--methods", "tsne,pca", "--limit", "60", "--seeds", "1"]
    command = [sys.executable, "-m", "jamjae", "compare", "digits", *few]
    environment = {**os.environ, "COLUMNS": "100", "TERM": "xterm"}
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=follower, env=environment, text=True
    )
    os.close(follower)
    shown = b""
    while True:
        try:
            piece = os.read(leader, 4096)
        except OSError:
            break
        if not piece:
            break
        shown += piece
    told, _ = process.communicate(timeout=60)
    assert process.returncode == 0
    assert "2 components" in told
    assert b"t-SNE, 2 components, seed 0" in shown


@pytest.mark.parametrize("ending", ["png", "svg", "pdf"])
def test_map_draws(model, tmp_path, ending):
    told = run("map", model, "digits", "-o", tmp_path / f"map.{ending}", "--method", "pca")
    assert "1,797 codes, PCA" in told.stdout
    assert (tmp_path / f"map.{ending}").stat().st_size > 5000


def test_map_with_thumbnails_by_tsne(model, tmp_path):
    place = tmp_path / "map.png"
    told = run("map", model, "digits", "-o", place, "--thumbnails", "--limit", "200", "--json")
    assert json.loads(told.stdout)["method"].startswith("t-SNE (scikit-learn")
    with Image.open(place) as drawn:
        assert drawn.size[0] > 800


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["-o", "map.gif"], 1, ".png, .svg, .pdf"),
        (["-o", "map.png", "--method", "sne"], 1, "pca, tsne, umap"),
        (["-o", "map.png", "--limit", "1"], 1, "at least two rows"),
    ],
)
def test_map_refuses(model, tmp_path, monkeypatch, arguments, code, words):
    monkeypatch.chdir(tmp_path)
    told = run("map", model, "digits", *arguments, code=code)
    assert words in told.stderr
    assert not list(tmp_path.glob("map.*"))


def test_map_of_a_table_has_no_thumbnails(tmp_path):
    run("fit", "iris", "-o", tmp_path / "iris.jamjae", "--epochs", "20", "-k", "2", "-q")
    told = run(
        "map", tmp_path / "iris.jamjae", "iris", "-o", tmp_path / "m.png", "--thumbnails", code=2
    )
    assert "needs images" in told.stderr
    run("map", tmp_path / "iris.jamjae", "iris", "-o", tmp_path / "m.png", "--method", "pca")
