"""Codes for TensorBoard's projector and Embedding Atlas."""

from __future__ import annotations

import io
import json
import math

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from data_files import left_over, save_image
from jamjae.data import exporting
from jamjae.data.exporting import write_atlas, write_projector
from jamjae.errors import InvalidDataError, OutputError, ShapeMismatchError
from test_cli_places import QUICK, run, said

CODES = np.random.default_rng(0).normal(size=(5, 3)).astype(np.float32)
LIMIT = "the projector loads at most"


def sprite_of(folder):
    with Image.open(folder / "sprite.png") as sprite:
        return np.asarray(sprite)


def lines_of(path):
    text = path.read_text(encoding="utf-8")
    assert text.endswith("\n")
    return text[:-1].split("\n")


def test_vectors_are_exact_and_a_single_column_has_no_header(tmp_path):
    made = write_projector(tmp_path / "out", CODES, columns={"label": list("abcab")})
    assert made.notes == ()
    vectors = [line.split("\t") for line in lines_of(made.path / "vectors.tsv")]
    np.testing.assert_array_equal(np.array(vectors, dtype=np.float32), CODES)
    assert lines_of(made.path / "metadata.tsv") == list("abcab")
    config = (made.path / "projector_config.pbtxt").read_text()
    assert 'tensor_path: "vectors.tsv"' in config
    assert 'metadata_path: "metadata.tsv"' in config
    assert "sprite" not in config


def test_several_columns_have_a_header_and_a_line_for_each_row(tmp_path):
    columns = {
        "label": ["고양이", None, "a\tb", "c\nd", " "],
        "big number": [1, 2, 3, 4, 5],
        "share": [0.5, np.nan, 1.0, 2.0, np.inf],
        "day": pd.to_datetime(["2024-01-01", None, "2024-01-03", "2024-01-04", "2024-01-05"]),
    }
    made = write_projector(tmp_path, CODES, columns=columns)
    assert lines_of(made.path / "metadata.tsv") == [
        "label\tbig number\tshare\tday",
        "고양이\t1\t0.5\t2024-01-01 00:00:00",
        "(missing)\t2\t(missing)\t(missing)",
        "a b\t3\t1.0\t2024-01-03 00:00:00",
        "c d\t4\t2.0\t2024-01-04 00:00:00",
        "(missing)\t5\tinf\t2024-01-05 00:00:00",
    ]


def test_codes_alone_have_no_metadata(tmp_path):
    write_projector(tmp_path, CODES)
    assert left_over(tmp_path) == ["projector_config.pbtxt", "vectors.tsv"]
    assert "metadata" not in (tmp_path / "projector_config.pbtxt").read_text()


@pytest.mark.parametrize("shape", [(5, 4, 6), (5, 6, 4, 1), (5, 6, 6, 3), (5, 6, 6, 4)])
def test_a_sprite_is_a_square_of_square_thumbnails(tmp_path, shape):
    images = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    made = write_projector(tmp_path, CODES, images=images)
    assert made.notes == ()
    sprite = sprite_of(tmp_path)
    assert sprite.shape == (18, 18, 4)  # as many rows as columns, as the projector counts
    across, down = (6 - shape[2]) // 2, (6 - shape[1]) // 2
    fourth = sprite[6 + down : 6 + down + shape[1], across : across + shape[2]]
    shown = images[3].reshape(*shape[1:3], -1)
    colors = min(shown.shape[2], 3)
    np.testing.assert_array_equal(
        fourth[..., :3], np.broadcast_to(shown[..., :colors], (*shape[1:3], 3))
    )
    assert (tmp_path / "projector_config.pbtxt").read_text().count("single_image_dim: 6\n") == 2


def test_thumbnails_are_made_smaller_where_the_sheet_is_too_small(tmp_path, monkeypatch):
    monkeypatch.setattr(exporting, "SHEET", 50)
    images = np.full((5, 20, 40), 255, dtype=np.uint8)
    made = write_projector(tmp_path, CODES, images=images)
    assert made.notes == (
        f"images: made smaller, from 20 x 40 pixels to 16 x 16; {LIMIT} 50 x 50 pixels",
    )
    assert sprite_of(tmp_path).shape[:2] == (48, 48)
    monkeypatch.setattr(exporting, "SHEET", 20)
    made = write_projector(tmp_path / "none", CODES, images=images)
    assert made.notes == (f"images: 5 left out; {LIMIT} 20 x 20 pixels",)
    assert "sprite" not in (tmp_path / "none" / "projector_config.pbtxt").read_text()


@pytest.mark.parametrize("write", [write_projector, write_atlas])
def test_images_of_other_channels_are_left_out(tmp_path, write):
    made = write(tmp_path / "a.parquet", CODES, images=np.zeros((5, 4, 4, 7)))
    assert made.notes == ("images: left out; rows of shape (4, 4, 7) cannot be drawn",)


def test_more_rows_than_tensorboard_loads_are_said(tmp_path, monkeypatch):
    monkeypatch.setattr(exporting, "SHOWN", 3)
    made = write_projector(tmp_path, CODES)
    assert made.notes == ("rows: TensorBoard loads the first 3 of 5",)


def test_atlas_has_codes_labels_and_images(tmp_path, monkeypatch):
    monkeypatch.setattr(exporting, "PIECE", 2)
    images = np.random.default_rng(0).random((5, 4, 6))
    columns = {"label": ["a", None, "b", "a", "c"], "n": [1, 2, 3, 4, 5]}
    made = write_atlas(
        tmp_path / "a.parquet", CODES, columns=columns, images=images, data_range=(0, 1)
    )
    frame = pd.read_parquet(made.path)
    assert frame.columns.tolist() == ["label", "n", "vector", "image"]
    np.testing.assert_array_equal(np.stack(frame["vector"]), CODES)
    assert frame["n"].tolist() == [1, 2, 3, 4, 5]
    assert frame["label"].isna().tolist() == [False, True, False, False, False]
    shown = [np.asarray(Image.open(io.BytesIO(one))) for one in frame["image"]]
    np.testing.assert_array_equal(shown, np.rint(images * 255))


def test_atlas_has_x_and_y_of_two_components(tmp_path):
    frame = pd.read_parquet(write_atlas(tmp_path / "a.parquet", CODES[:, :2]).path)
    assert frame.columns.tolist() == ["x", "y", "vector"]
    np.testing.assert_array_equal(frame[["x", "y"]], CODES[:, :2])


@pytest.mark.parametrize("write", [write_projector, write_atlas])
@pytest.mark.parametrize(
    ("given", "error"),
    [
        ({"columns": {"label": ["a"]}}, ShapeMismatchError),
        ({"images": np.zeros((4, 3, 3))}, ShapeMismatchError),
        ({"images": np.full((5, 3, 3), np.nan)}, InvalidDataError),
    ],
)
def test_what_does_not_fit_is_refused(tmp_path, write, given, error):
    with pytest.raises(error):
        write(tmp_path / "a.parquet", CODES, **given)
    assert not (tmp_path / "a.parquet").is_file()


def test_other_faults_say_what_to_do(tmp_path):
    with pytest.raises(InvalidDataError, match="two components and more"):
        write_projector(tmp_path, CODES[:, :1])
    with pytest.raises(InvalidDataError, match="two columns are named 'x'"):
        write_atlas(tmp_path / "a.parquet", CODES[:, :2], columns={"x": range(5)})
    with pytest.raises(InvalidDataError, match="columns of one type"):
        write_atlas(tmp_path / "a.parquet", CODES, columns={"odd": [1, "a", 2, [3], 4]})
    with pytest.raises(OutputError, match=r"\.parquet"):
        write_atlas(tmp_path / "a.csv", CODES)
    with pytest.raises(InvalidDataError, match="shape"):
        write_projector(tmp_path, CODES[0])
    assert left_over(tmp_path) == []


# --- as a user types it -------------------------------------------------------------------------


@pytest.fixture(scope="module")
def flowers(tmp_path_factory):
    folder = tmp_path_factory.mktemp("flowers")
    rows = np.random.default_rng(0).random((9, 3)).round(3)
    frame = pd.DataFrame(rows, columns=["a", "b", "c"], index=[f"f{i}" for i in range(9)])
    frame.assign(kind=[*"xyzxyzxy", None]).to_csv(folder / "flowers.csv")
    run("fit", folder / "flowers.csv", "-o", folder / "m.jamjae", "--label", "kind", *QUICK)
    return folder


def encode(flowers, *words, **options):
    given = (flowers / "m.jamjae", flowers / "flowers.csv", "--label", "kind")
    return run("encode", *given, *words, **options)


def test_encode_writes_a_folder_for_the_projector(flowers, tmp_path):
    out = tmp_path / "a folder"
    told = encode(flowers, "-o", out, "--format", "projector", "--keep", "b")
    assert f"open it with: tensorboard --logdir '{out}'" in told.stdout
    head, *rows = lines_of(out / "metadata.tsv")
    assert head == "name\tlabel\tb"
    assert rows[0].startswith("f0\tx\t0.")
    assert rows[8].startswith("f8\t(missing)\t0.")
    assert "not empty" in said(encode(flowers, "-o", out, "--format", "projector", code=1))
    values = json.loads(
        encode(flowers, "-o", out, "--format", "projector", "--force", "--json").stdout
    )
    assert values["codes"] == [9, 2]


def test_encode_writes_parquet_for_atlas(flowers, tmp_path):
    out = tmp_path / "codes.parquet"
    told = encode(flowers, "-o", out, "--format", "atlas")
    assert "--x x --y y" in told.stdout
    assert pd.read_parquet(out).columns.tolist() == ["x", "y", "name", "label", "vector"]
    assert "--force" in said(encode(flowers, "-o", out, "--format", "atlas", code=1))


@pytest.mark.parametrize(
    ("words", "code", "expected"),
    [
        (("out.csv", "--format", "projector"), 2, "name a folder"),
        (("out", "--format", "atlas"), 1, "ends in .parquet"),
        (("out", "--format", "other"), 2, "projector"),
        (("out", "--format", "projector", "--excel"), 2, "--excel"),
        (("out", "--format", "projector", "--keep", "d"), 1, "Cannot keep 'd'"),
    ],
)
def test_encode_refuses_what_the_tools_cannot_open(
    flowers, tmp_path, monkeypatch, words, code, expected
):
    monkeypatch.chdir(tmp_path)
    assert expected in said(encode(flowers, "-o", *words, code=code))
    assert left_over(tmp_path) == []


@pytest.mark.slow
def test_images_go_to_both_tools(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for i in range(12):
        save_image(tmp_path / "in" / "ab"[i % 2] / f"{i}.png", np.full((8, 8), 20 * i))
    run("fit", "in", "-o", "m.jamjae", *QUICK)
    run("encode", "m.jamjae", "in", "-o", "out", "--format", "projector")
    told = run("encode", "m.jamjae", "in", "-o", "out.parquet", "--format", "atlas")
    assert told.stdout.endswith("embedding-atlas out.parquet --x x --y y --image image\n")
    side = 8 * math.ceil(math.sqrt(12))
    assert sprite_of(tmp_path / "out").shape[:2] == (side, side)
    frame = pd.read_parquet("out.parquet")
    shades = [np.asarray(Image.open(io.BytesIO(one)))[0, 0] for one in frame["image"]]
    named = [int(name.split("/")[1].removesuffix(".png")) for name in frame["name"]]
    assert shades == [20 * i for i in named]
    assert frame["label"].tolist() == [name.split("/")[0] for name in frame["name"]]
