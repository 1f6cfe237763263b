"""The chapter's experiments: that each runs, and what it writes; and what its networks are."""

from __future__ import annotations

import ast
import inspect
import json
import re
from pathlib import Path

import numpy as np
import pytest

import jamjae
from jamjae import Autoencoder, load_digits, make_roll, report
from jamjae.errors import DataNotFoundError
from jamjae.labs import LABS, a2_denoise, data, find, lab_12_1, lab_12_3_cnn, lab_12_3_mlp, runner
from jamjae.labs.notebook import Notebook, short
from jamjae.labs.settings import Settings
from jamjae.labs.translation import Words, preferred
from jamjae.labs.translation_ko import KOREAN

pytestmark = pytest.mark.filterwarnings(  # a codec of a quick run
    "ignore:Training did not improve:sklearn.exceptions.ConvergenceWarning"
)
QUICK = Settings(quick=True, data="digits")


FOLDER = Path(inspect.getfile(jamjae)).parent / "labs"


RECIPES = {"lab_12_1": (17,), "lab_12_3_mlp": (117_840,)}


# --- the networks and recipes are the chapter's -------------------------------------------------


@pytest.mark.parametrize(
    ("pair", "encoder", "decoder"),
    [
        (lambda: lab_12_3_mlp.chapter((28, 28), 64), 58_560, 59_280),
        (lambda: lab_12_3_cnn.chapter((28, 28), 64), 592_368, 601_505),
        pytest.param(
            lambda: lab_12_3_cnn.chapter((28, 28), 100), 924_180, 933_281, marks=pytest.mark.slow
        ),
        pytest.param(
            lambda: lab_12_3_cnn.chapter((28, 28), 128),
            *(1_182_256, 1_191_329),
            marks=pytest.mark.slow,
        ),
        pytest.param(a2_denoise.chapter, 2_959_944, 2_961_803, marks=pytest.mark.slow),
    ],
    ids=["12-3-mlp", "12-3-cnn", "12-4", "c1", "a2"],
)
def test_networks_have_the_parameters_on_record(pair, encoder, decoder):
    assert tuple(network.count_params() for network in pair()) == (encoder, decoder)


@pytest.mark.parametrize(("widths", "parameters"), [((2,), 17), ((2, 2, 2), 41)])
def test_the_rolls_networks_have_the_parameters_on_record(widths, parameters):
    model = lab_12_1.chapter(0, widths)
    assert model.encoder.count_params() + model.decoder.count_params() == parameters
    assert (model.batch_size, model.epochs, model.scaling) == (32, 30, None)


@pytest.mark.slow
@pytest.mark.parametrize(("widths", "recorded"), [((2,), 0.0369), ((2, 2, 2), 0.0873)])
def test_the_rolls_losses_are_those_on_record(widths, recorded):
    X = make_roll(1500, random_state=0).X
    losses = [lab_12_1.chapter(seed, widths).fit(X).history_["loss"][-1] for seed in range(15)]
    assert np.median(losses) < 1.1 * recorded


# --- every lab runs -----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def reports(tmp_path_factory):
    """Every lab's folder, run on the digits and on pieces of scikit-learn's photographs."""
    folder = tmp_path_factory.mktemp("labs")
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("JAMJAE_DATA", str(folder / "none"))
        patched.setattr(data.catalog, "load", _load_without_photographs)
        patched.setattr(Notebook, "few", _fewer)
        outcomes = runner.run_all(QUICK, folder)
    assert {outcome.name: outcome.error for outcome in outcomes} == dict.fromkeys(LABS, "")
    return folder


def _fewer(lab, whole, quick):
    """Half of what a quick run takes, but five where it takes more, and one of less."""
    return max(quick // 2, 5) if quick > 5 else 1


def _load_without_photographs(name, subset="train"):
    if name == "photos":
        raise DataNotFoundError("none here")
    return jamjae.data.catalog.NAMES[name].load(subset)


@pytest.mark.slow
@pytest.mark.parametrize("name", LABS)
def test_every_lab_writes_a_page_its_figures_and_its_numbers(reports, name):
    page = (reports / name / "index.html").read_text(encoding="utf-8")
    found = json.loads((reports / name / "metrics.json").read_text())
    assert LABS[name].title in page
    assert found["complete"]
    assert found["quick"]
    assert found["numbers"]
    figures = sorted((reports / name).glob("*.png"))
    assert len(figures) >= 2
    assert page.count("data:image/png;base64") == len(figures)
    assert sorted((reports / name).glob("*.svg"))
    assert "http://" not in page.replace("http://www.w3.org", "")


@pytest.mark.slow
@pytest.mark.parametrize("name", LABS)
def test_quick_is_written_on_every_number_and_caption(reports, name):
    page = (reports / name / "index.html").read_text(encoding="utf-8")
    captions = re.findall("<figcaption>(.*?)</figcaption>", page)
    assert captions
    assert all("[quick]" in caption for caption in captions)
    numbers = json.loads((reports / name / "metrics.json").read_text())["numbers"]
    assert all(number["quick"] for number in numbers)


def test_pixels_of_every_model_are_clipped_before_errors_are_measured():
    X = (255 * (load_digits().X > 8)).astype(np.uint8)
    rival = Autoencoder(8, network=(), epochs=1, random_state=0).fit(X).baseline_
    lab = Notebook("12-3-mlp", "Images", QUICK)
    lab.section("Comparison with PCA")
    lab.reconstructions({"PCA": rival}, X, X, {})
    errors = {row["metric"]: row["value"] for row in lab.numbers}
    clipped = np.square(rival.reconstruct(X).clip(0, 255) / 255 - X / 255).mean()
    assert errors["MSE, test rows"] == errors["MSE, training rows"] == pytest.approx(clipped)
    assert clipped < 0.99 * rival.error / 255**2


@pytest.mark.slow
def test_the_list_links_every_lab(reports):
    page = (reports / "index.html").read_text(encoding="utf-8")
    assert all(f'href="{name}/index.html"' in page for name in LABS)


# --- words --------------------------------------------------------------------------------------


def _texts_of_labs():
    """Find the texts of labs: those that calls of the notebook's methods translate."""
    said = {
        "section": [0],
        "say": [0],
        "label": [0],
        "figure": [2],
        "losses": [2],
        "reconstructed": [3],
    }
    texts = {text for lab in LABS.values() for text in (lab.title, lab.chapter)}
    for file in FOLDER.glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
                continue
            places = said.get(node.func.attr, [])
            if node.func.attr in ("results", "reconstructions"):
                keys = [
                    key
                    for part in ast.walk(node)
                    if isinstance(part, ast.Dict)
                    for key in part.keys
                ]
                texts |= {key.value for key in keys if isinstance(key, ast.Constant)}
            arguments = [node.args[place] for place in places if place < len(node.args)]
            texts |= {a.value for a in arguments if isinstance(a, ast.Constant)}
    return sorted(texts)


@pytest.mark.parametrize("text", _texts_of_labs())
def test_every_text_is_known_in_korean(text):
    assert text in KOREAN


@pytest.mark.parametrize(("english", "korean"), KOREAN.items())
def test_translations_keep_what_is_filled_in(english, korean):
    assert sorted(re.findall(r"{\w+}", english)) == sorted(re.findall(r"{\w+}", korean))


@pytest.mark.parametrize(
    ("variables", "language"),
    [
        ({"LANG": "ko_KR.UTF-8"}, "ko"),
        ({"LANG": "C.UTF-8"}, "en"),
        ({}, "en"),
        ({"LC_ALL": "en_US", "LANG": "ko_KR"}, "en"),
    ],
)
def test_the_locale_chooses_the_language(monkeypatch, variables, language):
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert preferred() == language


@pytest.mark.slow  # a lab in one language or another is run in test_cli_labs.py
def test_a_korean_report_is_in_korean(tmp_path):
    runner.run_lab("features", Settings(quick=True, language="ko"), tmp_path)
    page = (tmp_path / "index.html").read_text(encoding="utf-8")
    assert '<html lang="ko">' in page
    headings = re.findall("<h[12]>(.*?)</h[12]>", page)
    assert all(re.search("[가-힣]", heading) for heading in headings)


# --- what goes wrong ----------------------------------------------------------------------------


def test_the_nearest_name_is_suggested():
    with pytest.raises(DataNotFoundError, match="Did you mean '12-3-cnn'"):
        find("12-3-cn")


def test_an_interrupted_lab_leaves_what_was_finished_and_names_what_is_missing(tmp_path):
    class Interrupting:
        """Hears of training, and presses Ctrl-C at the second."""

        def __init__(self):
            self.heard = []

        def __call__(self, text):
            self.heard.append(text)
            if text.endswith("An encoder that learns its own features"):
                raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        runner.run_lab("features", Settings(quick=True), tmp_path, runner.Listeners(Interrupting()))
    found = json.loads((tmp_path / "metrics.json").read_text())
    page = (tmp_path / "index.html").read_text(encoding="utf-8")
    assert not found["complete"]
    assert found["missing"] == ["An encoder that learns its own features", "Comparison"]
    assert "This run was interrupted" in page
    assert "An encoder with given features" in page


def test_an_interrupted_run_of_all_names_the_labs_that_are_missing(tmp_path, monkeypatch):
    def second_is_interrupted(name, settings, folder, heard):
        if name == list(LABS)[1]:
            raise KeyboardInterrupt
        return runner.Outcome(name, 1.0, folder / "index.html")

    monkeypatch.setattr(runner, "run_lab", second_is_interrupted)
    with pytest.raises(KeyboardInterrupt):
        runner.run_all(Settings(), tmp_path)
    page = (tmp_path / "index.html").read_text(encoding="utf-8")
    assert page.count("missing: the run was interrupted") == len(LABS) - 1
    assert not json.loads((tmp_path / "metrics.json").read_text())["complete"]


def test_a_lab_that_fails_does_not_keep_the_others_from_running(tmp_path, monkeypatch):
    def some_fail(name, settings, folder, heard):
        if LABS[name].uses == "photos":
            raise DataNotFoundError("no photographs")
        return runner.Outcome(name, 1.0, folder / "index.html")

    monkeypatch.setattr(runner, "run_lab", some_fail)
    outcomes = runner.run_all(Settings(), tmp_path)
    assert len(outcomes) == len(LABS)
    assert [o.name for o in outcomes if o.error] == ["a2-denoise"]
    assert "no photographs" in (tmp_path / "index.html").read_text(encoding="utf-8")


# --- the notebook -------------------------------------------------------------------------------


def test_recorded_numbers_stand_below_those_measured(tmp_path):
    lab = Notebook("x", "A title", Settings())
    lab.section("S")
    lab.results({"one": {"MSE": 1.5}, "two": {"MSE": 0.5}}, recorded={("one", "MSE"): 1234.0})
    page = report.write(lab.report(), tmp_path).read_text(encoding="utf-8")
    assert "recorded 1,234.0" in page
    assert re.search(r'class="[^"]*best[^"]*">0.5', page)
    assert lab.numbers[0]["recorded"] == 1234.0


def test_an_english_figure_where_no_font_has_hangul(monkeypatch):
    monkeypatch.setattr("jamjae.labs.notebook.korean_fonts", tuple)
    lab = Notebook("x", "A title", Settings(language="ko"))
    assert (lab.label("original"), lab.words("original")) == ("original", "원본")


def test_numbers_are_short():
    assert [short(x) for x in (909.23, 0.0139812, 1234.5, float("inf"))] == [
        "909.2",
        "0.01398",
        "1,234.5",
        "–",
    ]


def test_words_fill_in_values():
    assert Words("ko")("This run was interrupted. Missing: {named}.", named="x").endswith("x.")


def test_labs_hold_no_machinery():
    for lab in LABS.values():
        lines = lab.code.splitlines()
        assert len(lines) < 260, lab.module
        assert not re.search(r"^import (os|sys|json|typer)", lab.code, re.MULTILINE)
