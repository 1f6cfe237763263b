"""Where commands write: never onto or into what they read, and over nothing unasked."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from data_files import save_image
from jamjae.cli import app
from jamjae.cli.application import app_main

pytestmark = pytest.mark.filterwarnings("ignore:Training did not improve on PCA")
QUICK = ("-k", "2", "--epochs", "1", "--seed", "0")


def run(*arguments, code=0):
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    assert result.exit_code == code, (result.stdout, result.stderr, result.exception)
    return result


def said(result):
    return " ".join(result.stderr.split())


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    folder = tmp_path_factory.mktemp("model")
    frame = pd.DataFrame(np.random.default_rng(0).random((9, 4)), columns=list("abcd"))
    frame.to_csv(folder / "rows.csv", index=False)
    run("fit", folder / "rows.csv", "-o", folder / "m.jamjae", *QUICK)
    return folder / "m.jamjae"


@pytest.fixture(scope="module")
def image_model(tmp_path_factory):
    path = tmp_path_factory.mktemp("images") / "m.jamjae"
    run("fit", "digits", "--limit", "30", "-o", path, *QUICK)
    return path


@pytest.fixture
def place(tmp_path, model, monkeypatch):
    """A folder with a table, a model, and other names of both."""
    monkeypatch.chdir(tmp_path)
    frame = pd.DataFrame(np.random.default_rng(0).random((9, 4)), columns=list("abcd"))
    frame.to_csv("rows.csv", index=False)
    np.save("rows.npy", frame.to_numpy())
    shutil.copy(model, "m.jamjae")
    (tmp_path / "deep").mkdir()
    Path("alias.csv").symlink_to("rows.csv")
    os.link("rows.csv", "hard.csv")
    Path("alias.png").symlink_to("m.jamjae")
    Path("alias.html").symlink_to("m.jamjae")
    Path("alias.jamjae").symlink_to("rows.csv")
    return tmp_path


@pytest.fixture
def images(tmp_path):
    folder = tmp_path / "num"
    for i in range(12):
        save_image(folder / f"{i}.png", np.full((8, 8), 20 * i))
    return folder


@pytest.mark.parametrize(
    "words",
    [
        "fit rows.csv -o alias.jamjae",
        "encode m.jamjae rows.csv -o rows.csv",
        "encode m.jamjae rows.csv -o alias.csv",
        "encode m.jamjae alias.csv -o rows.csv",
        "encode m.jamjae rows.csv -o hard.csv",
        "encode m.jamjae rows.csv -o ./deep/../rows.csv",
        "decode m.jamjae rows.csv -o rows.csv",
        "reconstruct m.jamjae rows.csv -o hard.csv",
        "map m.jamjae rows.csv -o alias.png",
        "explore m.jamjae rows.csv -o alias.html",
        "compare rows.csv -o .",
        "compare deep/../rows.npy -o ../{name}",
    ],
)
def test_nothing_is_written_onto_what_is_read(place, words):
    before = {path.name: path.read_bytes() for path in place.iterdir() if path.is_file()}
    words = words.replace("{name}", place.name)
    told = said(run(*words.split(), "--force", code=2))
    assert "which is read" in told
    assert before == {path.name: path.read_bytes() for path in place.iterdir() if path.is_file()}


@pytest.mark.parametrize(
    "words",
    [
        "compare num -o num",
        "compare num -o num/report",
        "fit num -o num/m.jamjae",
        "encode {model} num -o num/codes.csv",
        "reconstruct {model} num -o num",
        "reconstruct {model} num -o num/out",
        "reconstruct {model} num/3.png -o num",
        "map {model} num -o num/map.png",
        "explore {model} num -o link/page.html",
    ],
)
def test_nothing_is_written_among_images(images, image_model, words, monkeypatch):
    monkeypatch.chdir(images.parent)
    Path("link").symlink_to("num")
    before = sorted(images.rglob("*"))
    told = said(run(*words.replace("{model}", str(image_model)).split(), "--force", code=2))
    assert "which is read" in told
    assert before == sorted(images.rglob("*"))


@pytest.mark.parametrize(
    "words",
    [
        "fit rows.csv -o old.jamjae",
        "encode m.jamjae rows.csv -o old.csv",
        "decode m.jamjae codes.csv -o old.csv",
        "reconstruct m.jamjae rows.csv -o old.npy",
        "map m.jamjae rows.csv --method pca -o old.png",
        "explore m.jamjae rows.csv --method pca -o old.html",
    ],
)
def test_a_file_is_replaced_only_by_force(place, words):
    pd.DataFrame(np.eye(2), columns=["a", "b"]).to_csv("codes.csv", index=False)
    output = place / words.split()[-1]
    output.write_text("kept")
    quick = QUICK if words.startswith("fit") else ()
    assert "--force" in said(run(*words.split(), *quick, code=1))
    assert output.read_text() == "kept"
    run(*words.split(), *quick, "--force")
    assert output.read_bytes() != b"kept"


def test_a_folder_is_written_into_only_by_force(place, image_model):
    (place / "out").mkdir()
    (place / "out" / "mine.txt").write_text("kept")
    words = ("reconstruct", image_model, "digits", "--limit", "3", "-o", "out")
    assert "not empty" in said(run(*words, code=1))
    run(*words, "--force")
    assert (place / "out" / "mine.txt").read_text() == "kept"
    assert len(list((place / "out").glob("*.png"))) > 3


def test_another_report_is_kept(tmp_path):
    (tmp_path / "index.html").write_text("mine")
    for command in (("lab", "run", "12-1"), ("demo",), ("compare", "iris")):
        assert "--force" in said(run(*command, "-o", tmp_path, code=1))
    assert [path.name for path in tmp_path.iterdir()] == ["index.html"]


@pytest.mark.parametrize("name", ["m.npy", "m", "m.csv", "m.jamjae.zip"])
def test_a_model_s_name_ends_in_jamjae(place, name):
    assert "ends in .jamjae" in said(run("fit", "rows.csv", "-o", name, code=1))
    assert not (place / name).exists()


# --- what is said -------------------------------------------------------------------------------


def test_what_was_read_is_printed_stored_and_in_json(place):
    frame = pd.DataFrame({"Id": range(1, 10), "a": range(9), "Species": ["x", "y", "x"] * 3})
    frame.assign(b=frame["a"] ** 2).to_csv("flowers.csv", index=False, sep=";")
    printed = run("fit", "flowers.csv", "-o", "f.jamjae", *QUICK).stderr
    for line in (
        "rows: 9",
        "features: 2: a, b",
        "label: Species (by its name",
        "2 classes: x 6, y 3",
        "index: Id (counts up from 1)",
        "separator: semicolon",
    ):
        assert line in printed
    assert "index: Id" in run("info", "f.jamjae").stdout
    values = json.loads(run("encode", "f.jamjae", "flowers.csv", "-o", "c.csv", "--json").stdout)
    assert "index: Id (counts up from 1)" in values["notes"]
    assert read_names("c.csv")[0] == "name"


def read_names(path):
    return list(pd.read_csv(path).columns)


@pytest.mark.filterwarnings("always:The model was fitted on")
def test_images_unlike_the_model_s_are_said(images, tmp_path):
    rng = np.random.default_rng(0)
    np.save(tmp_path / "floats.npy", rng.random((9, 8, 8), dtype=np.float32))
    run("fit", tmp_path / "floats.npy", "-o", tmp_path / "m.jamjae", *QUICK)
    save_image(images / "color.png", rng.integers(0, 256, (8, 8, 3)))
    words = ("encode", tmp_path / "m.jamjae", images, "-o", tmp_path / "codes.csv")
    told = said(run(*words))
    assert "channels: color to gray, as the model's images are" in told
    assert "warning: The model was fitted on float32 values" in told
    values = json.loads(run(*words, "--force", "--json").stdout)
    assert any(note.startswith("channels: color") for note in values["notes"])


def test_options_reach_the_reader(place):
    (place / "odd.csv").write_text("k;a;b;c\nx;1,5;n.d.;1\ny;2,5;3;1\nx;3,5;4;2\ny;0,5;4;3\n")
    words = ["--label", "k", "--drop", "c", "--na", "n.d.", "--sep", ";", "--decimal", ","]
    told = run("fit", "odd.csv", "-o", "o.jamjae", *words, *QUICK, code=1)
    assert "missing: 1 cell in 1 column: b 1" in told.stderr
    assert "index (0, 1) (column 'b')" in told.stderr
    run("fit", "odd.csv", "-o", "o.jamjae", "--drop", "c,b", "--no-label", "--drop", "k", *QUICK)


def test_errors_are_json_where_json_is_asked_for(place, capsys, monkeypatch):
    told = run("encode", "m.jamjae", "none.csv", "-o", "c.csv", "--json", code=1)
    assert "none.csv" in json.loads(told.stdout)["error"]
    told = run("encode", "m.jamjae", "rows.csv", "-o", "rows.csv", "--json", code=2)
    assert "which is read" in json.loads(told.stdout)["error"]
    monkeypatch.setattr("sys.argv", ["jamjae", "fit", "--wrong", "--json"])
    with pytest.raises(SystemExit) as ended:
        app_main()
    assert ended.value.code == 2
    assert "--wrong" in json.loads(capsys.readouterr().out)["error"]
