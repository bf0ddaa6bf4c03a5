"""What the player's scripts say: every sentence is here once, in the reader's language."""

from __future__ import annotations

from typing import Any

from flask_babel import gettext as _


def player_words() -> dict[str, Any]:
    """By the name under which the scripts know them; what stands in braces they fill in."""
    return {
        "play": _("Play"),
        "asked": _("A question about the content stands below the picture. It can be answered later."),
        "choose": _("Choose an answer."),
        "not_sent": _("Not sent: the academy does not answer. Your choice is kept; send it again."),
        "pause": _("Pause"),
        "position": _("{at} of {length}"),
        "coverage": _("Counted {counted} of {length}, {pending} waits for an answer, {refused} not counted."),
        "saved": _("Recorded up to {at}"),
        "kept": _("{kept} kept here"),
        "away": _("{kept} are kept on this device; they will be sent when you are back online."),
        "back_online": _("Back online. What was kept here is sent."),
        "buffering": _("The picture is on its way. Time counts only while it plays; none is lost."),
        "continue_here": _("Continue here"),
        "cannot_open": _("The academy does not answer, so nothing could be counted. Press play to try again."),
        "cannot_play": _("The material did not arrive. What was counted stays; reload the page to go on."),
        "read_instead": _("Read the transcript instead"),
        "found": _("{n} found"),
        "found_at": _("{k} of {n}"),
        "speed": _("Speed {n}×"),
        "complete": _("All of this lesson is counted."),
        "limit": _("The first time, this course is watched in order: you can go as far as you have seen, {at}."),
        "full_on": _("The player fills the window. Escape or the same button goes back."),
        "length": _length_words(),
        "parts": _part_words(),
        "reading": _reading_words(),
        "notes": _note_words(),
        "ended": _endings(),
        "reasons": _reasons(),
    }


def _length_words() -> dict[str, str]:
    return {
        "seconds": _("{s} seconds"),
        "second": _("1 second"),
        "minutes": _("{m} min"),
        "both": _("{m} min {s} s"),
    }


def _part_words() -> dict[str, str]:
    return {
        "counted": _("Counted"),
        "pending": _("Waits for an answer"),
        "refused": _("Not counted"),
        "skipped": _("Passed over"),
        "range": _("{from}–{to}, {length}"),
        "when": _("{when}: {why}"),
        "play": _("Play only the missing {length}"),
        "play_all": _("Play only what is missing: {n} parts, {length}"),
        "answer": _("Answer it"),
        "confirm": _("Confirm it"),
        "all": _("Show all {n} parts"),
        "fewer": _("Show fewer"),
        "passed": _("Nothing was played here. Play this part and it counts."),
        "playing": _("Only the missing {length} play now."),
        "next": _("On to the next missing part."),
        "done": _("Everything that was missing has been played."),
    }


def _reading_words() -> dict[str, str]:
    return {
        "on": _("Reading: the lesson's time runs on with the lines. Press play."),
        "off": _("Back to the picture."),
        "held": _("Reading stands still while the transcript is not on the screen."),
        "on_again": _("Reading goes on."),
        "start": _("Read at the lesson's pace"),
        "stop": _("Back to the picture"),
    }


def _note_words() -> dict[str, str]:
    return {
        "saved": _("The note is saved."),
        "changed": _("The note is changed."),
        "removed": _("The note is deleted."),
        "undo": _("Undo"),
        "lost": _("Not saved: the academy does not answer. Your text stays here; save it again."),
    }


def _endings() -> dict[str, str]:
    return {
        "taken_over": _("The lesson was opened on another device. Only the one opened last counts."),
        "closed": _("This viewing was closed. What was counted stays."),
        "lease_ended": _("This viewing has lasted its full time. What was counted stays."),
        "disabled": _("This account was disabled. What was counted stays; ask your academy."),
        "left_class": _("You are no longer in this class. What was counted stays."),
        "withdrawn": _("This lesson was withdrawn. What was counted stays."),
        "other": _("This viewing has ended. What was counted stays."),
    }


def _reasons() -> dict[str, str]:
    return {
        "faster_than_time": _("More was played than time had passed. Watch this part again and it counts."),
        "network_away": _("The network was away for long. This time is kept and waits to be confirmed."),
        "presence_check": _("A question stands before this part. Answer it and the part counts."),
        "outside_lesson": _("This lies outside the lesson."),
        "not_a_range": _("The player reported something that is no part of the lesson."),
        "too_many": _("Too many parts at once. Watch this part again and it counts."),
        "skipped_ahead": _("This lies beyond what had been seen, and the course is watched in order."),
        "taken_over": _("Another device had opened the lesson. Only the one opened last counts."),
        "lease_ended": _("The viewing had already ended. Watch this part again and it counts."),
        "closed": _("The viewing was already closed. Watch this part again and it counts."),
        "other": _("The academy did not count this part."),
    }
