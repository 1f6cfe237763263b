"""The house itself: what an import loads, what the package names, what its files promise."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import jamjae

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src" / "jamjae"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
HEAVY = ("jax", "jinja2", "keras", "matplotlib", "pandas", "pyarrow", "scipy", "skimage", "sklearn")


HELP = """
import sys
from jamjae.cli import app_main
sys.argv = ["jamjae", "--help"]
try:
    app_main()
except SystemExit as end:
    assert not end.code, end.code
"""


@pytest.mark.parametrize(
    "program",
    ["import jamjae", "import jamjae.cli", HELP],
    ids=["import jamjae", "import jamjae.cli", "jamjae --help"],
)
def test_start_loads_nothing_heavy(program):
    program += f"\nimport sys\nprint([name for name in {HEAVY!r} if name in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "[]"


@pytest.mark.parametrize("name", jamjae.__all__)
def test_public_name_resolves(name):
    assert getattr(jamjae, name) is not None


def test_public_names_are_sorted_listed_and_documented():
    assert jamjae.__all__ == sorted(jamjae.__all__)
    assert dir(jamjae) == jamjae.__all__
    assert all(getattr(jamjae, name).__doc__ for name in jamjae.__all__)


def test_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = jamjae.nothing


def test_version_is_the_project_s():
    assert jamjae.__version__ == PROJECT["version"]


def test_changelog_lists_this_version():
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert f"## [{PROJECT['version']}]" in changelog


def test_no_module_is_a_drawer_for_everything():
    drawers = {"utils", "util", "helpers", "common", "misc"}
    assert [path for path in SOURCE.rglob("*.py") if path.stem in drawers] == []


def test_no_file_is_unpickled():
    modules = r"(pickle|dill|cloudpickle|joblib|marshal)"
    unpickles = re.compile(rf"\bfrom {modules} import|\b{modules}\.(load|loads|Unpickler)\b")
    sources = {path: path.read_text(encoding="utf-8") for path in SOURCE.rglob("*.py")}
    assert [path for path, text in sources.items() if unpickles.search(text)] == []
    assert [path for path, text in sources.items() if "allow_pickle=True" in text] == []


def test_minimum_constraints_are_the_lower_bounds():
    extras = PROJECT["optional-dependencies"]
    tested = ("hypothesis", "pytest", "pytest-xdist")
    required = PROJECT["dependencies"] + extras["plot"] + extras["ray"]
    required += [line for line in extras["dev"] if line.split(">=")[0] in tested]
    lower = dict(
        re.match(r"([a-z0-9-]+)(?:\[.*\])?>=([0-9.]+)", line).groups() for line in required
    )

    lines = (ROOT / "constraints" / "minimum.txt").read_text(encoding="utf-8").splitlines()
    pinned = dict(line.split("==") for line in lines if line and not line.startswith("#"))
    assert pinned == lower
