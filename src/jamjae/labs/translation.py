"""The labs' sentences in the reader's language."""

from __future__ import annotations

import os
from typing import Any

from jamjae.labs.translation_ko import KOREAN

LANGUAGES = {"en": {}, "ko": KOREAN}


class Words:
    """Gives English sentences in a language: as they are, or translated where they are known.

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
        """Translate, then put the values in."""
        translated = self._known.get(text, text)
        return translated.format(**values) if values else translated


def preferred() -> str:
    """Tell the language of the user's locale: ``"ko"``, or else ``"en"``."""
    names = ("LC_ALL", "LC_MESSAGES", "LANG")
    locale = next((os.environ[name] for name in names if os.environ.get(name)), "")
    return "ko" if locale.lower().startswith("ko") else "en"
