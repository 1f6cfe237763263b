"""The encoding of a text file, found out."""

from __future__ import annotations

import codecs
import json
import re
from pathlib import Path

from jamjae.data.readers.opening import opened

SAMPLE_BYTES = 1 << 20
PIECE = 1 << 24  # bytes decoded at a time
WESTERN = frozenset("äöüßÄÖÜéèêëÉÈÊàâáãåæçñíîïìóôòõøúûùýÿÀÂÁÃÅÆÇÑÍÎÓÔÕØÚŒœ°µ²³±£€§“”–—«»½")
HANGUL = 0.8  # of the characters beyond ASCII, so that bytes are taken for Korean text
BEGINNINGS = (  # of files that are no tables of text
    (b"pk\x03\x04", "a workbook or an archive", "Rename it: .xlsx, or .zip."),
    (b"\xd0\xcf\x11\xe0", "an old workbook of Excel", "Rename it: .xls."),
    (b"\x89png", "an image", "Rename it: .png."),
    (b"\xff\xd8\xff", "an image", "Rename it: .jpg."),
    (b"par1", "Parquet", "Rename it: .parquet."),
    (b"arrow1", "an Arrow file", "Rename it: .feather."),
    (b"%pdf", "a PDF", "Export the table as CSV."),
    (b"<!doctype html", "a page of HTML", "Open it in Excel or a browser, and save it as CSV."),
    (b"<html", "a page of HTML", "Open it in Excel or a browser, and save it as CSV."),
    (b"<table", "a page of HTML", "Open it in Excel or a browser, and save it as CSV."),
    (b"<?xml", "XML", "Open it in Excel, and save it as CSV."),
)
BYTE_ORDERS = {codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}


def find_encoding(path: Path) -> tuple[str, str]:
    """Find the encoding of a text file; return it with a note, empty for UTF-8."""
    with opened(path) as file:
        head = file.read(SAMPLE_BYTES)
    if head.startswith(codecs.BOM_UTF8):
        return "utf-8-sig", ""
    for mark, name in BYTE_ORDERS.items():
        if head.startswith(mark):
            return name, "encoding: UTF-16"
    zeros = head[:4096].count(0), head[1:4096:2].count(0)
    if zeros[0] > len(head[:4096]) // 4:
        little = zeros[1] > zeros[0] // 2
        return ("utf-16-le" if little else "utf-16-be"), "encoding: UTF-16, without its mark"
    if _decodes(path, "utf-8"):
        return _utf8_or_korean(head)
    if _decodes(path, "cp949") and _korean(head):
        return "cp949", "encoding: cp949 (Korean); --encoding reads it as another"
    return _guessed(head)


def other_kind(path: Path) -> str:
    """Say what a file holds that is no table of text, and what to do; empty if it may be one."""
    with opened(path) as file:
        head = file.read(SAMPLE_BYTES).removeprefix(codecs.BOM_UTF8).lstrip()
    for begin, kind, cure in BEGINNINGS:
        if head[: len(begin)].lower() == begin:
            return f"it holds {kind}, whatever its name says. {cure}"
    if head.startswith((b"{", b"[{")):
        line = head.splitlines()[0]
        try:
            json.loads(line if line.rstrip().endswith(b"}") else head)
        except ValueError:
            return ""
        return "it holds JSON. Rename it: .jsonl for a record a line, .json for one list."
    return ""


def _utf8_or_korean(head: bytes) -> tuple[str, str]:
    """Choose for a few letters that UTF-8 reads as Ű, in which no word is written, cp949 as 키."""
    text = head.decode("utf-8", errors="ignore")
    beyond = {letter for letter in text if ord(letter) > 127}
    pairs = [letter.encode() for letter in beyond]
    if not pairs or not all(len(p) == 2 and 0xC3 <= p[0] <= 0xC8 and p[1] > 0xA0 for p in pairs):
        return "utf-8", ""
    among = re.escape("".join(beyond))
    if re.search(f"[A-Za-z][{among}]|[{among}][A-Za-z]", text):
        return "utf-8", ""
    if beyond <= WESTERN:
        return "utf-8", "encoding: UTF-8; cp949 (Korean) is possible too: --encoding cp949"
    return "cp949", "encoding: cp949 (Korean); UTF-8 is possible too: --encoding utf-8"


def _decodes(path: Path, encoding: str) -> bool:
    decoder = codecs.getincrementaldecoder(encoding)()
    try:
        with opened(path) as file:
            while piece := file.read(PIECE):
                decoder.decode(piece)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _korean(head: bytes) -> bool:
    text = head.decode("cp949", errors="ignore")
    beyond = [letter for letter in text if ord(letter) > 127]
    hangul = [letter for letter in beyond if "가" <= letter <= "힣"]
    common = [letter for letter in hangul if len(letter.encode("euc-kr", errors="ignore")) == 2]
    return len(hangul) >= HANGUL * len(beyond) and 2 * len(common) > len(hangul)


def _guessed(head: bytes) -> tuple[str, str]:
    from charset_normalizer import from_bytes

    western = head.decode("cp1252", errors="replace")
    if set(filter(lambda letter: ord(letter) > 127, western)) <= WESTERN:
        return (
            "cp1252",
            "encoding: cp1252 (Western European), as it seems; --encoding reads it as another",
        )
    best = from_bytes(head[: 1 << 16]).best()
    name = best.encoding if best is not None else "latin-1"
    if name in ("ascii", "utf_8", "utf-8"):
        name = "cp1252"
    return name, f"encoding: {name}, as it seems; --encoding reads it as another"
