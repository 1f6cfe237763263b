"""What a shell completes, and how it is asked."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

import pytest

from jamjae.cli import application, comparing, densities
from jamjae.evaluation import comparison
from jamjae.evaluation.comparison.generators import generators
from jamjae.latent.densities import KINDS
from test_architecture import HEAVY

BASH = shutil.which("bash")


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "b.jamjae").touch()
    (tmp_path / "a.jamjae").touch()
    (tmp_path / "deep" / "c.jjz").touch()
    (tmp_path / "다른 이름.jamjae").touch()
    (tmp_path / ".hidden").touch()
    (tmp_path / "rows.csv").write_text("a,키,c d,e\n1,2,3,4\n", encoding="utf-8")
    (tmp_path / "korean.csv").write_bytes("키;몸무게\n1;2\n".encode("cp949"))
    return tmp_path


def asked(line, shell="bash"):
    """Give what a shell is answered at the end of a line."""
    words = line.split()
    place = len(words) if line.endswith(" ") else len(words) - 1
    given = {"COMP_WORDS": line, "COMP_CWORD": str(place), "_TYPER_COMPLETE_ARGS": line}
    given |= {"_JAMJAE_COMPLETE": f"complete_{shell}", "_TYPER_COMPLETE_FISH_ACTION": "get-args"}
    done = subprocess.run(
        [sys.executable, "-m", "jamjae"],
        env={**os.environ, **given},
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=True,
    )
    return [answer for answer in done.stdout.splitlines() if answer]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("jamjae rec", ["reconstruct"]),
        ("jamjae fit digi", ["digits"]),
        ("jamjae fit d", ["digits", "deep/"]),
        ("jamjae fit rows", []),  # then the shell completes paths itself
        ("jamjae fit zzz", []),
        ("jamjae encode ", ["a.jamjae", "deep/"]),
        ("jamjae encode deep/", ["deep/b.jamjae"]),
        ("jamjae encode none/", []),
        ("jamjae info d", []),
        ("jamjae fit rows.csv --label ", ["a", "키", "e"]),
        ("jamjae fit --label 키 rows.csv --drop a", ["a"]),
        ("jamjae encode a.jamjae korean.csv --keep ", ["키", "몸무게"]),
        ("jamjae fit digits --label ", []),
        ("jamjae lab run c", ["c1-map"]),
        ("jamjae lab show all", []),
        ("jamjae lab run al", ["all"]),
        ("jamjae compare digits --methods pca,u", ["pca,umap"]),
        ("jamjae fit digits --loss m", ["mse", "mae"]),
        ("jamjae fit digits --density m", ["mixture"]),
        ("jamjae sample ", ["a.jamjae", "deep/"]),
        ("jamjae sample a.jamjae --class ", []),
        ("jamjae encode a.jamjae rows.csv --format ", ["projector", "atlas"]),
        ("jamjae fit digits --output ", []),
        ("jamjae decompress deep/", ["deep/c.jjz"]),
        ("jamjae info deep/", ["deep/b.jamjae", "deep/c.jjz"]),
        ("jamjae compress rows.csv --model a", ["a.jamjae"]),
    ],
)
def test_bash_is_answered(folder, line, expected):
    assert asked(line) == expected


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_other_shells_are_answered_with_descriptions(folder, shell):
    answer = "\n".join(asked("jamjae lab run c1", shell))
    assert "c1-map" in answer
    assert "t-SNE" in answer


@pytest.mark.parametrize("words", ["fit d", "encode ", "lab run ", "compare rows.csv --label "])
def test_completion_loads_nothing_heavy(folder, words):
    program = f"""
import os, sys
os.environ |= {{"COMP_WORDS": "jamjae {words}", "_JAMJAE_COMPLETE": "complete_bash"}}
os.environ["COMP_CWORD"] = "{len(words.split(" "))}"
from jamjae.cli import app_main
try:
    app_main()
except SystemExit as end:
    assert not end.code, end.code
print([name for name in {HEAVY!r} if name in sys.modules])
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert len(done.stdout.splitlines()) > 1
    assert done.stdout.splitlines()[-1] == "[]"


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_is_installed_where_the_shell_looks(tmp_path, monkeypatch, shell):
    places = {
        "bash": ".bash_completions/jamjae.sh",
        "zsh": ".zfunc/_jamjae",
        "fish": ".config/fish/completions/jamjae.fish",
    }
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr("typer._completion_shared._get_shell_name", lambda: shell)
    monkeypatch.setattr("sys.argv", ["/usr/bin/jamjae", "--install-completion"])
    with pytest.raises(SystemExit) as ended:
        application.app_main()
    assert not ended.value.code
    assert "_JAMJAE_COMPLETE" in (tmp_path / places[shell]).read_text()


@pytest.mark.skipif(BASH is None, reason="there is no bash")
def test_a_real_bash_completes(folder):
    tools = folder / "bin"
    tools.mkdir()
    command = tools / "jamjae"
    command.write_text(f'#!{BASH}\nexec "{sys.executable}" -m jamjae "$@"\n')
    command.chmod(0o755)
    shown = subprocess.run(
        [sys.executable, "-c", SHOW], capture_output=True, text=True, check=True
    ).stdout
    script = shown + "\nCOMP_WORDS=(jamjae fit digi); COMP_CWORD=2; _jamjae_completion jamjae\n"
    script += 'printf "%s\\n" "${COMPREPLY[@]}"\n'
    done = subprocess.run(
        [BASH, "--norc", "-c", script],
        env={**os.environ, "PATH": f"{tools}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.splitlines() == ["digits"]


SHOW = """
import sys
import typer._completion_shared as shared, typer.completion as completion
completion._get_shell_name = lambda: "bash"
sys.argv = ["jamjae", "--show-completion"]
from jamjae.cli import app_main
app_main()
"""


def test_names_that_are_known_without_jax_are_those_of_the_library():
    assert {*densities.KINDS, "prior"} == {"auto", *KINDS}
    assert set(comparing.METHODS) == {"auto", *comparison.METHODS}
    assert set(comparing.GENERATORS) == set(generators())
