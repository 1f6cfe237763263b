"""The report card: generated rows beside real rows, for images, tables and frames."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from jamjae import load_digits, report
from jamjae.errors import InvalidDataError, ShapeMismatchError
from jamjae.evaluation import GenerationJudge, generation_report, metrics
from jamjae.evaluation.generation import (
    SCORES,
    GenerationReport,
    GenerationScore,
    features,
    measuring,
)
from jamjae.evaluation.metrics import separating

RNG = np.random.default_rng(0)
DIGITS = load_digits()
ORDER = RNG.permutation(len(DIGITS.X))
X, Y = DIGITS.X[ORDER], DIGITS.y[ORDER]
TRAIN, HELD_OUT, MORE = slice(0, 150), slice(150, 250), slice(250, 350)
LABELS = {"y_train": Y[TRAIN], "y_held_out": Y[HELD_OUT]}


@pytest.fixture(autouse=True)
def quick(request, monkeypatch):
    """Neighbors stand in for slower classifiers."""
    if "slow" not in request.keywords:
        monkeypatch.setattr(separating, "_kind", lambda kind, *_: "neighbors")
        monkeypatch.setattr(features, "LEAST_STEPS", 60)


@pytest.fixture(scope="module")
def frame():
    n = 240
    table = pd.DataFrame(
        {
            "age": RNG.integers(18, 90, n),
            "pay": RNG.lognormal(3, 1, n),
            "city": RNG.choice(["Seoul", "Busan", "Jeju"], n, p=[0.6, 0.3, 0.1]),
            "member": RNG.random(n) < 0.3,
        }
    )
    return table, np.where(table.age > 50, "yes", "no")


def test_each_number_stands_beside_that_of_training_rows():
    found = generation_report(X[TRAIN], X[HELD_OUT], X[MORE], random_state=3)
    held_out, made, train = (X[rows].reshape(-1, 64) for rows in (HELD_OUT, MORE, TRAIN))
    drawn = train[metrics.sample(150, 100, 3)]
    unit = train.var(axis=0, ddof=1).sum()
    distances = [metrics.frechet_distance(held_out, rows) / unit for rows in (made, drawn)]
    assert found["frechet_distance"] == pytest.approx(tuple(distances))
    # all 64 components are a rotation: neighborhoods are those of the rows
    for place, rows in enumerate((made, drawn)):
        density, coverage = metrics.density_coverage(held_out, rows)
        assert found["density"][place] == pytest.approx(density)
        assert found["coverage"][place] == pytest.approx(coverage)
    copies = metrics.copied_share(train, held_out, made)
    assert found["copied_share"] == (copies.generated, copies.held_out)
    assert list(found.scores) == [name for name in SCORES if name in found.scores]
    assert not {"class_agreement", "mean_marginal_distance"} & set(found.scores)
    assert "100 of 100 generated rows beside 100 of 150 training rows" in found.notes[0]


def test_rows_of_the_same_distribution_are_as_good_as_real_ones_and_bad_ones_are_not():
    good = generation_report(X[TRAIN], X[HELD_OUT], X[MORE])
    noise = generation_report(X[TRAIN], X[HELD_OUT], RNG.uniform(0, 16, (100, 8, 8)))
    copies = generation_report(X[TRAIN], X[HELD_OUT], X[TRAIN][:100])
    assert good["coverage"].generated > 0.8
    assert noise["coverage"].generated < 0.1
    assert good["frechet_distance"].generated < noise["frechet_distance"].generated / 3
    assert noise["two_sample_auc"].generated > 0.9
    assert copies["copied_share"].generated == 1.0
    assert good["copied_share"].generated < 0.1


def test_the_classes_that_were_asked_for_are_looked_for():
    by = {"features": "classifier", **LABELS}
    right = generation_report(X[TRAIN], X[HELD_OUT], X[MORE], y_generated=Y[MORE], **by)
    wrong = generation_report(X[TRAIN], X[HELD_OUT], X[MORE], y_generated=(Y[MORE] + 1) % 10, **by)
    assert right["class_agreement"].generated > 0.7
    assert wrong["class_agreement"].generated < 0.3
    assert right["class_agreement"].real == wrong["class_agreement"].real > 0.7
    assert "64 hidden outputs of a classifier" in right.features
    assert "lowest_class_coverage" in right.scores
    assert "train_on_samples_accuracy" not in right.scores  # of images


def test_features_of_the_user_are_made_of_rows_as_they_are():
    seen = []

    def means(images):
        seen.append((images.shape[1:], images.dtype))
        return images.mean(axis=1)

    found = generation_report(X[TRAIN], X[HELD_OUT], X[MORE], features=means)
    assert set(seen) == {((8, 8), X.dtype)}
    assert found.features == "as returned by means"
    assert found["frechet_distance"].generated == pytest.approx(
        metrics.frechet_distance(X[HELD_OUT].mean(axis=1), X[MORE].mean(axis=1))
    )


def test_features_are_the_classifier_s_where_labels_are_and_rows_are_long():
    long = X.repeat(2, axis=1)
    given = long[TRAIN], long[HELD_OUT], long[MORE]
    assert "classifier" in generation_report(*given, **LABELS).features
    assert "components" in generation_report(*given).features
    assert "components" in generation_report(X[TRAIN], X[HELD_OUT], X[MORE], **LABELS).features


def test_frames_are_encoded_and_their_columns_compared(frame):
    table, y = frame
    parts = table[:80], table[80:160], table[160:]
    found = generation_report(
        *(parts[0], parts[1], parts[2][table.columns[::-1]]),
        y_train=y[:80],
        y_held_out=y[80:160],
        y_generated=y[160:],
    )
    assert set(SCORES) == set(found.scores)
    columns = found.columns_to_frame()
    assert columns.index.tolist() == list(table.columns)
    assert columns.kind.tolist() == ["numbers", "numbers", "categories", "categories"]
    expected = [one.distance for one in metrics.marginal_distances(parts[1], parts[2])]
    assert columns.generated.tolist() == pytest.approx(expected)
    assert found["largest_marginal_distance"].generated == pytest.approx(max(expected))
    assert any("TableEncoder" in note for note in found.notes)


@pytest.mark.slow
def test_a_table_s_classifier_learns_from_samples(frame):
    table, y = frame
    given = table[:80], table[80:160], table[160:]
    found = generation_report(
        *given, y_train=y[:80], y_held_out=y[80:160], y_generated=y[160:], random_state=1
    )
    assert min(found["train_on_samples_accuracy"]) > 0.8
    again = generation_report(
        *given, y_train=y[:80], y_held_out=y[80:160], y_generated=y[160:], random_state=1
    )
    assert again.scores == found.scores


@pytest.mark.slow
def test_a_judge_measures_several_sets_as_reports_do(monkeypatch):
    judge = GenerationJudge(X[TRAIN], X[HELD_OUT], **LABELS)
    drawn = []
    draw = measuring.draw
    monkeypatch.setattr(measuring, "draw", lambda *a: drawn.append(a[0]) or draw(*a))
    for rows in (MORE, slice(400, 500)):
        found = judge.report(X[rows], Y[rows])
        alone = generation_report(X[TRAIN], X[HELD_OUT], X[rows], y_generated=Y[rows], **LABELS)
        assert found.scores == alone.scores
        assert found.notes == alone.notes
    assert sum(rows is judge.real.train for rows in drawn) == 1


def test_a_missing_cell_is_named_by_its_column(frame):
    table = frame[0]
    holed = table[160:].astype({"age": float}).reset_index(drop=True)
    holed.loc[3, "age"] = np.nan
    with pytest.raises(InvalidDataError, match=r"generated: there is NaN.*'age'"):
        generation_report(table[:80], table[80:160], holed)


def test_columns_in_other_units_count_alike():
    rows = RNG.normal(size=(300, 3)) * [1.0, 1.0, 1e5]
    found = generation_report(rows[:100], rows[100:200], rows[200:])
    assert any("standardized" in note for note in found.notes)
    same = generation_report(*(part / [1, 1, 1e5] for part in np.split(rows, 3)))
    assert found["coverage"] == pytest.approx(same["coverage"], abs=0.05)


def test_constant_columns_and_constant_rows_give_numbers():
    rows = np.column_stack([RNG.normal(size=(90, 2)), np.full(90, 7.0)])
    found = generation_report(rows[:30], rows[30:60], rows[60:])
    assert np.isfinite(found.to_frame()[["generated", "real"]].to_numpy()).all()
    flat = np.full((20, 3), 2.0)
    found = generation_report(flat, flat, flat)
    assert found["frechet_distance"] == (0.0, 0.0)
    assert found["coverage"] == found["copied_share"] == (1.0, 1.0)


def test_what_is_left_out_is_said(monkeypatch):
    monkeypatch.setattr(measuring, "MAX_COLUMNS", 2)
    monkeypatch.setattr(measuring, "NEIGHBOR_ROWS", 20)
    monkeypatch.setattr(measuring, "COPY_ROWS", 10)
    rows = RNG.normal(size=(90, 3))
    y = np.repeat(["a", "b"], [80, 10])[RNG.permutation(90)]
    found = generation_report(
        *np.split(rows, 3), y_train=y[:30], y_held_out=y[30:60], y_generated=np.full(30, "a")
    )
    said = " ".join(found.notes)
    for part in (
        "at most 20",
        "10 for copies",
        "up to 2 columns",
        "leaves out 1 class",
        "are of one class",
    ):
        assert part in said
    assert "train_on_samples_accuracy" not in found.scores
    one = np.full(30, "a")
    found = generation_report(
        *np.split(rows, 3), y_train=one, y_held_out=one, y_generated=one, features="pca"
    )
    assert "the training rows are of one class" in " ".join(found.notes)
    assert "class_agreement" not in found.scores


def test_a_report_is_a_table_a_dict_and_a_text():
    found = generation_report(X[TRAIN], X[HELD_OUT], X[MORE])
    table = found.to_frame()
    assert table.columns.tolist() == ["generated", "real", "better"]
    assert table.loc["recall", "generated"] == found["recall"].generated
    assert (
        json.loads(json.dumps(found.to_dict()))["scores"]["recall"]["real"] == found["recall"].real
    )
    lines = repr(found).splitlines()
    assert lines[0].split() == ["generated", "real", "rows", "better"]
    assert [line.split("  ")[0] for line in lines[2:]][: len(found.scores)] == [
        SCORES[name].title for name in found.scores
    ]
    assert max(map(len, found.text(60).splitlines())) < 70
    assert found.notes[0] in " ".join(" ".join(lines).split())


@pytest.mark.parametrize(
    ("scores", "said"),
    [
        ({"coverage": (0.9, 0.97), "two_sample_auc": (0.6, 0.5)}, []),
        ({"coverage": (0.8, 0.97), "precision": (0.9, 0.9)}, ["kinds of rows are missing"]),
        ({"precision": (0.5, 0.9), "coverage": (0.97, 0.97)}, ["unlike any real row"]),
        ({"copied_share": (0.5, 0.01), "two_sample_auc": (0.9, 0.5)}, ["copies", "separates"]),
        ({"copied_share": (0.05, 0.04)}, []),  # held-out rows are copies themselves
    ],
)
def test_a_sentence_says_what_is_lacking(scores, said):
    made = {name: GenerationScore(*score) for name, score in scores.items()}
    sentence = GenerationReport(made, "as they are").sentence
    assert all(part in sentence for part in said)
    assert ("fall short" in sentence) == bool(said)
    assert sentence.count("of real rows") == len(said)


def test_a_report_is_written_as_a_page(tmp_path, frame):
    table = frame[0]
    found = generation_report(table[:80], table[80:160], table[160:])
    page = report.write(report.of_generation(found, "people"), tmp_path / "people")
    text = page.read_text(encoding="utf-8")
    for part in ("people: generated rows", "Kolmogorov", "city", "coverage", "TableEncoder"):
        assert part in text
    told = json.loads((tmp_path / "people" / "metrics.json").read_text(encoding="utf-8"))
    assert told["scores"]["recall"]["generated"] == pytest.approx(found["recall"].generated)
    images = generation_report(X[TRAIN], X[HELD_OUT], X[MORE])
    write = report.of_generation(images, "digits", images=X[:6], y=Y[:6] > 4)
    report.write(write, tmp_path / "digits")
    assert len(list((tmp_path / "digits").rglob("samples.png"))) == 1


ROWS = RNG.normal(size=(40, 3))
GOOD = {"real_train": ROWS, "real_held_out": ROWS, "generated": ROWS}
NAN = np.where(np.arange(120).reshape(40, 3) == 4, np.nan, ROWS)
Y2 = np.repeat([0, 1], 20)


@pytest.mark.parametrize(
    ("wrong", "error", "said"),
    [
        ({"generated": NAN}, InvalidDataError, r"generated: there is NaN at index \(1, 1\)"),
        ({"generated": ROWS[:, :2]}, ShapeMismatchError, r"\(2,\) in generated"),
        ({"generated": ROWS[:1]}, InvalidDataError, "1 row in generated"),
        ({"generated": ROWS[:5]}, InvalidDataError, "n_neighbors=5 for 40 real and 5"),
        ({"real_train": ROWS[:, 0]}, ShapeMismatchError, r"real_train of shape \(40,\)"),
        ({"real_held_out": ROWS[:0]}, InvalidDataError, "real_held_out: an array of shape"),
        ({"generated": pd.DataFrame(ROWS)}, InvalidDataError, "a data frame in generated"),
        ({"features": "inception"}, InvalidDataError, "features='inception'"),
        ({"features": "classifier"}, InvalidDataError, "without labels"),
        ({"features": lambda X: X[:3]}, InvalidDataError, "one row of features for each"),
        ({"features": lambda X: X * np.nan}, InvalidDataError, "lambda.*NaN"),
        ({"y_train": Y2}, InvalidDataError, "y_train without y_held_out"),
        ({"y_generated": Y2}, InvalidDataError, "without y_train and y_held_out"),
        ({"y_train": Y2, "y_held_out": Y2[:3]}, ShapeMismatchError, "y_held_out"),
        ({"y_train": Y2, "y_held_out": Y2 + 1}, InvalidDataError, "class 2 in y_held_out"),
    ],
)
def test_bad_input_is_named(wrong, error, said):
    with pytest.raises(error, match=said):
        generation_report(**(GOOD | wrong))
