"""Tables for terminals."""

from __future__ import annotations

from jamjae.data.text_tables import text_table, text_width


def test_columns_are_aligned_by_the_width_that_is_seen():
    made = text_table(["", "MSE"], [["jamjae", "0.5"], ["오토인코더", "12.25"]])
    assert made.splitlines() == [
        "              MSE",
        "-----------------",
        "jamjae        0.5",
        "오토인코더  12.25",
    ]
    assert {text_width(line) for line in made.splitlines()} == {17}


def test_cells_are_text_and_never_markup_or_emoji():
    row = ["[bold]x[/bold]", ":smile:", "a" * 500]
    assert text_table(["a", "b", "c"], [row], left=3).splitlines()[-1].split() == row


def test_without_headings_there_is_no_rule():
    assert text_table(["", ""], [["model", "Autoencoder"]], left=2) == "model  Autoencoder"
