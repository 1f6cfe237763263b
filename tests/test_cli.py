"""The command line, as a user types it."""

from __future__ import annotations

import gc
import json
import os
import pty
import shutil
import signal
import subprocess
import sys
import warnings

import numpy as np
import pandas as pd
import pytest
import typer
from PIL import Image

from command_line import _own_cache, run  # noqa: F401 - a fixture
from jamjae import load_model
from jamjae.cli import guard

pytestmark = pytest.mark.filterwarnings(
    "ignore:Training did not improve:sklearn.exceptions.ConvergenceWarning"
)

QUICK = ["--epochs", "2", "-k", "3", "--seed", "0"]


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    path = tmp_path_factory.mktemp("data") / "measured.csv"
    rng = np.random.RandomState(0)
    lines = ["a,b,c,d,kind"]
    for i, row in enumerate(rng.normal(size=(60, 4)) * [5, 3, 1, 0.2]):
        lines.append(",".join(map(str, row)) + (",left" if i % 2 else ",right"))
    path.write_text("\n".join(lines))
    return path


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Images of two classes, two sizes, gray and in color."""
    root = tmp_path_factory.mktemp("사진")
    rng = np.random.RandomState(0)
    for i in range(24):
        side = 10 if i % 3 else 12
        shape = (side, 9, 3) if i % 5 == 0 else (side, 9)
        image = Image.fromarray(rng.randint(0, 256, shape, dtype=np.uint8))
        path = root / ("고양이" if i % 2 else "개") / f"{i:02d}.png"
        path.parent.mkdir(exist_ok=True)
        image.save(path)
    return root


@pytest.fixture(scope="module")
def table_model(table, tmp_path_factory):
    path = tmp_path_factory.mktemp("models") / "table.jamjae"
    run("fit", table, "-o", path, "--label", "kind", *QUICK)
    return path


@pytest.fixture(scope="module")
def image_model(folder, tmp_path_factory):
    path = tmp_path_factory.mktemp("models") / "images.jamjae"
    run("fit", folder, "-o", path, "--network", "dense", *QUICK)
    return path


# --- the main job ---------------------------------------------------------------------------


def test_fit_prints_the_errors_beside_pca(table, tmp_path):
    result = run("fit", table, "-o", tmp_path / "m.jamjae", "--label", "kind", *QUICK)
    assert "60 x 4, float64" in result.stderr
    assert "2 classes: left 30, right 30" in result.stderr
    assert "epoch 2/2" in result.stderr
    assert "PCA" in result.stdout
    assert "wrote" in result.stdout
    assert list(load_model(tmp_path / "m.jamjae").class_names_) == ["left", "right"]


def test_fit_as_json(tmp_path):
    path = tmp_path / "m.jamjae"
    result = run("fit", "iris", "-o", path, "--json", "--devices", "1", *QUICK)
    found = json.loads(result.stdout)
    assert found["mse"]["jamjae"] <= found["mse"]["pca"] * (1 + 1e-6)
    assert found["rows"] == 150
    assert found["epochs"] == 2
    assert found["devices"] == ["cpu:0"]
    assert result.stderr == ""


def test_quiet_says_nothing(tmp_path):
    result = run("fit", "iris", "-o", tmp_path / "m.jamjae", "--quiet", *QUICK)
    assert result.output == ""


@pytest.mark.parametrize("kind", [".npy", ".npz", ".csv", ".parquet"])
def test_a_table_there_and_back(table, table_model, tmp_path, kind):
    codes, back = tmp_path / f"codes{kind}", tmp_path / f"back{kind}"
    run("encode", table_model, table, "-o", codes, "--label", "kind")
    run("decode", table_model, codes, "-o", back)
    run("reconstruct", table_model, table, "-o", tmp_path / f"direct{kind}", "--label", "kind")
    from jamjae.data.reading import read

    assert read(codes).X.shape == (60, 3)
    np.testing.assert_allclose(
        read(back).X, read(tmp_path / f"direct{kind}").X, rtol=1e-4, atol=1e-5
    )
    if kind in (".csv", ".parquet"):
        assert read(back).feature_names == ("a", "b", "c", "d")


def test_images_there_and_back(folder, image_model, tmp_path):
    result = run("reconstruct", image_model, folder, "-o", tmp_path / "direct")
    assert "PSNR" in result.stdout
    assert "SSIM" in result.stdout
    assert (tmp_path / "direct" / "originals-and-reconstructions.png").exists()
    assert (tmp_path / "direct" / "loss.png").exists()
    run("encode", image_model, folder, "-o", tmp_path / "codes.csv")
    run("decode", image_model, tmp_path / "codes.csv", "-o", tmp_path / "back")
    for name in ("개/00.png", "고양이/23.png"):
        direct = np.asarray(Image.open(tmp_path / "direct" / name), dtype=int)
        back = np.asarray(Image.open(tmp_path / "back" / name), dtype=int)
        assert direct.shape == (10, 9, 3)
        assert np.abs(direct - back).max() <= 1


def test_info_and_datasets(image_model):
    told = run("info", image_model).stdout
    assert "10 x 9 x 3, uint8" in told
    assert "개, 고양이" in told
    assert "parameters in all" in told
    assert json.loads(run("info", image_model, "--json").stdout)["n_components"] == 3
    assert "fashion-mnist" in run("datasets").stdout
    assert json.loads(run("datasets", "--json").stdout)["digits"]["found"] == "built in"


def test_hidden_widths_noise_and_the_rest(tmp_path):
    path = tmp_path / "m.jamjae"
    options = ["--network", "8,4", "--noise", "0.1", "--validation-fraction", "0.2"]
    options += ["--early-stopping", "--patience", "1", "--learning-rate", "0.01", "--limit", "100"]
    run("fit", "iris", "-o", path, *options, *QUICK)
    model = load_model(path)
    assert model.network == (8, 4)
    assert model.corruption.stddev == pytest.approx(0.1)


# --- what goes wrong ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["fit", "digitz", "-o", "m.jamjae"], "Did you mean 'digits'"),
        (["fit", "nothing/here.csv", "-o", "m.jamjae"], "no such file or folder"),
        (["fit", "iris", "-o", "."], "ends in .jamjae"),
        (["fit", "iris", "-o", "file.xyz/m.jamjae"], "Cannot write"),
        (["fit", "file.xyz", "-o", "m.jamjae"], "are not supported"),
        (["fit", "iris", "-o", "m.jamjae", "--devices", "gpu:7"], "has 1 device: cpu:0"),
        (["info", "file.xyz"], "not a .jamjae file"),
        (["info", "none.jamjae"], "no such file"),
        (["encode", "none.jamjae", "iris", "-o", "codes.csv"], "no such file"),
    ],
)
def test_failures_are_one_clear_line_and_exit_1(arguments, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file.xyz").write_text("text")
    result = run(*arguments, code=1)
    assert result.stderr.splitlines()[-1].startswith("error: ")
    assert message in result.stderr
    assert "Traceback" not in result.output
    assert [path.name for path in tmp_path.iterdir()] == ["file.xyz"]


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["fit"],
        ["fit", "iris"],
        ["fit", "iris", "-o", "m.jamjae", "-k", "0"],
        ["fit", "iris", "-o", "m.jamjae", "--epochs", "many"],
        ["fit", "iris", "-o", "m.jamjae", "--network", "deep"],
        ["fit", "iris", "-o", "m.jamjae", "--image-size", "large"],
        ["fit", "iris", "-o", "m.jamjae", "--loss", "mee"],
        ["fit", "iris", "-o", "m.jamjae", "--devices", "0"],
        ["nothing"],
    ],
)
def test_wrong_usage_is_exit_2(arguments, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    run(*arguments, code=2)
    assert list(tmp_path.iterdir()) == []


def test_a_wrong_choice_is_refused_before_reading(tmp_path):
    for option in ("--missing", "--loss"):
        result = run("fit", "none.csv", "-o", tmp_path / "m.jamjae", option, "maks", code=2)
        said = " ".join(result.stderr.replace("│", " ").split())
        assert f"{option} maks: expected" in said
        assert "none.csv" not in result.stderr


def test_other_columns(table_model, image_model, tmp_path):
    result = run("encode", table_model, "wine", "-o", tmp_path / "codes.csv", code=1)
    assert "lack columns that the model was fitted to: a, b, c, d" in result.stderr
    for command in ("encode", "reconstruct"):
        result = run(command, image_model, "digits", "-o", tmp_path / "codes.csv", code=1)
        assert "64 features" in result.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("kind", [".csv", ".parquet"])
def test_columns_are_found_by_their_names(table, table_model, tmp_path, kind):
    frame = pd.read_csv(table)
    wider = frame[["d", "kind", "a", "c", "b"]].assign(extra=1.5, z="text")
    other = tmp_path / f"wider{kind}"
    wider.to_csv(other, index=False) if kind == ".csv" else wider.to_parquet(other)
    for command in ("encode", "reconstruct"):
        run(command, table_model, table, "-o", tmp_path / "as-fitted.npy")
        said = run(command, table_model, other, "-o", tmp_path / f"{command}.npy").stderr
        same = np.load(tmp_path / "as-fitted.npy"), np.load(tmp_path / f"{command}.npy")
        np.testing.assert_allclose(*same, rtol=1e-5, atol=1e-5)
        (tmp_path / "as-fitted.npy").unlink()
        assert "left out, as the model was not fitted to it: " in said
        assert "extra" in said.split("left out")[1]
        assert "found by their names, in another order" in said


def test_a_damaged_image_is_named_and_can_be_skipped(folder, image_model, tmp_path):

    copy = tmp_path / "copy"
    shutil.copytree(folder, copy)
    broken = copy / "개" / "02.png"
    broken.write_bytes(broken.read_bytes()[:60])
    result = run("encode", image_model, copy, "-o", tmp_path / "codes.csv", code=1)
    assert "02.png" in result.stderr
    assert "--skip-bad" in result.stderr
    result = run("encode", image_model, copy, "-o", tmp_path / "codes.csv", "--skip-bad")
    assert "skipped: 1 damaged image: 개/02.png" in result.stderr
    assert len((tmp_path / "codes.csv").read_text().splitlines()) == 1 + 23


# --- as a process ---------------------------------------------------------------------------


def command(*arguments):
    return [sys.executable, "-m", "jamjae", *map(str, arguments)]


def test_help_and_version_as_a_process():
    told = subprocess.run(command("--help"), capture_output=True, text=True, check=True).stdout
    assert "reconstruct" in told
    told = subprocess.run(command("--version"), capture_output=True, text=True, check=True).stdout
    assert told.startswith("jamjae ")


@pytest.mark.slow  # it trains for seconds, in a process
def test_an_interrupted_fit_leaves_nothing(tmp_path):
    output = tmp_path / "m.jamjae"
    # A job in the background may have been told to ignore Ctrl-C, and would pass that on.
    heeding = (
        "import signal, sys; signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "from jamjae.cli import app_main\n"
        "app_main()"
    )
    arguments = ["fit", "iris", "-o", str(output), "--epochs", "40000"]
    process = subprocess.Popen(
        [sys.executable, "-c", heeding, *arguments],
        stderr=subprocess.PIPE,
        text=True,
    )
    for line in process.stderr:
        if line.startswith("epoch"):  # the first twentieth is done, and nineteen are to come
            break
    process.send_signal(signal.SIGINT)
    told = process.stderr.read()
    process.stderr.close()
    assert process.wait(timeout=60) == 130
    assert "interrupted" in told
    assert "Traceback" not in told
    assert list(tmp_path.iterdir()) == []


def test_only_interrupts_are_passed_over_in_callbacks(monkeypatch, capsys):
    monkeypatch.setattr(sys, "unraisablehook", guard._pass_over)
    for error, told in ((KeyboardInterrupt, False), (RuntimeError, True)):

        def fail(phase, info, error=error):
            raise error

        gc.callbacks.append(fail)
        gc.collect()
        gc.callbacks.remove(fail)
        assert ("Traceback" in capsys.readouterr().err) == told


def test_a_command_leaves_the_process_as_it_was(monkeypatch):
    def state():
        return (
            warnings.showwarning,
            list(warnings.filters),
            sys.unraisablehook,
            signal.getsignal(signal.SIGINT),
        )

    def interrupted():
        warnings.simplefilter("ignore")
        guard._hear(signal.SIGINT, None)

    before = state()
    run("datasets")
    with pytest.raises(typer.Exit):
        guard.guarded(interrupted)()
    assert state() == before


def test_a_terminal_shows_a_live_bar(tmp_path):
    ours, theirs = pty.openpty()
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "100", "JAMJAE_CACHE": str(tmp_path)}
    process = subprocess.Popen(
        command("fit", "iris", "-o", tmp_path / "m.jamjae", "--epochs", "5", "-k", "2"),
        stdout=theirs,
        stderr=theirs,
        env=environment,
    )
    os.close(theirs)
    shown = b""
    while True:
        try:
            part = os.read(ours, 4096)
        except OSError:  # the terminal is closed
            break
        if not part:
            break
        shown += part
    os.close(ours)
    assert process.wait() == 0
    text = shown.decode()
    assert "epoch 5/5" in text
    assert "PCA" in text
    assert "━" in text
