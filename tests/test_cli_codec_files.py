"""``jamjae compress``, ``decompress`` and ``info`` of compressed rows, as a user types it."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from command_line import _own_cache, run  # noqa: F401 - a fixture
from jamjae import read
from jamjae.latent.codec.archive import Writer
from jamjae.latent.codec.reader import opened
from jamjae.models.compression import compressed

pytestmark = pytest.mark.filterwarnings(
    "ignore:Training did not improve",
    "ignore:mse was not reached",
)

QUICK = ["--epochs", "1", "-k", "3", "--seed", "0", "--network", "dense"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("사진")
    rng = np.random.RandomState(0)
    for i in range(24):
        path = folder / ("고양이" if i % 2 else "cat") / f"{i // 4}.{'bmp' if i % 4 > 1 else 'png'}"
        path.parent.mkdir(exist_ok=True)
        Image.fromarray(rng.randint(0, 256, (12, 9), dtype=np.uint8)).save(path)
    return folder


@pytest.fixture(scope="module")
def made(folder, tmp_path_factory):
    """Compress images in blocks of ten rows: the file, the codec's file, and what was said."""
    place = tmp_path_factory.mktemp("made")
    file, model = place / "all.jjz", place / "codec.jamjae"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(compressed, "BLOCK_ROWS", 10)
        said = run("compress", folder, "-o", file, "--save-model", model, "--json", *QUICK)
    return file, model, json.loads(said.stdout)


def shades(folder, like):
    """Read the images of a folder that stand for those of another one."""
    paths = sorted(path.relative_to(like) for path in like.rglob("*.*"))
    named = [path.with_suffix(".png") for path in paths]
    if len(set(named)) < len(named):
        named = [path.with_name(f"{path.name}.png") for path in paths]
    return np.stack([np.asarray(Image.open(folder / name), dtype=float) for name in named])


def test_images_come_back_under_their_names(folder, made, tmp_path):
    file, _, values = made
    run("decompress", file, "-o", tmp_path / "out")
    found = shades(tmp_path / "out", folder)  # those of equal stems keep their suffixes
    original = np.stack([np.asarray(Image.open(p)) for p in sorted(folder.rglob("*.*"))])
    assert np.mean((found - original) ** 2) == pytest.approx(values["mse"])
    assert len(list((tmp_path / "out").rglob("*.*"))) == values["rows"] == 24


def test_sizes_are_those_of_the_file(made):
    file, _, values = made
    sizes = values["bytes"]
    assert sum(sizes.values()) == 2 * sizes["total"] == 2 * file.stat().st_size
    assert values["bytes_per_row"] * 24 == pytest.approx(sizes["payload"] + sizes["index"])
    assert values["bytes_of_values"] == 24 * 12 * 9
    told = json.loads(run("info", file, "--json").stdout)
    assert (told["rows"], told["blocks"], told["dtype"]) == (24, 3, "uint8")
    assert told["payload_per_row"] * 24 == pytest.approx(sizes["payload"])
    assert told["class_names"] == ["cat", "고양이"]
    assert told["codec"]["components"] == 3


def test_some_rows_are_those_of_all(made, tmp_path):
    file, model, _ = made
    run("decompress", file, "-o", tmp_path / "all.npz")
    run("decompress", file, "-o", tmp_path / "some.npz", "--rows", "8:12", "--model", model)
    every, some = read(tmp_path / "all.npz"), read(tmp_path / "some.npz")
    assert every.X.dtype == np.uint8
    assert np.array_equal(some.X, every.X[8:12])
    assert tuple(some.index) == tuple(every.index[8:12])
    assert list(some.labels) == list(every.labels[8:12])
    said = run("decompress", file, "-o", tmp_path / "some.npy", "--rows", "23").stdout
    assert "left out: names and labels" in said
    assert np.array_equal(np.load(tmp_path / "some.npy"), every.X[23:])
    for rows, code in (("30:40", 1), ("4:2", 1), ("1:2:3", 2), ("last", 2)):
        run("decompress", file, "-o", tmp_path / "none.npy", "--rows", rows, code=code)
    assert not (tmp_path / "none.npy").exists()


def test_a_damaged_block_is_named_and_the_others_come(made, tmp_path):
    file, model, _ = made
    content = bytearray(file.read_bytes())
    with opened(file) as reader:
        content[reader._index[1][1] + 8] ^= 1
    hurt = tmp_path / "hurt.jjz"
    hurt.write_bytes(content)
    said = run("decompress", hurt, "-o", tmp_path / "some.npz", code=1)
    assert "Block 1" in said.stderr
    assert "rows 10 to 19" in said.stderr
    run("decompress", file, "-o", tmp_path / "all.npz")
    rows, some = read(tmp_path / "all.npz").X, read(tmp_path / "some.npz").X
    assert np.array_equal(some, np.concatenate([rows[:10], rows[20:]]))
    run("decompress", hurt, "-o", tmp_path / "first.npz", "--rows", ":10")
    told = json.loads(run("info", hurt, "--json", code=1).stdout)
    assert len(told["damaged"]) == 1
    content[200 + len(str(file))] ^= 1  # of the codec
    hurt.write_bytes(content)
    assert "SHA-256" in run("decompress", hurt, "-o", tmp_path / "b.npy", code=1).stderr
    run("decompress", hurt, "-o", tmp_path / "b.npy", "--model", model, "--rows", "20:")


def test_a_file_can_refer_to_its_codec(folder, made, tmp_path):
    _, model, values = made
    shutil.copy(model, tmp_path / "codec.jamjae")
    file = tmp_path / "deep" / "all.jjz"
    given = ["--model", tmp_path / "codec.jamjae", "--refer", "--json"]
    told = json.loads(run("compress", folder, "-o", file, *given).stdout)
    assert told["bytes"]["codec"] == 0
    assert told["mse"] == pytest.approx(values["mse"])
    (tmp_path / "deep").rename(tmp_path / "other")
    file = tmp_path / "other" / "all.jjz"
    assert "'../codec.jamjae'" in run("info", file).stdout
    run("decompress", file, "-o", tmp_path / "a.npy")
    (tmp_path / "codec.jamjae").unlink()
    said = run("decompress", file, "-o", tmp_path / "b.npy", code=1)
    assert "--model" in said.stderr
    run("decompress", file, "-o", tmp_path / "b.npy", "--model", model)
    assert np.array_equal(np.load(tmp_path / "a.npy"), np.load(tmp_path / "b.npy"))


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--bytes", "8", "--mse", "1"], "Give one of the two"),
        (["--model", "a.jamjae", "--bytes", "8"], "--bytes has no effect"),
        (["--model", "a.jamjae", "--save-model", "b.jamjae"], "--save-model"),
        (["--refer"], "--save-model PATH"),
        (["--components", "some"], "--components some"),
    ],
)
def test_options_that_contradict_each_other_are_refused(folder, tmp_path, options, said):
    assert said in run("compress", folder, "-o", tmp_path / "a.jjz", *options, code=2).stderr
    assert not list(tmp_path.iterdir())


def test_nothing_is_overwritten_unasked(folder, made, tmp_path):
    file, model, _ = made
    assert "it exists" in run("compress", folder, "-o", file, *QUICK, code=1).stderr
    for output in (folder / "a.jjz", tmp_path / "a.csv"):
        run("compress", folder, "-o", output, code=2 if output.suffix == ".jjz" else 1)
    assert "not empty" in run("decompress", file, "-o", folder, code=1).stderr
    assert "is read" in run("decompress", file, "-o", model, "--model", model, code=2).stderr


def test_names_that_leave_the_folder_are_refused(made, tmp_path):
    file, _, _ = made
    with opened(file) as reader:
        block, header, codec = reader.block(0), reader.header, reader.codec()
    names = [*block.names[:9], "../outside.png"]
    with (tmp_path / "bad.jjz").open("wb") as stream:
        writer = Writer(stream, header, codec)
        writer.add(block.payload, 10, names)
        writer.finish()
    said = run("decompress", tmp_path / "bad.jjz", "-o", tmp_path / "out", code=1)
    assert "leads out of the folder" in " ".join(said.stderr.split())
    assert [path.name for path in tmp_path.iterdir()] == ["bad.jjz"]


def test_labels_stand_beside_images_whose_folders_do_not_give_them(made, tmp_path):
    file, _, _ = made
    with opened(file) as reader:
        block, header, codec = reader.block(0), reader.header, reader.codec()
    with (tmp_path / "flat.jjz").open("wb") as stream:
        writer = Writer(stream, header, codec)
        writer.add(block.payload, 10, (), block.labels)
        writer.finish()
    run("decompress", tmp_path / "flat.jjz", "-o", tmp_path / "out")
    table = pd.read_csv(tmp_path / "out" / "labels.csv")
    assert table["name"][0] == "00000.png"
    assert list(table["label"]) == [header.class_names[label] for label in block.labels]
    again = read(tmp_path / "out", label_file=tmp_path / "out" / "labels.csv")
    assert list(again.labels) == list(block.labels)


def test_other_files_are_refused(made, folder, tmp_path):
    _, model, _ = made
    assert (
        "no file of compressed rows"
        in run("decompress", model, "-o", tmp_path / "a.npy", code=1).stderr
    )
    assert "there is no such file" in run("info", tmp_path / "none.jjz", code=1).stderr


@pytest.mark.slow
@pytest.mark.parametrize("kind", [".csv", ".parquet"])
def test_tables_have_their_columns_and_labels(tmp_path, kind):
    rng = np.random.RandomState(0)
    frame = pd.DataFrame(rng.normal(size=(60, 3)) @ rng.normal(size=(3, 6)), columns=list("abcdef"))
    frame["a"] = frame["a"].round().astype(int)
    frame["kind"] = np.where(np.arange(60) % 2, "left", "right")
    frame.to_csv(tmp_path / "rows.csv", index=False)
    file, output = tmp_path / "rows.jjz", tmp_path / f"out{kind}"
    given = ["--label", "kind", "--mse", ".01", "--standardize", "--epochs", "1", "--seed", "0"]
    told = json.loads(run("compress", tmp_path / "rows.csv", "-o", file, "--json", *given).stdout)
    assert told["mse"] < 0.02
    run("decompress", file, "-o", output)
    made = pd.read_csv(output) if kind == ".csv" else pd.read_parquet(output)
    assert list(made) == list(frame)
    assert list(made["kind"]) == list(frame["kind"])
    spread = frame.drop(columns="kind")
    rest = (made.drop(columns="kind") - spread) / spread.std(ddof=0)
    assert np.mean(rest**2) == pytest.approx(told["mse"], rel=0.05)
    said = run("decompress", file, "-o", tmp_path / "out", code=2)
    assert "for rows of a table" in said.stderr
