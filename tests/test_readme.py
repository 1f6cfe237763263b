"""The README's Python runs as it stands."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.neighbors import KNeighborsClassifier

from jamjae.evaluation.metrics import trustworthiness

README = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
TEN_LINES, COMPARISON, GUIDED, SAMPLED, VARIATIONAL, NEW_DATA, DENOISED, *OTHERS = BLOCKS
COMPRESSED, DETECTED, EXPLORED, CHAPTER, OWN_DATA, MISSING = OTHERS


# What `make test` trains less, and `make test-slow` as it stands.
epochs = pytest.mark.parametrize(
    "epochs", [", epochs=2", pytest.param("", marks=pytest.mark.slow)], ids=["few", "all"]
)


def trained_for(epochs, code):
    """The code with another argument for an autoencoder."""
    assert code.count("random_state=0)") == 1
    return code.replace("random_state=0)", f"random_state=0{epochs})")


@epochs
def test_ten_lines(tmp_path, monkeypatch, capsys, epochs):
    monkeypatch.chdir(tmp_path)
    names = {}
    exec(trained_for(epochs, TEN_LINES), names)  # noqa: S102
    assert len([line for line in TEN_LINES.splitlines() if line]) == 10
    assert names["Z"].shape == (1797, 8)
    assert names["X2"].shape == (1797, 8, 8)
    assert (tmp_path / "digits.jamjae").exists()
    _, ours, rival = map(float, capsys.readouterr().out.split())
    assert ours < rival


@pytest.mark.slow
def test_the_comparison(capsys):
    names = {}
    exec(COMPARISON, names)  # noqa: S102
    printed = capsys.readouterr().out
    assert "16 components" in printed
    assert "PCA does not suffice" in printed
    assert len(names["figure"].axes) == 3


@pytest.mark.slow
def test_the_guided_autoencoder():
    names = {}
    exec(GUIDED, names)  # noqa: S102
    assert trustworthiness(names["unseen"], names["Z"], n_neighbors=12) > 0.999
    assert np.square(names["X2"] - names["unseen"]).mean() < 0.0005


@epochs
def test_samples(epochs):
    names = {}
    code = SAMPLED.replace(
        "Autoencoder(16, random_state=0", f"Autoencoder(16, random_state=0{epochs}"
    )
    exec(code, names)  # noqa: S102
    digits, ae = names["digits"], names["ae"]
    assert names["new"].shape == (64, 8, 8)
    assert names["near"].shape == names["threes"].shape == (8, 8, 8)
    assert np.isfinite(names["likely"]).all()
    nearest = KNeighborsClassifier(5).fit(digits.X.reshape(-1, 64), digits.y)
    threes = ae.sample(50, y=3, random_state=0).reshape(-1, 64)
    assert (nearest.predict(threes) == 3).mean() > 0.8


@epochs
def test_new_data(epochs):
    names = {}
    exec(trained_for(epochs, NEW_DATA), names)  # noqa: S102
    digits, new = names["digits"], names["new"]
    assert new.shape == (50, 8, 8)
    nearest = KNeighborsClassifier(5).fit(digits.X.reshape(-1, 64), digits.y)
    assert (nearest.predict(new.reshape(-1, 64)) == 3).mean() > 0.8


@pytest.mark.slow
@pytest.mark.usefixtures("photos")
def test_noise_is_removed():
    names = {}
    exec(DENOISED.replace("noise=0.3", "noise=0.3, epochs=1"), names)  # noqa: S102
    assert names["denoised"].shape == (10, 63, 63, 3)
    assert names["denoised"].dtype == np.uint8


@pytest.mark.slow
def test_a_model_is_explored(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    exec(EXPLORED, {})  # noqa: S102
    assert (tmp_path / "explorer.html").read_text("utf-8").startswith("<!DOCTYPE html>")


@pytest.mark.filterwarnings("ignore:Do not pass an `input_shape`:UserWarning")
@pytest.mark.usefixtures("fashion_mnist")
def test_the_chapter_s_code(capsys):
    names = {}
    exec(CHAPTER.replace("epochs=15", "epochs=1"), names)  # noqa: S102
    assert names["ae"].encoder_ is names["encoder"]
    assert "117,840" in capsys.readouterr().out
    assert names["ae"].score(names["X"][:1000]) > 0.5


def test_own_data(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    heights, weights = rng.normal(165, 8, 60).round(1), rng.normal(62, 9, 60).round(1)
    columns = {"번호": range(1, 61), "키": heights, "몸무게": weights}
    frame = pd.DataFrame(columns | {"혈압": rng.integers(100, 140, 60) * 1.0})
    frame["등급"] = rng.choice(list("가나"), 60)
    frame.loc[3, "혈압"] = np.nan
    frame.to_csv("health.csv", index=False, encoding="cp949", sep=";", decimal=",")
    exec(OWN_DATA, {})  # noqa: S102
    assert capsys.readouterr().out in README


@pytest.mark.slow
def test_missing_cells_are_filled():
    names = {}
    exec(MISSING, names)  # noqa: S102
    X, full = names["X"], names["full"]
    known = ~np.isnan(X)
    assert np.array_equal(full[known], X[known])
    assert np.isfinite(full).all()


def test_a_variational_autoencoder():
    names = {}
    exec(VARIATIONAL.replace("epochs=20", "epochs=2"), names)  # noqa: S102
    assert names["new"].shape == (64, 8, 8)
    assert (names["deviation"] > 0).all()


@pytest.mark.parametrize("epochs", ["3", pytest.param("100", marks=pytest.mark.slow)])
@pytest.mark.filterwarnings("ignore:Training did not improve")
def test_compression(epochs):
    names = {}
    exec(COMPRESSED.replace("epochs=100", f"epochs={epochs}"), names)  # noqa: S102
    assert names["some"].dtype == names["X"].dtype
    assert names["some"].shape == (2, 8, 8)
    assert names["codec"].bytes_per_row_ <= 8


@pytest.mark.filterwarnings("ignore:Training did not improve")
@epochs
def test_anomalies(epochs):
    names = {}
    exec(DETECTED.replace("Autoencoder(16", f"Autoencoder(16{epochs}"), names)  # noqa: S102
    assert names["anomalous"].mean() > (0.5 if epochs else 0.9)
    assert np.array_equal(names["anomalous"], names["p"] <= names["detector"].false_alarm)
