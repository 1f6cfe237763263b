"""The command line's files of compressed rows: there and back, by every kind of data and codec."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from tests.command_line import run

from jamjae.data import catalog
from jamjae.data.reading import read
from jamjae.latent.codec import bounded
from jamjae.latent.codec.archive import About, Writer
from jamjae.latent.codec.header import Header
from jamjae.latent.codec.residuals import Residuals

RNG = np.random.RandomState(0)
QUICK = ("--epochs", "2", "--seed", "0")
few_epochs = pytest.mark.filterwarnings("ignore:Training did not improve", "ignore:.*not reached")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    place = tmp_path_factory.mktemp("images")
    for i in range(90):
        image = np.clip(RNG.normal(40 * (i % 3), 20, (6, 7)), 0, 255).astype(np.uint8)
        path = place / ("bag", "coat")[i % 2] / f"picture {i}.png"
        path.parent.mkdir(exist_ok=True)
        Image.fromarray(image).save(path)
    return place


@pytest.fixture(scope="module")
def packed(folder, tmp_path_factory):
    path = tmp_path_factory.mktemp("packed") / "images.jjz"
    run("compress", folder, "-o", path, "--lossless", "--quiet")
    return path


def images_of(folder) -> dict:
    found = sorted(folder.rglob("*.png"))
    return {str(one.relative_to(folder)): np.asarray(Image.open(one)).astype(int) for one in found}


# --- without loss, or within a bound -------------------------------------------------------------


def test_a_folder_comes_back_without_loss(folder, packed, tmp_path):
    result = run("decompress", packed, "-o", tmp_path / "out")
    assert "90 rows" in result.stdout
    before, after = images_of(folder), images_of(tmp_path / "out")
    assert before.keys() == after.keys()
    assert all((before[name] == after[name]).all() for name in before)


def test_no_value_is_off_by_more_than_the_bound(folder, packed, tmp_path):
    path = tmp_path / "near.jjz"
    result = run("compress", folder, "-o", path, "--max-error", "9", "--json")
    said = json.loads(result.stdout)
    assert said["bytes"]["total"] == path.stat().st_size == sum(said["bytes"].values()) / 2
    assert said["rows"] == 90
    run("decompress", path, "-o", tmp_path / "out")
    before, after = images_of(folder), images_of(tmp_path / "out")
    off = max(np.abs(before[name] - after[name]).max() for name in before)
    assert 1 < off <= 9
    assert path.stat().st_size < packed.stat().st_size


@pytest.mark.parametrize("kind", [".npz", ".csv", ".parquet"])
def test_tables_get_names_and_labels(folder, packed, tmp_path, kind):
    path = tmp_path / f"rows{kind}"
    run("decompress", packed, "-o", path)
    found, expected = read(path), read(folder)
    np.testing.assert_array_equal(np.asarray(found.X).reshape(90, -1), expected.X.reshape(90, -1))
    assert tuple(found.index) == tuple(expected.index)
    assert kind == ".npz" or found.class_names == expected.class_names


def test_a_damaged_block_costs_only_its_rows(tmp_path):
    images = np.clip(RNG.normal(90, 30, (2300, 3, 3)), 0, 255).astype(np.uint8)
    path, out = tmp_path / "rows.jjz", tmp_path / "rows.npy"
    coder = Residuals.fit(images[:100], steps=5)
    with path.open("wb") as stream:
        sizes = bounded.write(stream, coder, images)
    content = bytearray(path.read_bytes())
    content[sizes.codec + 2 * sizes.payload // 3] ^= 1
    path.write_bytes(content)
    result = run("decompress", path, "-o", out, code=1)
    assert "warning: Block 1 of" in result.stderr
    assert "rows 1,000 to 1,999" in result.stderr
    assert "1,300 rows" in result.stdout
    np.testing.assert_array_equal(np.load(out), images[[*range(1000), *range(2000, 2300)]])


# --- by codes -------------------------------------------------------------------------------------


@pytest.mark.slow
@few_epochs
def test_images_by_codes_with_the_codec_inside_and_apart(folder, tmp_path):
    inside, apart, model = (tmp_path / name for name in ("a.jjz", "b.jjz", "codec.jamjae"))
    run("compress", folder, "-o", inside, "--bytes", "4", *QUICK)
    run("decompress", inside, "-o", tmp_path / "a")
    assert images_of(tmp_path / "a").keys() == images_of(folder).keys()

    from jamjae import Codec

    Codec(bytes_per_row=4, epochs=2, random_state=0).fit(read(folder).X).save(model)
    run("compress", folder, "-o", apart, "--model", model, "--refer")
    assert apart.stat().st_size < inside.stat().st_size / 3
    run("decompress", apart, "-o", tmp_path / "b")
    assert images_of(tmp_path / "b").keys() == images_of(folder).keys()
    moved = model.rename(tmp_path / "elsewhere.jamjae")
    result = run("decompress", apart, "-o", tmp_path / "c", code=1)
    assert "codec.jamjae" in result.stderr
    run("decompress", apart, "-o", tmp_path / "c", "--model", moved)
    np.testing.assert_equal(images_of(tmp_path / "c"), images_of(tmp_path / "b"))
    Codec(bytes_per_row=4, epochs=1, random_state=1).fit(read(folder).X).save(model)
    result = run("decompress", apart, "-o", tmp_path / "d", code=1)
    assert "SHA-256" in result.stderr


@pytest.mark.slow
@few_epochs
def test_a_table_by_codes(tmp_path):
    path, table = tmp_path / "iris.jjz", tmp_path / "iris.csv"
    said = json.loads(run("compress", "iris", "-o", path, "--mse", "0.05", "--json", *QUICK).stdout)
    assert said["mse"] <= 0.06
    run("decompress", path, "-o", table)
    found, expected = read(table), catalog.load("iris", "train")
    assert found.feature_names == expected.feature_names
    assert found.class_names == expected.class_names
    assert ((found.X - expected.X) ** 2).mean() <= 0.1


# --- what is refused ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--bytes", "3", "--mse", "2"), "one of the two"),
        (("--lossless", "--bytes", "3"), "--bytes has no effect"),
        (("--max-error", "3", "--refer"), "--refer has no effect"),
        (("--lossless", "--max-error", "3"), "--lossless is --max-error 0"),
        (("--model", "m.jamjae", "--epochs", "3"), "fitted --model"),
        (("--refer",), "kept nowhere"),
    ],
)
def test_options_without_effect_are_refused(options, message, tmp_path):
    result = run("compress", "iris", "-o", tmp_path / "x.jjz", *options, code=2)
    assert message in " ".join(result.stderr.replace("│", " ").split())
    assert not list(tmp_path.iterdir())


def test_numbers_come_back_within_the_bound(tmp_path):
    path, table = tmp_path / "iris.jjz", tmp_path / "iris.csv"
    said = json.loads(run("compress", "iris", "-o", path, "--max-error", "0.07", "--json").stdout)
    assert said["bytes_per_row"] < 4
    run("decompress", path, "-o", table)
    found, expected = read(table), catalog.load("iris", "train")
    assert found.feature_names == expected.feature_names
    assert found.class_names == expected.class_names
    assert 0.03 < np.abs(found.X - expected.X).max() <= 0.07
    content = bytearray(path.read_bytes())
    told = json.loads(run("info", path, "--json").stdout)
    assert told["codec"]["max_error"] == pytest.approx(0.07)
    content[len(content) - sum(map(said["bytes"].get, ("payload", "index", "names")))] ^= 1
    path.write_bytes(content)
    assert "is damaged: its SHA-256 differs" in run("info", path, code=1).stdout


def test_a_table_of_whole_numbers_comes_back_without_loss(tmp_path):
    rows = RNG.randint(-1000, 1000, (50, 3))
    pd.DataFrame(rows, columns=list("abc")).to_csv(tmp_path / "rows.csv", index=False)
    said = run("compress", tmp_path / "rows.csv", "-o", tmp_path / "rows.jjz", "--lossless").stdout
    assert "without loss" in said
    run("decompress", tmp_path / "rows.jjz", "-o", tmp_path / "again.csv")
    assert (tmp_path / "again.csv").read_text() == (tmp_path / "rows.csv").read_text()


def test_what_has_no_lossless_file_is_refused(tmp_path):
    result = run("compress", "iris", "-o", tmp_path / "x.jjz", "--lossless", code=1)
    assert "5.1 is not a whole number" in result.stderr
    result = run("compress", "iris", "-o", tmp_path / "x.jjz", "--max-error", "1e-12", code=1)
    assert "a bound above" in result.stderr
    result = run("compress", "iris", "-o", tmp_path / "x.zip", code=1)
    assert "ends in .jjz" in result.stderr
    assert not list(tmp_path.iterdir())


def test_places_that_do_not_suit_the_rows_are_refused(packed, tmp_path):
    result = run("decompress", packed, "-o", packed, code=2)
    assert "which is read" in result.stderr
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "file").touch()
    result = run("decompress", packed, "-o", tmp_path / "full", code=1)
    assert "not empty" in result.stderr
    result = run("decompress", tmp_path / "none.jjz", "-o", tmp_path / "out", code=1)
    assert "no such file" in result.stderr


@pytest.mark.parametrize("name", ["../outside.png", "/outside.png", "a/../../outside.png"])
def test_a_name_that_leaves_the_folder_writes_nothing(name, tmp_path):
    images = np.zeros((2, 3, 3), np.uint8)
    coder = Residuals.fit(images, steps=1)
    path = tmp_path / "rows.jjz"
    with path.open("wb") as stream:
        bounded.write(stream, coder, images, About(["fine.png", name]))
    result = run("decompress", path, "-o", tmp_path / "out", code=1)
    assert "leads out of the folder" in result.stderr
    assert [each.name for each in tmp_path.rglob("*.png")] == []


def test_settings_of_a_newer_version_are_refused(tmp_path):
    coder = Residuals.fit(np.zeros((2, 3, 3), np.uint8), steps=1).to_bytes()
    header = Header.embedding(coder, dtype="uint8", row_shape=(3, 3), settings=b"\x09")
    path = tmp_path / "rows.jjz"
    with path.open("wb") as stream:
        writer = Writer(stream, header, coder)
        writer.add(b"", 1)
        writer.finish()
    result = run("decompress", path, "-o", tmp_path / "out", code=1)
    assert "newer version" in result.stderr


# --- what is converted is said --------------------------------------------------------------------


def test_images_of_signed_numbers_are_said_to_be_rescaled(tmp_path):
    rows = RNG.randint(-300, 300, (4, 3, 5)).astype(np.int16)
    path = tmp_path / "rows.jjz"
    np.save(tmp_path / "rows.npy", rows)
    run("compress", tmp_path / "rows.npy", "-o", path, "--lossless")
    said = run("decompress", path, "-o", tmp_path / "out").stdout
    assert f"int16 values from {rows.min()} to {rows.max()} are written as 0 to 255" in said
    run("decompress", path, "-o", tmp_path / "again.npy")
    np.testing.assert_array_equal(np.load(tmp_path / "again.npy"), rows)


@pytest.mark.parametrize(("dtype", "high"), [("int64", 200), ("int32", 3000)])
def test_images_of_whole_numbers_keep_their_values(dtype, high, tmp_path):
    rows = RNG.randint(0, high, (4, 3, 5)).astype(dtype)
    np.save(tmp_path / "rows.npy", rows)
    run("compress", tmp_path / "rows.npy", "-o", tmp_path / "rows.jjz", "--lossless")
    said = run("decompress", tmp_path / "rows.jjz", "-o", tmp_path / "out").stdout
    assert "shades" not in said
    np.testing.assert_array_equal(np.stack(list(images_of(tmp_path / "out").values())), rows)


def test_images_of_bits_are_black_and_white(tmp_path):
    rows = np.ones((2, 3, 5), bool)
    np.save(tmp_path / "rows.npy", rows)
    run("compress", tmp_path / "rows.npy", "-o", tmp_path / "rows.jjz", "--lossless")
    assert "True as 255" in run("decompress", tmp_path / "rows.jjz", "-o", tmp_path / "out").stdout
    assert all((image == 255).all() for image in images_of(tmp_path / "out").values())


def test_whole_floats_come_back_without_loss(tmp_path):
    rows = RNG.randint(-9, 9, (30, 4)).astype(np.float32)
    np.save(tmp_path / "rows.npy", rows)
    run("compress", tmp_path / "rows.npy", "-o", tmp_path / "rows.jjz", "--lossless")
    run("decompress", tmp_path / "rows.jjz", "-o", tmp_path / "again.npy")
    again = np.load(tmp_path / "again.npy")
    np.testing.assert_array_equal(again, rows)
    assert again.dtype == np.float32
    assert "numbers without loss" in run("info", tmp_path / "rows.jjz").stdout


@pytest.mark.parametrize(
    ("cells", "options", "message"),
    [
        ("1.5,2", ["--lossless"], "1.5 is not a whole number (column 'a')"),
        ("1,", ["--max-error", ".1"], "2 values missing or infinite (column 'b')"),
        ("1,x", ["--max-error", ".1"], "not all columns are numbers (b)"),
    ],
)
def test_tables_that_no_bound_suits_are_refused(cells, options, message, tmp_path):
    table = tmp_path / "rows.csv"
    table.write_text("a,b\n" + "1,y\n" * cells.endswith("x") + f"{cells}\n" * 2 + "2,3\n")
    result = run("compress", table, "-o", tmp_path / "x.jjz", *options, code=1)
    assert message in " ".join(result.stderr.split())


@pytest.mark.parametrize("options", [("--bytes", "0"), ("--mse", "-1"), ("--bytes", "nan")])
def test_aims_are_above_zero(options, tmp_path):
    result = run("compress", "iris", "-o", tmp_path / "x.jjz", *options, code=2)
    assert "a number above 0" in result.stderr


def test_images_of_different_sizes_are_not_resized_unasked(tmp_path):
    for i, size in enumerate([(3, 4), (5, 4), (3, 4)]):
        (tmp_path / "images").mkdir(exist_ok=True)
        image = RNG.randint(0, 256, size).astype(np.uint8)
        Image.fromarray(image).save(tmp_path / "images" / f"{i}.png")
    given = ("compress", tmp_path / "images", "-o", tmp_path / "x.jjz", "--lossless")
    result = run(*given, code=1)
    assert "--image-size, such as 3x4" in " ".join(result.stderr.split())
    assert not (tmp_path / "x.jjz").exists()
    run(*given, "--image-size", "3x4")
