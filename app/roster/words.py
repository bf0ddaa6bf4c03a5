"""What is said of a row that cannot be used: what is wrong with it, and what to do."""

from __future__ import annotations

from typing import Any

from flask_babel import gettext as _

from app.base import labels
from app.roster.looking import Understood, field_word
from app.rules.roster.cells import LONGEST
from app.rules.roster.model import Fault

_CODED = {"nature": "nature", "band": "band"}


def heading(understood: Understood, field: str) -> str:
    """A column as the file calls it; one that the file has not, by our word."""
    place = understood.head.columns.get(field)
    if place is None:
        return str(field_word(field))
    return str(understood.table.rows[understood.head.row][place]).strip()


def problem(fault: Fault) -> str:
    """What is wrong."""
    name = field_word(fault.field)
    words = {
        "missing": _("%(column)s is empty.", column=name),
        "cell_error": _("The cell shows an error: %(shown)s.", shown=fault.shown),
        "cell_flag": _("The cell holds true or false."),
        "cell_date": _("The cell holds a date: %(shown)s.", shown=fault.shown),
        "cell_fraction": _("The cell holds a broken number: %(shown)s.", shown=fault.shown),
        "digits_lost": _("The number %(shown)s was kept as a number and has lost digits.", shown=fault.shown),
        "zeros_lost": _("%(shown)s has lost the zeros it begins with.", shown=fault.shown),
        "control": _("The cell holds an invisible control character."),
        "formula": _("The cell holds a formula as text: %(shown)s.", shown=fault.shown),
        "too_long": _("%(column)s is too long.", column=name),
        "identity_number": _("This is an identity number. It is never used to tell people apart here."),
        "staff_form": _("No staff number (2 to 60 letters, digits or . _ - @ +): %(shown)s.", shown=fault.shown),
        "name_form": _("This is no name: %(shown)s.", shown=fault.shown),
        "name_digits": _("There are digits in the name: %(shown)s.", shown=fault.shown),
        "phone_form": _("This is no phone number: %(shown)s.", shown=fault.shown),
        "phone_several": _("More than one phone number stands here: %(shown)s.", shown=fault.shown),
        "email_form": _("This is no e-mail address: %(shown)s.", shown=fault.shown),
        "email_several": _("More than one e-mail address stands here: %(shown)s.", shown=fault.shown),
        "unit_form": _("This is no unit's name: %(shown)s.", shown=fault.shown),
        "unit_unclear": _("Several units are called %(shown)s.", shown=fault.shown),
        "unit_gone": _("No unit is called %(shown)s any more: it was closed, or has another name.", shown=fault.shown),
        "own_parent": _("The unit is its own superior: %(shown)s.", shown=fault.shown),
        "nature_unknown": _("This nature is not known: %(shown)s.", shown=fault.shown),
        "band_unknown": _("This rank band is not known: %(shown)s.", shown=fault.shown),
        "nature_differs": _(
            "%(unit)s is a %(nature)s here and a %(other)s in most rows.", unit=fault.other,
            nature=labels.label("nature", fault.shown), other=labels.label("nature", fault.wanted),
        ),
        "guarded": _(
            "%(shown)s is an administrator's account: no roster changes its name, phone or e-mail.", shown=fault.shown
        ),
        "yes_no": _("Neither yes nor no: %(shown)s.", shown=fault.shown),
        "twice_same": _("This row repeats row %(row)s word for word; it was read once.", row=fault.other),
        "twice": _("The staff number %(shown)s also stands in row %(rows)s.", shown=fault.shown, rows=fault.other),
    }  # fmt: skip
    return str(words.get(fault.problem) or _of_opening(fault))


def _of_opening(fault: Fault) -> str:
    """What is wrong with a row of an older platform."""
    words = {
        "number_form": _("This is no number: %(shown)s.", shown=fault.shown),
        "negative": _("Less than nothing: %(shown)s.", shown=fault.shown),
        "hours_many": _("More hours than a year has: %(shown)s.", shown=fault.shown),
        "minutes_many": _("Too many minutes: %(shown)s.", shown=fault.shown),
        "hours_inexact": _("%(shown)s has more than three decimals: hours are never rounded here.", shown=fault.shown),
        "year_form": _("This is no year: %(shown)s.", shown=fault.shown),
        "year_early": _("This year is too long ago: %(shown)s.", shown=fault.shown),
        "year_ahead": _("This is still to come: %(shown)s.", shown=fault.shown),
        "year_sealed": _("The period of %(shown)s is sealed.", shown=fault.shown),
        "day_form": _("This is no day: %(shown)s.", shown=fault.shown),
        "category_unknown": _("This category is not known: %(shown)s.", shown=fault.shown),
        "certificate_form": _("This is no certificate's number: %(shown)s.", shown=fault.shown),
        "seen_beyond": _("More minutes were watched than the course has: %(shown)s.", shown=fault.shown),
        "total_twice": _("There are two totals for this unit and year: %(shown)s.", shown=fault.shown),
        "nobody": _("Nobody here has the staff number %(shown)s.", shown=fault.shown),
        "other_name": _("%(shown)s is called %(wanted)s here.", shown=fault.shown, wanted=fault.wanted),
        "twice_other": _("Row %(rows)s says something else of it: %(shown)s.", shown=fault.shown, rows=fault.other),
    }  # fmt: skip
    return str(words[fault.problem])


def suggestion(fault: Fault) -> str:
    """What to do."""
    if fault.wanted and fault.problem == "unit_gone":
        return str(_("Its people belong to %(wanted)s now: write that.", wanted=fault.wanted))
    if fault.problem == "other_name":
        return str(_("Correct the name or the number: nobody gets another person's hours."))
    if fault.wanted:
        wanted = labels.label(fault.field, fault.wanted) if fault.field in _CODED else fault.wanted
        return str(_("Is it %(wanted)s?", wanted=wanted))
    name, longest = field_word(fault.field), LONGEST.get(fault.field, 60)
    words = {
        "missing": _("Write it, or delete the row if nobody is meant."),
        "cell_error": _("Write the value itself in place of the formula."),
        "cell_flag": _("Write it as text."),
        "cell_date": _("Make the column a text column and write it again: the spreadsheet took it for a date."),
        "cell_fraction": _("Make the column a text column and write it again."),
        "digits_lost": _("Make the column a text column and write the number again, whole."),
        "control": _("Delete the cell and type it anew."),
        "formula": _("Write the value itself in place of the formula."),
        "too_long": _("Shorten it to %(num)s characters.", num=longest),
        "identity_number": _("Put the staff number here. If there is none, the personnel office gives one."),
        "staff_form": _("Write the staff number alone, without spaces or remarks."),
        "name_form": _("Write the person's name."),
        "name_digits": _("Write the name alone."),
        "phone_form": _("A mobile number has 11 digits; a landline begins with its area code. Or leave it empty."),
        "phone_several": _("Leave one."),
        "email_form": _("Write it as name@example.org, or leave it empty."),
        "email_several": _("Leave one."),
        "unit_form": _("Write the unit's full name."),
        "unit_unclear": _("Add a column with the superior unit, so that it is clear which one is meant."),
        "unit_gone": _("Write the unit that the person belongs to now."),
        "own_parent": _("Write the unit above it, or leave it empty."),
        "yes_no": _("Write yes or no (是 or 否)."),
        "guarded": _("Take the row out, or let the administrator change it on their own page."),
        "twice_same": _("Delete one of the two rows."),
        "twice": _("Leave the row that is right. Until then none of them is taken."),
    }  # fmt: skip
    return str(words.get(fault.problem) or _hint_of_opening(fault) or _("Correct %(column)s.", column=name))


def _hint_of_opening(fault: Fault) -> str:
    words = {
        "number_form": _("Write the number alone, such as 19.5."),
        "negative": _("Write what the learner had. What was taken back there is simply not in it."),
        "hours_many": _("Write hours, not minutes."),
        "minutes_many": _("Write minutes, not seconds."),
        "year_form": _("Write the year alone, such as 2025."),
        "year_early": _("Write the year with four digits, or leave the row out."),
        "year_ahead": _("Correct the year, or leave the row out until it has come."),
        "year_sealed": _("Have the period opened again first, or leave the row out."),
        "day_form": _("Write it as 2025-11-30, or leave it empty."),
        "category_unknown": _("Write a category that the academy's rules know."),
        "certificate_form": _("Write the number alone, or leave it empty."),
        "seen_beyond": _("Correct one of the two numbers."),
        "total_twice": _("Leave one of them."),
        "nobody": _("Import the roster with this person first, or correct the number."),
        "twice_other": _("Leave the row that is right. Until then none of them is taken."),
    }  # fmt: skip
    return str(words.get(fault.problem, ""))


def wrong(understood: Understood, faults: list[Fault]) -> list[dict[str, Any]]:
    """Every fault with its row, the column as the file calls it, what is wrong and what to do."""
    return [
        {
            "row": fault.row, "column": heading(understood, fault.field), "problem": problem(fault),
            "suggestion": suggestion(fault), "shown": fault.shown, **({"sheet": fault.sheet} if fault.sheet else {}),
        }
        for fault in faults
    ]  # fmt: skip


def conflict(code: str) -> str:
    """Why undoing left something as it is."""
    words = {
        "account": _("The account was changed, closed or opened since."),
        "unit": _("Unit or rank band was changed since."),
        "class": _("The class was changed since."),
        "used": _("The person has signed in, studied, joined a class or got a role since."),
        "unit_used": _("People, classes or other units hang on it."),
        "unit_closed": _("The unit before was closed since."),
    }
    return str(words.get(code) or _("%(column)s was changed since.", column=field_word(code)))
