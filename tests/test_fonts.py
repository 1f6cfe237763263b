"""Hangul in figures: drawn where a font has it, and said once where none has."""

from __future__ import annotations

import logging
import unicodedata
import warnings

import numpy as np
import pytest
from fontTools.fontBuilder import FontBuilder
from fontTools.pens.ttGlyphPen import TTGlyphPen
from matplotlib import font_manager
from matplotlib.font_manager import fontManager

from jamjae import plotting
from jamjae.errors import MissingFontWarning
from jamjae.plotting import style

KOREAN = ["티셔츠", "바지", "가방"]


@pytest.mark.skipif(
    not set(style.KOREAN_FONTS) & set(fontManager.get_font_names()),
    reason="no Korean font is installed",
)
def test_korean_names_are_drawn_with_a_korean_font(caplog):
    ax = plotting.code_scatter(np.eye(3), [0, 1, 2], class_names=KOREAN, title="옷의 코드")
    figure = plotting.image_grid([np.zeros((3, 4, 4))], column_labels=KOREAN)
    with caplog.at_level(logging.WARNING), warnings.catch_warnings():
        warnings.simplefilter("error")  # a missing glyph is a warning of Matplotlib's
        for drawing in (ax.figure, figure):
            drawing.draw_without_rendering()
    assert not caplog.records


@pytest.fixture
def fonts(monkeypatch):
    """The files of the only installed fonts, none at first; Matplotlib has listed none yet."""
    found = []
    others = [one for one in fontManager.ttflist if one.name not in style.KOREAN_FONTS]
    monkeypatch.setattr(fontManager, "ttflist", others)
    monkeypatch.setattr(font_manager, "findSystemFonts", lambda: found)
    monkeypatch.setattr(style, "_warned", [])
    style.korean_fonts.cache_clear()
    yield found
    style.korean_fonts.cache_clear()


def test_korean_names_without_a_korean_font_warn_once(fonts, tmp_path, caplog, recwarn):
    warnings.simplefilter("always")
    with caplog.at_level(logging.WARNING):
        figure = plotting.image_grid([np.zeros((3, 4, 4))], column_labels=KOREAN)
        plotting.save(figure, tmp_path / "grid.png")
        plotting.save(plotting.code_scatter(np.eye(3), KOREAN), tmp_path / "scatter.pdf")
    assert not caplog.records
    (only,) = recwarn.list  # and none of a glyph
    assert only.category is MissingFontWarning
    assert "apt install fonts-nanum" in str(only.message)
    assert KOREAN[0] in str(only.message)


def test_text_that_others_wrote_is_looked_at_when_saved(fonts, tmp_path):
    figure = plotting.code_scatter(np.eye(3), [0, 1, 2]).figure
    figure.text(0, 0, "한글")
    with pytest.warns(MissingFontWarning, match="한글"):
        plotting.save(figure, tmp_path / "scatter.png")


def test_other_names_need_no_korean_font(fonts, tmp_path, recwarn):
    ax = plotting.code_scatter(np.eye(3), ["bébé", "Ω", "x"], title="été")
    plotting.save(ax, tmp_path / "scatter.png")
    assert not recwarn.list


@pytest.mark.parametrize("name", ["Some Hangul", "LastResort HE"])
def test_a_font_is_found_by_its_glyphs(fonts, tmp_path, caplog, recwarn, name):
    fonts += [str(tmp_path / "damaged.ttf"), hangul_font(tmp_path / "other.ttf", name)]
    (tmp_path / "damaged.ttf").write_bytes(b"no font")
    found = style.korean_fonts()
    if name.startswith("LastResort"):
        assert found == ()
        return
    assert found == (name,)
    labels = ["가", unicodedata.normalize("NFD", "가"), "$가"]
    figure = plotting.image_grid([np.zeros((3, 4, 4))], column_labels=labels)
    with caplog.at_level(logging.WARNING):
        figure.draw_without_rendering()
        plotting.save(figure, tmp_path / "grid.png")
    assert not recwarn.list
    assert not caplog.records


def hangul_font(path, name):
    """Make a font of one syllable, a square."""
    pen = TTGlyphPen(None)
    for number, place in enumerate([(0, 0), (0, 900), (900, 900), (900, 0)]):
        (pen.lineTo if number else pen.moveTo)(place)
    pen.closePath()
    made = FontBuilder(1000, isTTF=True)
    made.setupGlyphOrder([".notdef", "ga"])
    made.setupCharacterMap({0xAC00: "ga"})
    made.setupGlyf({".notdef": TTGlyphPen(None).glyph(), "ga": pen.glyph()})
    made.setupHorizontalMetrics({".notdef": (1000, 0), "ga": (1000, 0)})
    made.setupHorizontalHeader(ascent=900, descent=-100)
    made.setupNameTable({"familyName": name, "styleName": "Regular"})
    made.setupOS2()
    made.setupPost()
    made.save(path)
    return str(path)
