"""The words and addresses of the catalogue: facets, chips, what may be taken off."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask import url_for
from flask_babel import gettext as _
from markupsafe import Markup, escape

from app.base import labels
from app.study.catalogue import Found, Wanted
from app.study.queries import Year
from app.study.words import amount, listed, unbroken

FEWEST = 2  # of one value there is nothing to choose


@dataclass(frozen=True, slots=True)
class Link:
    """Something that may be chosen; `on`: it is, and the link takes it off. `number` of courses behind it."""

    text: str
    url: str
    number: int
    on: bool


@dataclass(frozen=True, slots=True)
class FacetLinks:
    """A facet with its values."""

    title: str
    name: str
    links: tuple[Link, ...]


@dataclass(frozen=True, slots=True)
class CataloguePage:
    """Everything that the page links to. `ways`: what may be taken off where nothing is found."""

    facets: tuple[FacetLinks, ...]
    chips: tuple[Link, ...]
    active: tuple[Link, ...]
    sorts: tuple[Link, ...]
    ways: tuple[Link, ...]
    short_of: Markup


def page_of(year: Year, found: Found) -> CataloguePage:
    """The links of a result."""
    facets = _facets(year, found)
    wanted = found.wanted
    active = [link for facet in facets for link in facet.links if link.on]
    if wanted.gap:
        active.append(Link(_gap(), _url(wanted.address(gap=False)), found.gap or 0, True))
    return CataloguePage(
        facets=tuple(each for each in facets if wanted.of(each.name) or _divides(each)),
        chips=tuple(_chips(year, found)),
        active=tuple(active),
        sorts=tuple(
            Link(text, _url(wanted.address(sort=code)), 0, wanted.sort == code) for code, text in _sorts().items()
        ),
        ways=tuple(_ways(found)),
        short_of=_short_of(year),
    )


def _divides(facet: FacetLinks) -> bool:
    """Is there anything to choose?"""
    return len(facet.links) >= FEWEST and any(link.number for link in facet.links)


def page_url(wanted: Wanted, number: int) -> str:
    """The address of another page of the same result."""
    return _url(wanted.address(page=number))


def _url(query: Mapping[str, Any]) -> str:
    return url_for("study.catalogue", **query)


def _titles() -> dict[str, str]:
    return {
        "requirement": _("Requirement"), "bucket": _("Subject"), "category": _("Category"),
        "provider": _("Provider"), "length": _("Length"), "state": _("Progress"),
    }  # fmt: skip


def _words(year: Year) -> dict[str, dict[str, str]]:
    """What is not a label: lengths, states, providers by code."""
    english = labels.english()
    rows = [course.row for course in year.courses]
    return {
        "length": {
            "5": _("Up to 5 minutes"), "15": _("5 to 15 minutes"), "45": _("15 to 45 minutes"),
            "90": _("45 to 90 minutes"), "more": _("More than 90 minutes"),
        },
        "state": {"todo": _("Not begun"), "begun": _("Begun"), "done": _("Done")},
        "provider": {row.provider_code: row.provider_name_en if english else row.provider_name for row in rows},
    }  # fmt: skip


def _facets(year: Year, found: Found) -> list[FacetLinks]:
    words, wanted = _words(year), found.wanted
    return [
        FacetLinks(
            title,
            name,
            tuple(
                Link(
                    words.get(name, {}).get(each.code) or labels.label(name, each.code),
                    _url(wanted.toggled(name, each.code)),
                    each.number,
                    each.on,
                )
                for each in found.facets[name]
            ),
        )
        for name, title in _titles().items()
    ]


def _gap() -> str:
    return str(_("Closes my gap"))


def _chips(year: Year, found: Found) -> list[Link]:
    """What is asked for most, as one tap."""
    wanted = found.wanted
    chips = []
    if found.gap is not None and (found.gap or wanted.gap):
        chips.append(Link(_gap(), _url(wanted.address(gap=not wanted.gap)), found.gap, wanted.gap))
    open_ = sum(course.required and not course.done for course in year.courses)
    on = wanted.of("requirement") == ("required",) and set(wanted.of("state")) == {"todo", "begun"}
    if open_ and (on or open_ < len(year.courses)):
        after = ((), ()) if on else (("required",), ("todo", "begun"))
        url = _url(wanted.address(requirement=after[0], state=after[1]))
        chips.append(Link(str(_("Required, not done")), url, open_, on))
    return chips


def _sorts() -> dict[str, str]:
    return {
        "need": _("By need"), "new": _("Newest first"), "short": _("Shortest first"), "hours": _("Most hours first")
    }  # fmt: skip


def _ways(found: Found) -> list[Link]:
    wanted, titles = found.wanted, _titles()
    ways = []
    for name, number in found.ways:
        if name == "q":
            text = _("Search without “%(words)s”", words=wanted.q)
            ways.append(Link(str(text), _url(wanted.address(q="")), number, False))
        elif name == "gap":
            ways.append(Link(str(_("Without “Closes my gap”")), _url(wanted.address(gap=False)), number, False))
        else:
            text = _("Any: %(facet)s", facet=titles[name])
            ways.append(Link(str(text), _url(wanted.address(**{name: ()})), number, False))
    return ways


def _short_of(year: Year) -> Markup:
    """What is missing: hours, and how many of them of which subject; "" while nothing is."""
    duty = year.duty
    if duty is None or not duty.short:
        return Markup("")
    whole = unbroken(amount("countable", duty.short, up=True))
    parts = [part for part in duty.parts if part.short and part.bucket]
    text = Markup(escape(_("%(amount)s of %(subject)s")))
    told = listed([
        unbroken(text % {"amount": amount("countable", part.short, up=True), "subject": _subject(part.bucket)})
        for part in parts
    ])  # fmt: skip
    if not parts or sum(part.short for part in parts) == duty.short:
        return told or whole
    return Markup(escape(_("%(whole)s, %(parts)s among them"))) % {"whole": whole, "parts": told}


def _subject(bucket: str) -> str:
    word = labels.label("bucket", bucket)
    return word[:1].lower() + word[1:] if labels.english() else word
