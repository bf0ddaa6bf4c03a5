"""The words and measures on the paper: what `typeset/certificate.typ` is given, in the certificate's own language."""

from __future__ import annotations

import io
import math
from datetime import date
from typing import Any

import segno
from flask_babel import force_locale, ngettext
from flask_babel import gettext as _

from app.base import labels
from app.base.numbers import fixed
from app.credits.certificates.content import Content
from app.credits.reckoning import decimals_for
from app.rules import check_code

LOCALES = {"zh": "zh_Hans_CN", "en": "en"}
FONTS = ("Noto Serif SC", "Noto Serif CJK SC", "Noto Sans CJK SC")
HOUSE = "笃"
MOST_ROWS = 7
# Ends of a ruler whose fifths are whole hours.
ENDS = (5, 10, 15, 20, 25, 30, 40, 50, 60, 75, 100, 125, 150, 200, 250, 300, 400, 500, 750, 1000)
TICKS, EVERY = 25, 5


def check_address(content: Content) -> str:
    """Where the code is checked: what the QR code holds."""
    return f"{content.check_at}/check/{check_code.shown(content.code)}"


def file_name(content: Content) -> str:
    """`certificate-2026-01-01-2026-11-26-7K3D.pdf`: nothing personal."""
    return f"certificate-{content.since}-{content.until}-{content.code[:4]}.pdf"


def data_of(content: Content, content_hash: str) -> dict[str, Any]:
    """Everything that is printed, as JSON values; `language` decides its words whatever the reader's is."""
    with force_locale(LOCALES[content.language]):
        return _head(content) | _body(content) | _foot(content, content_hash) | _annex(content)


def _head(content: Content) -> dict[str, Any]:
    since, until = (labels.full_day(day) for day in content.span)
    made = content.issued_at
    return {
        "language": content.language,
        "fonts": list(FONTS),
        "house": HOUSE,
        "made": {name: getattr(made, name) for name in ("year", "month", "day", "hour", "minute", "second")},
        "title": _("Certificate of hours"),
        "academy": content.academy,
        "numbered": _("No. %(number)s", number=check_code.shown(content.code)[:9]),
        "span": _("%(since)s – %(until)s", since=since, until=until),
        "certifies": _("This is to certify that"),
        "name": content.name,
        "unit": content.unit,
        "sentence": _sentence(content, *(day.replace(" ", "\u00a0") for day in (since, until))),
    }


def _sentence(content: Content, since: str, until: str) -> list[dict[str, Any]]:
    """The one sentence that is certified, in parts; those that matter are strong."""
    hours = fixed(content.hours, decimals_of(content))
    mark = "\0"
    text = _(
        "has learned at %(academy)s from %(since)s to %(until)s, and that the academy's account counts %(hours)s hours"
        " for these days.",
        academy=content.academy, since=f"{mark}{since}{mark}", until=f"{mark}{until}{mark}",
        hours=f"{mark}{hours}{mark}",
    )  # fmt: skip
    return [{"text": part, "strong": bool(at % 2)} for at, part in enumerate(str(text).split(mark)) if part]


def _body(content: Content) -> dict[str, Any]:
    decimals = decimals_of(content)
    end = ruler_end(content.hours)
    items = ngettext("%(num)d item", "%(num)d items", content.count)
    return {
        "hours": fixed(content.hours, decimals),
        "hours_word": _("learning hours"),
        "items_text": _("from %(items)s", items=items),
        "rows": _rows(content, decimals),
        "ruler": {
            "end": end * 1000, "ticks": TICKS, "every": EVERY, "labels": [str(end * n // 5) for n in range(6)],
        },
        "heads": [_("Subject"), _("Items"), _("Hours")],
        "total_word": _("Total"),
        "total_items": str(content.count),
        "told": _(
            "Counted are the hours that stand on the account, on the day on which they were learned. Hours carried over"
            " from an earlier period are not counted again."
        ),
    }  # fmt: skip


def _rows(content: Content, decimals: int) -> list[dict[str, Any]]:
    """A row a bucket; of very many the smallest are put together."""
    found = []
    for place, (bucket, hours, count) in enumerate(content.buckets):
        sign, slot = labels.seal(bucket)
        named = labels.label("bucket", bucket)
        own = slot - 1 if bucket in labels.SEALS else place % 5
        found.append((sign or "·", named, hours, count, own))
    if len(found) > MOST_ROWS:
        rest = found[MOST_ROWS - 1 :]
        word = ngettext("%(num)d more subject", "%(num)d more subjects", len(rest))
        found = [*found[: MOST_ROWS - 1], ("…", word, sum(r[2] for r in rest), sum(r[3] for r in rest), 4)]
    return [
        {"seal": sign, "name": name, "size": hours, "hours": fixed(hours, decimals), "items": str(count), "slot": slot}
        for sign, name, hours, count, slot in found
    ]


def _foot(content: Content, content_hash: str) -> dict[str, Any]:
    code = check_code.shown(content.code)
    address = check_address(content)
    out = io.BytesIO()
    segno.make(address, error="m", micro=False).save(out, kind="svg", border=0, dark="#18222b", xmldecl=False)
    return {
        "qr": out.getvalue().decode("ascii"),
        "qr_alt": address,
        "check_title": _("Anyone may check this"),
        "check_text": _("Scan the code, or type it at the address below. The page says whether it still holds."),
        "code_lines": [code[:14], code[15:]],
        "address": f"{content.check_at}/check",
        "seal": seal_columns(content.sealed_by),
        "issued": _("Issued on %(day)s", day=labels.full_day(_day(content))),
        "hash_word": _("SHA-256 of the content"),
        "hash": " ".join(content_hash[at : at + 8] for at in range(0, 64, 8)),
        "foot": _(
            "Account up to entry no. %(seq)s, %(hash)s … · rules: %(rules)s",
            seq=content.head[0], hash=content.head[1][:12],
            rules=_("version %(numbers)s", numbers=_between(content).join(map(str, content.versions))),
        ),
    }  # fmt: skip


def _between(content: Content) -> str:
    return "、" if content.language == "zh" else ", "


def _annex(content: Content) -> dict[str, Any]:
    decimals = decimals_of(content)
    rows = [
        {
            "day": day, "title": title or labels.label("evidence", kind), "bucket": labels.label("bucket", bucket),
            "hours": fixed(hours, decimals),
        }
        for day, title, kind, bucket, hours in content.items
    ]  # fmt: skip
    return {
        "items": rows,
        "annex": _("Annex: what was counted"),
        "annex_text": _(
            "%(name)s, %(since)s to %(until)s", name=content.name, since=content.since, until=content.until
        ),
        "annex_heads": [_("Day"), _("What"), _("Subject"), _("Hours")],
        "page_word": _("page %(page)s of %(pages)s", page="\1", pages="\2"),
    }


def _day(content: Content) -> date:
    return labels.local_day_of(content.issued_at)


def decimals_of(content: Content) -> int:
    """How many decimals (1 to 3) show every amount whole."""
    return decimals_for([hours for _bucket, hours, _count in content.buckets] + [row[4] for row in content.items])


def ruler_end(hours: int) -> int:
    """The end of the ruler in whole hours: the next one whose fifths are whole."""
    need = math.ceil(hours / 1000)
    return next((end for end in ENDS if end >= need), -(-need // 500) * 500)


def seal_columns(name: str) -> list[list[str]]:
    """The signs of a seal in columns, the first to be read first; filled up with 印 or 之印 as seals are."""
    signs = [sign for sign in name if "\u3400" <= sign <= "\u9fff" or sign >= "\U00020000"]
    if len(signs) != len(name) or not 2 <= len(signs) <= 12:
        signs = list("笃学之印")
    else:
        signs += {3: "印", 5: "印", 7: "之印", 8: "印", 10: "之印", 11: "印"}.get(len(signs), "")
    tall = {2: 2, 4: 2, 6: 2, 9: 3, 12: 3}[len(signs)]
    return [signs[at : at + tall] for at in range(0, len(signs), tall)]
