"""``jamjae sample``, and what ``jamjae fit`` learns for it, as a user types it."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from typer.testing import CliRunner

from command_line import _own_cache, run  # noqa: F401 - a fixture
from jamjae import load_model, read
from jamjae.cli import app, completion

pytestmark = [
    pytest.mark.filterwarnings("ignore:Training did not improve"),
    pytest.mark.filterwarnings("ignore:.* components? (is|are) not used"),
]

QUICK = ["--epochs", "2", "-k", "3", "--seed", "0", "--network", "dense"]


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    path = tmp_path_factory.mktemp("data") / "measured.csv"
    rng = np.random.RandomState(0)
    frame = pd.DataFrame(rng.normal(size=(60, 4)) * [5, 3, 1, 0.2], columns=list("abcd"))
    frame["b"] = frame["b"].round().astype(int)
    frame.assign(kind=np.where(np.arange(60) % 2, "left", "right")).to_csv(path, index=False)
    return path


@pytest.fixture(scope="module")
def table_model(table, tmp_path_factory):
    path = tmp_path_factory.mktemp("models") / "table.jamjae"
    said = run("fit", table, "-o", path, "--label", "kind", "--density", "auto", *QUICK)
    assert "density: kernel, chosen for 60 rows of 3 components; 2 classes" in said.stdout
    return path


@pytest.fixture(scope="module")
def image_model(tmp_path_factory):
    folder = tmp_path_factory.mktemp("사진")
    rng = np.random.RandomState(0)
    for i in range(24):
        path = folder / ("고양이" if i % 2 else "T-shirt=top") / f"{i:02d}.png"
        path.parent.mkdir(exist_ok=True)
        Image.fromarray(rng.randint(0, 256, (12, 9), dtype=np.uint8)).save(path)
    path = tmp_path_factory.mktemp("models") / "images.jamjae"
    run("fit", folder, "-o", path, "--density", "gaussian", *QUICK)
    return path


@pytest.fixture(scope="module")
def variational(table, tmp_path_factory):
    path = tmp_path_factory.mktemp("models") / "vae.jamjae"
    said = run("fit", table, "-o", path, "--label", "kind", "--variational", "--beta", 2, *QUICK)
    assert "probabilistic PCA" in said.stdout
    assert "of 3 components active; gaussian likelihood; noise" in said.stdout
    return path


# --- images ---------------------------------------------------------------------------------


def test_images_are_named_by_class_beside_a_sheet(image_model, tmp_path):
    said = run("sample", image_model, "-n", 6, "-o", tmp_path / "new", "--seed", 0).stdout
    names = sorted(path.name for path in (tmp_path / "new").iterdir())
    assert names[-1].startswith("고양이-")
    assert "sheet.png" in names
    assert len(names) == 7
    assert sum(name.startswith("T-shirt=top-") for name in names) == 3
    assert "6 x 12 x 9 (T-shirt=top 3, 고양이 3), drawn from a gaussian with seed 0" in said
    with Image.open(tmp_path / "new" / names[0]) as image:
        assert (image.size, image.mode) == ((9, 12), "L")


def test_the_same_seed_gives_the_same_files(image_model, tmp_path):
    for name, seed in (("a", 3), ("b", 3), ("c", 4)):
        run("sample", image_model, "-n", 2, "-o", tmp_path / name, "--seed", seed, "--quiet")
    found = [
        {path.name: path.read_bytes() for path in (tmp_path / name).glob("*-*.png")}
        for name in "abc"
    ]
    assert found[0] == found[1]
    assert found[0] != found[2]


def test_a_class_has_a_name_or_a_number_and_a_share(image_model, tmp_path):
    output = tmp_path / "new.npz"
    asked = ["--class", "고양이=.75", "--class", "T-shirt=top=.25"]
    run("sample", image_model, "-n", 8, "-o", output, *asked)
    made = read(output)
    assert made.X.dtype == np.uint8
    assert made.X.shape == (8, 12, 9)
    assert [made.class_names[c] for c in made.y].count("고양이") == 6
    values = json.loads(
        run("sample", image_model, "-o", output, "--class", 1, "--force", "--json").stdout
    )
    assert values["classes"] == {"고양이": 64}
    assert values["rows"] == [64, 12, 9]
    again = run("sample", image_model, "-o", tmp_path / "b.npz", "--class", "고양이", "--seed",
                values["seed"])  # fmt: skip
    assert "seed" in again.stdout
    assert np.array_equal(read(output).X, read(tmp_path / "b.npz").X)


# --- tables ---------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [".csv", ".parquet"])
def test_tables_have_the_columns_types_and_classes_of_the_data(table_model, tmp_path, kind):
    output = tmp_path / f"new{kind}"
    run("sample", table_model, "-n", 10, "-o", output, "--seed", 0)
    made = pd.read_csv(output) if kind == ".csv" else pd.read_parquet(output)
    assert list(made) == [*"abcd", "kind"]
    assert [dtype.kind for dtype in made.dtypes[:4]] == ["f", "i", "f", "f"]
    assert sorted(made["kind"]) == ["left"] * 5 + ["right"] * 5
    again = read(output, label="kind")
    assert again.class_names == ("left", "right")


def test_a_file_without_classes_says_so(table_model, tmp_path):
    said = run("sample", table_model, "-n", 3, "-o", tmp_path / "new.npy").stdout
    assert "does not hold the classes" in said
    assert np.load(tmp_path / "new.npy").shape == (3, 4)


def test_temperature_zero_gives_the_middle(table_model, tmp_path):
    output = tmp_path / "new.npy"
    asked = ["--temperature", 0, "--class", "left", "--quiet"]
    assert run("sample", table_model, "-n", 3, "-o", output, *asked).output == ""
    assert (np.ptp(np.load(output), axis=0) == 0).all()


# --- variational autoencoders ---------------------------------------------------------------


def test_a_prior_is_sampled(variational, tmp_path):
    said = run("sample", variational, "-n", 4, "-o", tmp_path / "new.csv", "--seed", 1).stdout
    assert "drawn from a prior" in said
    made = pd.read_csv(tmp_path / "new.csv")
    assert list(made) == list("abcd")
    assert [dtype.kind for dtype in made.dtypes] == ["f", "i", "f", "f"]


def test_info_describes_density_and_bound(variational, table_model):
    said = run("info", variational).stdout
    assert "prior N(0, 1)" in said
    assert "beta 2" in said
    values = json.loads(run("info", variational, "--json").stdout)
    assert values["likelihood"] == "gaussian"
    assert values["active_components"] == load_model(variational).active_components_.sum()
    assert "density     kernel, of 60 rows of 3 components; 2 classes" in run(
        "info", table_model
    ).stdout  # fmt: skip


def test_other_commands_take_it_too(variational, table, tmp_path):
    codes = tmp_path / "codes.npy"
    run("encode", variational, table, "-o", codes, "--label", "kind")
    run("decode", variational, codes, "-o", tmp_path / "rows.csv")
    run("reconstruct", variational, table, "-o", tmp_path / "made.csv", "--label", "kind")
    assert (tmp_path / "rows.csv").read_bytes() == (tmp_path / "made.csv").read_bytes()


# --- what cannot be done --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--class", "lefd"], "Did you mean 'left'?"),
        (["--class", "up"], "The classes are left, right."),
        (["--class", "2"], "The classes are left, right."),
        (["--class", "left=much"], "a number is expected after ="),
        (["--class", "left=-1"], "shares"),
        (["--class", "left=1", "--class", "right"], "Give all of them one"),
        (["--class", "left", "--class", "0"], "given twice"),
        (["-n", "0"], "greater than or equal to 1"),
        (["--temperature", "-1"], "greater than or equal to 0"),
        (["--temperature", "nan"], "temperature"),
        (["--seed", "-1"], "--seed"),
    ],
)
def test_what_cannot_be_drawn_is_said(table_model, tmp_path, arguments, said):
    output = tmp_path / "new.csv"
    result = CliRunner().invoke(app, ["sample", str(table_model), "-o", str(output), *arguments])
    assert result.exit_code != 0
    assert said in " ".join(result.output.replace("│", " ").split())
    assert not output.exists()


def test_a_model_without_density_or_classes_names_the_cure(variational, image_model, tmp_path):
    bare = load_model(image_model)
    del bare.density_, bare.sampling_
    bare.save(tmp_path / "bare.jamjae")
    said = run("sample", tmp_path / "bare.jamjae", "-o", tmp_path / "new", code=1).output
    assert f"jamjae fit DATA -o {tmp_path / 'bare.jamjae'} --density auto" in said
    asked = ["-o", tmp_path / "new.csv", "--class", "left"]
    assert "--label COLUMN --density" in run("sample", variational, *asked, code=1).output


def test_outputs_are_those_of_the_other_commands(table_model, image_model, tmp_path):
    assert "a file name" in run("sample", table_model, "-o", tmp_path / "new", code=2).output
    (tmp_path / "new.csv").write_text("mine")
    assert "--force" in run("sample", table_model, "-o", tmp_path / "new.csv", code=1).output
    full = tmp_path / "full"
    full.mkdir()
    (full / "mine.txt").touch()
    assert "--force" in run("sample", image_model, "-o", full, code=1).output


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--density", "kde"], "expected auto, gaussian, mixture, kernel, flow"),
        (["--beta", "2"], "only with --variational"),
        (["--likelihood", "poisson"], "only with --variational"),
        (["--variational", "--likelihood", "normal"], "expected gaussian, bernoulli, poisson"),
        (["--variational", "--loss", "mae"], "no such option"),
        (["--variational", "--noise", ".1"], "no such option"),
        (["--variational", "--beta", "0"], "above 0"),
    ],
)
def test_options_that_exclude_each_other_are_refused_before_reading(tmp_path, arguments, said):
    output = tmp_path / "m.jamjae"
    result = run("fit", tmp_path / "none.csv", "-o", output, *arguments, code=2)
    assert said in " ".join(result.output.split())


def test_a_label_that_is_a_quantity_gives_no_classes(tmp_path):
    path = tmp_path / "rows.csv"
    rng = np.random.RandomState(0)
    pd.DataFrame(rng.normal(size=(60, 5)), columns=list("abcdy")).to_csv(path, index=False)
    options = ["--label", "y", "--density", "gaussian", *QUICK]
    said = run("fit", path, "-o", tmp_path / "m.jamjae", *options)
    assert "the density has no classes" in said.stderr


def test_a_shell_completes_the_classes_of_a_model(image_model):
    class Context:
        params = {"model": str(image_model)}  # noqa: RUF012
        args = ()

    assert completion.classes(Context, "") == ["고양이"]  # the other needs quotes
    assert completion.classes(Context, "T") == []
