"""The command line where things are not as they should be: terminals, pipes, disks, odd data."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import json
import os
import pty
import re
import signal
import struct
import subprocess
import sys
import termios
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from command_line import _own_cache, run  # noqa: F401 - a fixture
from jamjae import Autoencoder
from jamjae.cli import guard

pytestmark = pytest.mark.filterwarnings(
    "ignore:Training did not improve:sklearn.exceptions.ConvergenceWarning"
)

NOT_IMPROVED = (
    "warning: Training did not improve on PCA in 2 epochs, so the model is PCA. Try more epochs, "
    "a lower learning_rate or fewer n_components.\n"
)
QUICK = ["--epochs", "2", "-k", "2", "--seed", "0"]
COMMAND = [sys.executable, "-m", "jamjae"]


def process(*arguments, **options):
    options = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True, **options}
    words = [*COMMAND, *map(str, arguments)]
    return subprocess.run(words, check=False, timeout=120, **options)


@pytest.fixture(scope="module")
def flower_model(tmp_path_factory):
    path = tmp_path_factory.mktemp("models") / "꽃.jamjae"
    run("fit", "iris", "-o", path, *QUICK)
    return path


def images(tmp_path, name, X):
    np.save(tmp_path / f"{name}.npy", X)
    small = ["--network", "4", "-q", *QUICK]
    run("fit", tmp_path / f"{name}.npy", "-o", tmp_path / f"{name}.jamjae", *small)
    return tmp_path / f"{name}.jamjae", tmp_path / f"{name}.npy"


# --- what is loaded -------------------------------------------------------------------------


def test_nothing_heavy_is_loaded_before_a_command_runs():
    heavy = "numpy scipy jax keras sklearn skimage matplotlib pandas PIL pooch rich"
    code = f"import sys, jamjae.cli; print([m for m in {heavy.split()!r} if m in sys.modules])"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


def test_what_is_compiled_is_kept(flower_model, tmp_path):
    code = (
        "from jamjae.cli import app\n"
        f"app(['info', {str(flower_model)!r}], standalone_mode=False)\n"
        "import jax\n"
        "print(jax.config.jax_compilation_cache_dir)"
    )
    own = {**os.environ, "JAMJAE_CACHE": str(tmp_path)}
    own.pop("JAX_COMPILATION_CACHE_DIR", None)  # commands that ran in this process set it
    told = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=own
    )
    assert told.stdout.splitlines()[-1] == str(tmp_path / "compiled")


@pytest.mark.slow  # everything is compiled twice
def test_a_damaged_cache_is_no_matter(tmp_path):
    own = {**os.environ, "JAX_COMPILATION_CACHE_DIR": str(tmp_path / "compiled")}
    own["JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS"] = "0.05"
    for _ in range(2):
        found = process(
            "fit", "iris", "-o", tmp_path / "m.jamjae", "--force", "--json", *QUICK, env=own
        )
        assert (found.returncode, found.stderr) == (0, NOT_IMPROVED)
        entries = list((tmp_path / "compiled").glob("*-cache"))
        assert entries
        for entry in entries:
            entry.write_bytes(b"not what JAX wrote")


def test_a_cache_that_cannot_be_made_is_no_matter(tmp_path, monkeypatch):
    (tmp_path / "cache").write_text("a file where a folder should be")
    monkeypatch.setenv("JAMJAE_CACHE", str(tmp_path / "cache"))
    run("fit", "iris", "-o", tmp_path / "m.jamjae", *QUICK)


# --- terminals and pipes --------------------------------------------------------------------


def on_terminal(columns, *arguments, **environment):
    """Give the exit code and the lines that a terminal of that width was sent, without colors."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    own = {name: os.environ[name] for name in os.environ if name not in ("COLUMNS", "LINES")}
    child = subprocess.Popen(
        [*COMMAND, *map(str, arguments)],
        stdout=theirs,
        stderr=theirs,
        env={**own, "TERM": "xterm", **environment},
    )
    os.close(theirs)
    shown = b""
    while part := _read(ours):
        shown += part
    os.close(ours)
    return child.wait(), shown.decode()


def _read(terminal):
    try:
        return os.read(terminal, 4096)
    except OSError:  # the other end is closed
        return b""


def lines(shown):
    plain = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", shown)
    return [line.rstrip() for line in re.split(r"[\r\n]+", plain) if line.strip()]


@pytest.mark.slow  # a live bar in a process is looked at in test_cli.py, too
def test_a_narrow_terminal_shows_numbers_instead_of_a_bar(tmp_path):
    fit = ("fit", "iris", "-o", tmp_path / "m.jamjae", *QUICK)
    code, shown = on_terminal(40, *fit, NO_COLOR="1")
    assert code == 0
    assert any(re.fullmatch(r"epoch 2/2 loss [\d.]+  PCA [\d.]+", line) for line in lines(shown))
    assert "━" not in shown
    assert "None" not in shown
    assert not re.search(r"\x1b\[[0-9;]*m", shown)  # NO_COLOR


@pytest.mark.parametrize("encoding", ["ascii", "cp949", "utf-8"])
def test_korean_names_in_any_encoding(encoding, tmp_path):
    own = {**os.environ, "PYTHONIOENCODING": encoding, "PYTHONUTF8": "0"}
    found = process("fit", "없음.csv", "-o", tmp_path / "m.jamjae", env=own, text=False)
    assert found.returncode == 1
    # Where the terminal claims to know ASCII only, UTF-8 is the better guess.
    told = found.stderr.decode("utf-8" if encoding == "ascii" else encoding)
    assert told.startswith("error: Cannot read '없음.csv'")


def test_korean_names_of_files(flower_model, tmp_path):
    run("encode", flower_model, "iris", "-o", tmp_path / "부호.csv")
    assert (tmp_path / "부호.csv").exists()


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["datasets"]])
def test_a_full_standard_output_is_one_line(arguments):
    if not Path("/dev/full").exists():
        pytest.skip("this system has no /dev/full")
    environment = {name: os.environ[name] for name in os.environ if name != "PYTHONUNBUFFERED"}
    with Path("/dev/full").open("w") as full:
        found = process(*arguments, stdout=full, env=environment)
    assert found.returncode == 1
    assert found.stderr == "error: No space left on device\n"


@pytest.mark.parametrize("arguments", [["datasets"], ["--help"]])
def test_a_pipe_that_is_not_read(arguments):
    reader, writer = os.pipe()
    os.close(reader)
    found = process(*arguments, stdout=writer)
    os.close(writer)
    assert found.returncode == 1
    assert found.stderr == ""


def test_an_interrupt_while_libraries_load(tmp_path):
    words = ["fit", "iris", "-o", str(tmp_path / "m.jamjae")]
    code = (  # a job in the background may have been told to ignore Ctrl-C, and passes that on
        "import signal, sys\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        f"sys.argv[1:] = {words!r}\n"
        "from jamjae.cli import app_main\n"
        "app_main()"
    )
    child = subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.PIPE, text=True)
    assert any("loading JAX" in line for line in iter(child.stderr.readline, ""))
    child.send_signal(signal.SIGINT)
    told = child.stderr.read()
    child.stderr.close()
    assert child.wait(timeout=60) == 130
    assert told == "interrupted; no incomplete files were left behind\n"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("stubborn", ["pass", "raise ImportError from None"])
def test_a_library_cannot_swallow_an_interrupt_while_it_loads(stubborn, tmp_path):
    (tmp_path / "library.py").write_text(
        "import os, signal\n"
        "try:\n    os.kill(os.getpid(), signal.SIGINT)\n"
        f"except BaseException:\n    {stubborn}\n"
    )
    code = (
        "import signal\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "from jamjae.cli.guard import load_libraries\n"
        "load_libraries('library')\n"
        "print('lost')"
    )
    own = {**os.environ, "PYTHONPATH": str(tmp_path)}
    words = [sys.executable, "-c", code]
    told = subprocess.run(words, capture_output=True, text=True, check=False, env=own)
    assert (told.returncode, told.stdout) == (130, "")


def test_an_interrupt_that_a_library_swallowed_ends_training(tmp_path, monkeypatch):
    def swallow(*arguments, **options):
        with contextlib.suppress(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)
        return _begin(*arguments, **options)

    _begin = Autoencoder._begin
    monkeypatch.setattr(Autoencoder, "_begin", swallow)
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        result = run("fit", "iris", "-o", tmp_path / "m.jamjae", *QUICK, code=130)
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    finally:
        signal.signal(signal.SIGINT, before)
    assert "interrupted" in result.stderr
    assert list(tmp_path.iterdir()) == []


# --- where nothing can be written -----------------------------------------------------------


def test_a_full_disk_leaves_the_old_model(flower_model, tmp_path, monkeypatch):
    old = tmp_path / "m.jamjae"
    old.write_bytes(flower_model.read_bytes())
    whole = Path.replace

    def full(self, target):
        if Path(target) == old:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return whole(self, target)

    monkeypatch.setattr(Path, "replace", full)
    result = run("fit", "iris", "-o", old, "--force", *QUICK, code=1)
    assert "No space left on device" in result.stderr
    assert "free space" in result.stderr
    assert old.read_bytes() == flower_model.read_bytes()
    assert list(tmp_path.iterdir()) == [old]


def test_a_training_outlives_a_full_disk_at_its_end(tmp_path, monkeypatch):
    output, folder = tmp_path / "m.jamjae", tmp_path / "checkpoints"
    arguments = ["fit", "iris", "-o", output, *QUICK, "--checkpoint-dir", folder]

    def full(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patched:
        patched.setattr("jamjae.models.model_file.write", full)
        assert "No space left on device" in run(*arguments, code=1).stderr
    assert len(list(folder.iterdir())) == 1
    with monkeypatch.context() as patched:
        patched.setattr("jamjae.engine.training._one_epoch", pytest.fail)
        run(*arguments)
    assert output.exists()
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("name", ["loop", "loop/m.jamjae", "x" * 300])
def test_an_output_that_has_no_place_is_refused_before_training(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("loop").symlink_to("loop")
    monkeypatch.setattr("jamjae.models.autoencoder.Autoencoder.fit", pytest.fail)
    result = run("fit", "iris", "-o", name, *QUICK, code=1)
    assert result.stderr.splitlines()[-1].startswith("error: Cannot write")


def test_a_name_as_long_as_may_be_is_no_hindrance(tmp_path):
    run("fit", "iris", "-o", tmp_path / f"{'x' * 247}.jamjae", *QUICK)


def test_a_command_leaves_the_environment_as_it_was(tmp_path, monkeypatch):
    for name in guard.VARIABLES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TF_CPP_MIN_LOG_LEVEL", "2")
    before = dict(os.environ)
    run("fit", "iris", "-o", tmp_path / "m.jamjae", *QUICK)
    assert dict(os.environ) == before


@pytest.mark.parametrize("command", ["fit", "demo", "reconstruct", "decode", "encode"])
def test_an_output_that_cannot_be_is_refused_before_the_work(
    command, flower_model, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    Path("file").write_text("text")
    digits, arrays = images(tmp_path, "few", np.eye(8, dtype=np.float32)[None].repeat(6, axis=0))
    monkeypatch.setattr("jamjae.models.autoencoder.Autoencoder.fit", pytest.fail)
    monkeypatch.setattr("jamjae.models.base.LatentModel.transform", pytest.fail)
    monkeypatch.setattr("jamjae.models.base.LatentModel.inverse_transform", pytest.fail)
    arguments = {
        "fit": ["iris", "-o", "file/new/m.jamjae"],
        "demo": ["-o", "file"],
        "reconstruct": [digits, arrays, "-o", "file/images"],
        "decode": [digits, arrays, "-o", "file"],
        "encode": [flower_model, "iris", "-o", "codes.txt"],
    }
    before = sorted(tmp_path.iterdir())
    result = run(command, *arguments[command], code=1)
    assert result.stderr.splitlines()[-1].startswith("error: Cannot write")
    assert "probe" not in result.stderr
    assert sorted(tmp_path.iterdir()) == before


@pytest.mark.parametrize("command", ["reconstruct", "decode"])
def test_rows_of_a_table_are_no_folder_of_images(command, flower_model, tmp_path):
    result = run(command, flower_model, "iris", "-o", tmp_path / "folder", code=2)
    assert "for rows of a table, a file name that ends in .npy" in result.stderr
    assert list(tmp_path.iterdir()) == []


# --- odd data -------------------------------------------------------------------------------


def test_images_that_are_all_alike(tmp_path):
    model, data = images(tmp_path, "gray", np.full((6, 8, 8), 3.0, dtype=np.float32))
    told = run("reconstruct", model, data, "-o", tmp_path / "out").stdout
    assert "PSNR" not in told
    assert (tmp_path / "out" / "00005.png").exists()


def test_images_too_small_for_ssim(tmp_path):
    X = np.random.RandomState(0).randint(0, 256, (9, 2, 2), dtype=np.uint8)
    model, data = images(tmp_path, "tiny", X)
    told = run("reconstruct", model, data, "-o", tmp_path / "out").stdout
    assert "PSNR" in told
    assert "SSIM" not in told


def test_json_knows_no_infinity(tmp_path):
    model, data = images(tmp_path, "black", np.zeros((6, 8, 8), dtype=np.uint8))
    result = run("reconstruct", model, data, "-o", tmp_path / "out.npy", "--json")
    found = json.loads(result.stdout, parse_constant=pytest.fail)
    assert found["jamjae"]["psnr"] is None
    assert found["jamjae"]["mse"] == 0


def test_a_folder_of_images_alone(tmp_path):
    (tmp_path / "그림").mkdir()
    Image.new("L", (8, 8), 200).save(tmp_path / "그림" / "하나.png")
    result = run("fit", tmp_path / "그림", "-o", tmp_path / "m.jamjae", *QUICK, code=1)
    assert "at least 2 are required" in result.stderr
    assert not (tmp_path / "m.jamjae").exists()


def test_sizes_are_printed_in_common_units(tmp_path):
    told = run("fit", "iris", "-o", tmp_path / "m.jamjae", *QUICK).stdout
    assert re.search(r"\(\d+\.\d kB\)", told)
