"""Words where no page is being shown, so that no page's language is at hand: in mails and in files."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path

from babel.support import NullTranslations, Translations

FOLDER = Path(__file__).resolve().parents[1] / "translations"


@cache
def _words(locale: str) -> NullTranslations:
    return Translations.load(FOLDER, [locale])


def speaker(locale: str) -> Callable[[str], str]:
    """What turns an English text into the one of a person's language; Chinese for who has chosen none."""
    return _words("en" if locale == "en" else "zh_Hans_CN").gettext
