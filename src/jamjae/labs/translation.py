"""Translation of the labs' sentences."""

from __future__ import annotations

import os
from typing import Any

from jamjae.labs.translation_ko import KOREAN

LANGUAGES = {"en": {}, "ko": KOREAN}


class Words:
    """Translates English sentences; those without a translation stay as they are.

    Parameters
    ----------
    language : {"en", "ko"}

    Examples
    --------
    >>> Words("en")("{n} rows", n=3), Words("ko")("original")
    ('3 rows', '원본')
    """

    def __init__(self, language: str) -> None:
        self._known = LANGUAGES[language]

    def __call__(self, text: str, **values: Any) -> str:
        """Translate the text, then fill in the values."""
        translated = self._known.get(text, text)
        return translated.format(**values) if values else translated


def preferred() -> str:
    """Give the language of the user's locale: ``"ko"``, or else ``"en"``."""
    names = ("LC_ALL", "LC_MESSAGES", "LANG")
    locale = next((os.environ[name] for name in names if os.environ.get(name)), "")
    return "ko" if locale.lower().startswith("ko") else "en"
