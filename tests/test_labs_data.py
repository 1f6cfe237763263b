"""The data that the chapter's experiments take, and those they refuse."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from jamjae import Autoencoder
from jamjae.errors import DataNotFoundError, InvalidDataError
from jamjae.labs import data, runner
from jamjae.labs.settings import Settings

# --- data ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked", "shape", "given"),
    [(64, (28, 28), 64), (128, (28, 28), 128), (100, (8, 8), 16), (25, (8, 8), 4), (64, (2,), 1)],
)
def test_codes_are_smaller_than_rows(asked, shape, given):
    assert data.components(asked, shape) == given


def test_data_without_classes_are_refused_before_anything_is_trained(tmp_path):
    np.save(tmp_path / "rows.npy", np.random.RandomState(0).random_sample((40, 6, 6)))
    with pytest.raises(InvalidDataError, match="--label"):
        runner.run_lab(
            "12-4", Settings(quick=True, data=str(tmp_path / "rows.npy")), tmp_path / "o"
        )
    assert not (tmp_path / "o").exists()


def test_too_few_rows_are_refused(tmp_path):
    np.save(tmp_path / "rows.npy", np.zeros((9, 6)))
    with pytest.raises(InvalidDataError, match="at least 10"):
        runner.run_lab("12-3-mlp", Settings(data=str(tmp_path / "rows.npy")), tmp_path / "o")


def test_one_s_own_table_is_varied_by_its_classes(tmp_path):
    rng = np.random.RandomState(0)
    lines = ["a,b,c,d,e,f,g,h,kind"]
    lines += [",".join(map(str, rng.normal(i % 2, 0.1, 8))) + f",{'xy'[i % 2]}" for i in range(60)]
    (tmp_path / "table.csv").write_text("\n".join(lines))
    settings = Settings(quick=True, data=str(tmp_path / "table.csv"), label="kind")
    page = runner.run_lab("12-4", settings, tmp_path / "out").page
    assert "jamjae-classes" in {file.stem for file in page.parent.glob("*.png")}


@pytest.mark.parametrize(
    ("lab", "rows", "match"),
    [
        ("12-3-cnn", np.zeros((40, 6)), "12-3-mlp"),
        ("12-3-cnn", np.zeros((40, 3, 3)), "5 x 5"),
        ("c1-map", np.zeros((40, 6, 6)), "at least 2 classes"),
    ],
)
def test_data_that_do_not_suit_a_lab_are_refused(tmp_path, lab, rows, match):
    np.savez(tmp_path / "rows.npz", X=rows, y=np.zeros(40, dtype=int))
    settings = Settings(quick=True, data=str(tmp_path / "rows.npz"))
    with pytest.raises(InvalidDataError, match=match):
        runner.run_lab(lab, settings, tmp_path / "out")


def test_a_table_is_compressed_without_images(tmp_path):
    np.save(tmp_path / "rows.npy", np.random.RandomState(0).normal(size=(60, 40)))
    settings = Settings(quick=True, data=str(tmp_path / "rows.npy"))
    assert runner.run_lab("pca-compression", settings, tmp_path / "out").page.exists()


@pytest.mark.parametrize(("count", "error"), [(0, DataNotFoundError), (9, InvalidDataError)])
def test_too_few_photographs_are_refused(tmp_path, count, error):
    for number in range(count):
        Image.fromarray(np.zeros((9, 9, 3), dtype=np.uint8)).save(tmp_path / f"{number}.png")
    with pytest.raises(error):
        runner.run_lab("a2-denoise", Settings(quick=True, images=tmp_path), tmp_path / "out")


def test_one_s_own_photographs_are_split_three_to_one(tmp_path):
    for number in range(12):
        Image.fromarray(np.full((70, 50), 20 * number, dtype=np.uint8)).save(
            tmp_path / f"{number}.png"
        )
    found = data.photographs(Settings(images=tmp_path), (300, 100))
    assert found.train.X.shape == (9, 63, 63, 3)
    assert found.test.X.shape == (3, 63, 63, 3)


def test_without_the_clothes_it_says_what_to_do(monkeypatch):
    def nothing(name, subset="train"):
        raise DataNotFoundError("There is no network.")

    monkeypatch.setattr(data.catalog, "load", nothing)
    with pytest.raises(DataNotFoundError, match=r"(?s)no network.*--data digits"):
        data.rows(Settings(), (10, 10))


# --- pairs --------------------------------------------------------------------------------------


def test_noisy_versions_are_what_is_encoded():
    rng = np.random.RandomState(0)
    clean = rng.normal(size=(400, 2)) @ rng.normal(size=(2, 6))
    noisy = clean + rng.normal(size=clean.shape)
    unseen = (
        rng.normal(size=(200, 2))
        @ np.linalg.lstsq(rng.normal(size=(2, 2)), clean[:2], rcond=None)[0]
    )
    paired = Autoencoder(2, random_state=0, epochs=60).fit(clean, corrupted=noisy)
    plain = Autoencoder(2, random_state=0, epochs=60).fit(clean)
    worse, better = (np.square(m.denoise(noisy) - clean).mean() for m in (plain, paired))
    assert better < 0.9 * worse
    assert unseen.shape == (200, 6)


@pytest.mark.parametrize(
    ("options", "corrupted", "match"),
    [
        ({}, np.zeros((30, 3)), "features|shape"),
        ({}, np.zeros((29, 4)), "One noisy version per row"),
        ({}, np.zeros((30, 4), dtype=np.uint8), "same units"),
        ({}, np.full((30, 4), np.nan), "NaN"),
    ],
)
def test_noisy_versions_that_are_no_pairs_are_refused(options, corrupted, match):
    X = np.random.RandomState(0).normal(size=(30, 4))
    with pytest.raises(ValueError, match=match):
        Autoencoder(2, epochs=1, **options).fit(X, corrupted=corrupted)
