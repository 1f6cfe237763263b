"""Report folders: one page that needs nothing else, and the numbers for programs."""

from __future__ import annotations

import csv
import json
import math
from html.parser import HTMLParser

import numpy as np
import pytest
from sklearn.datasets import load_iris

from jamjae import compare, report
from jamjae.errors import OutputError
from jamjae.plotting import loss_curve


class Page(HTMLParser):
    """What a page asks for from elsewhere, and its text."""

    def __init__(self, text):
        super().__init__()
        self.asked, self.open, self.words = [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.asked += [v for k, v in attributes if k in ("src", "href") and v]
        if tag not in ("meta", "img", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.words.append(data)


def made(**options):
    figure = loss_curve({"loss": [2.0, 1.0]}).figure
    parts = [
        report.Paragraph("First <b>things</b> & others", lead=True),
        report.Heading("Numbers"),
        report.Table(["", "a", "b"], [["x", report.Cell("1", "0 to 2", best=True), "n/a"]]),
        report.Notes(["one", "two"]),
        report.Illustration("loss", figure, 'A "curve"'),
    ]
    metrics = {"a": np.float32(0.5), "b": [math.inf, np.int64(3)], "c": np.arange(2)}
    settings = {"title": "A < B", "parts": parts, "metrics": metrics, "rows": [{"m": "x", "v": 1}]}
    return report.Report(**{**settings, **options})


def test_the_page_stands_alone(tmp_path):
    page = report.write(made(), tmp_path / "new" / "folder")
    read = Page(page.read_text(encoding="utf-8"))
    assert read.open == []
    assert all(source.startswith("data:image/png;base64,") for source in read.asked)
    assert "http" not in page.read_text(encoding="utf-8").replace("http-equiv", "")
    text = "".join(read.words)
    assert "First <b>things</b> & others" in text
    assert "A < B" in text
    assert {p.name for p in page.parent.iterdir()} == {
        "index.html",
        "loss.png",
        "loss.svg",
        "metrics.csv",
        "metrics.json",
    }


def test_numbers_are_for_programs(tmp_path):
    report.write(made(), tmp_path)
    told = json.loads((tmp_path / "metrics.json").read_text(encoding="utf-8"))
    assert (told["a"], told["b"], told["c"]) == (0.5, [None, 3], [0, 1])
    assert {"python", "jamjae", "jax"} <= set(told["versions"])
    with (tmp_path / "metrics.csv").open(encoding="utf-8", newline="") as file:
        assert list(csv.DictReader(file)) == [{"m": "x", "v": "1"}]


def test_a_second_report_replaces_the_first(tmp_path):
    report.write(made(), tmp_path)
    page = report.write(made(title="Second"), tmp_path)
    assert "Second" in page.read_text(encoding="utf-8")


def test_a_place_that_is_none_is_refused(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match="Cannot write"):
        report.write(made(), tmp_path / "file" / "folder")


def test_the_report_of_a_comparison(tmp_path):
    X, y = load_iris(return_X_y=True)
    found = compare(X, y, methods=["pca", "isomap"], seeds=2, test_size=0.3)
    page = report.write(report.of_comparison(found, "iris <&>"), tmp_path)
    text = "".join(Page(page.read_text(encoding="utf-8")).words)
    assert found.sentence in text
    assert "iris <&>" in text
    assert text.count("n/a") > 4
    for column in found.columns.values():
        assert column.title in text
    told = json.loads((tmp_path / "metrics.json").read_text(encoding="utf-8"))
    assert told["rows"] == json.loads(json.dumps(found.rows))
    assert len(told["summary"]) == len(found.summary_rows)
    with (tmp_path / "metrics.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [r["test_mse"] for r in rows if r["method"] == "Isomap"] == ["n/a", "n/a"]
    assert {"comparison.png", "embeddings.png"} <= {p.name for p in tmp_path.iterdir()}
