"""Finding people by what staff know of them: staff number, name, pinyin."""

from __future__ import annotations

import unicodedata

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from app.people.models import Person
from app.people.queries import PERSON, PersonRow


def find_people(session: Session, text: str, most: int) -> list[PersonRow]:
    """Whose staff number is or begins with the text, whose name holds it, or whose pinyin begins with it.

    The very staff number first, then by pinyin. Whether they may be seen is not asked here.
    """
    given = " ".join(unicodedata.normalize("NFKC", text).split())[:60]
    if not given:
        return []
    small = given.casefold()
    joined = small.replace(" ", "")
    found = or_(
        Person.login.startswith(small, autoescape=True),
        Person.name.contains(given, autoescape=True),
        func.replace(Person.name_pinyin, " ", "").startswith(joined, autoescape=True),
    )
    order = ((Person.login != small), Person.name_pinyin, Person.id)
    return [PersonRow(*row) for row in session.execute(select(*PERSON).where(found).order_by(*order).limit(most))]
