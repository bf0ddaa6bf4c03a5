"""Presence checks, honestly and otherwise: what waits behind an unanswered one is released by its answer only."""

from __future__ import annotations

from typing import Any

from app.questions import service as questions
from app.rules.questions.draft import SINGLE, Draft, Option
from bench.fairness.case import evasion, honest
from bench.fairness.device import Answer, Device
from bench.fairness.player import Player
from bench.fairness.scene import Scene
from bench.fairness.script import HOUR_MS, Script, side_by_side

LENGTH_BEATS, SEEN_BEATS = 20, 11  # at 2× the whole lesson, and so the only check in it
RIGHT = "This is so"


def checked_lesson(scene: Scene, bank: int = 8) -> int:
    """A lesson with one check somewhere, and so many questions to choose from (0: a plain confirmation)."""
    lesson = scene.lesson(beats=LENGTH_BEATS, minutes=1)
    drafts = [
        (Draft(SINGLE, f"Question {n} of lesson {lesson}", (Option(f"{RIGHT} ({n})", True),
         *(Option(f"Not so {n}.{k}", False) for k in range(3)))), None)
        for n in range(bank)
    ]  # fmt: skip
    with scene.place.writing() as session:
        if drafts:
            questions.add_all(session, scene.course_of(session, lesson), drafts, actor_id=None, source="bench")
    return lesson


def asked(scene: Scene, device: Device, lesson: int) -> dict[str, Any]:
    """The one check that waits."""
    told = device.json("GET", f"/lessons/{lesson}/checks")
    scene.must(told.status == 200 and len(told.body["checks"]) == 1, f"one check waits: {told}")
    found: dict[str, Any] = told.body["checks"][0]
    return found


def keys(check: dict[str, Any], right: bool) -> list[str]:
    """The keys of the right option, or of the wrong ones."""
    return [each["key"] for each in check["question"]["options"] if each["text"].startswith(RIGHT) == right]


def reply(device: Device, lesson: int, check: str, *chosen: str) -> Answer:
    """Send an answer."""
    return device.json("POST", f"/lessons/{lesson}/checks", {"check": check, "chosen": list(chosen)})


def watched(scene: Scene, lesson: int) -> Player:
    """Somebody who has watched all of it and answered nothing."""
    player = Player(scene, scene.device(), lesson).open()
    return player.play(SEEN_BEATS, rate=2).deliver()


def _all_counts(scene: Scene) -> None:
    counted, waiting = scene.kept()
    scene.must(not waiting and counted == [0, scene.ms(LENGTH_BEATS)], f"all of it counts: {counted} {waiting}")


@honest()
def a_check_answered_late(scene: Scene) -> None:
    """Pop-up: no short countdown; answered after a break, on another device, it releases all that waited."""
    player = watched(scene, checked_lesson(scene))
    scene.pass_time(3600)
    other = scene.device()
    check = asked(scene, other, player.lesson)
    scene.must(check["kind"] == "question", f"about the content: {check}")
    told = reply(other, player.lesson, check["check"], *keys(check, True))
    scene.must(told.body.get("result") == "counted", f"it counts: {told}")
    _all_counts(scene)


@honest()
def a_check_without_questions(scene: Scene) -> None:
    """Pop-up: where a course has no questions, one plain confirmation releases what waits."""
    player = watched(scene, checked_lesson(scene, bank=0))
    check = asked(scene, player.device, player.lesson)
    scene.must(check["kind"] == "confirm" and check["question"] is None, f"a confirmation: {check}")
    told = reply(player.device, player.lesson, check["check"])
    scene.must(told.body.get("result") == "counted", f"it counts: {told}")
    _all_counts(scene)


@honest()
def two_wrong_answers_and_a_right_one(scene: Scene) -> None:
    """Answer enumeration: genuine resits: a wrong answer brings another question and costs nothing."""
    player = watched(scene, checked_lesson(scene))
    texts = set()
    for _ in range(2):
        check = asked(scene, player.device, player.lesson)
        texts.add(check["question"]["text"])
        told = reply(player.device, player.lesson, check["check"], keys(check, False)[0])
        scene.must(told.body.get("result") == "wrong", f"it was wrong: {told}")
    check = asked(scene, player.device, player.lesson)
    scene.must(len({*texts, check["question"]["text"]}) == 3, "each is another question")
    reply(player.device, player.lesson, check["check"], *keys(check, True))
    _all_counts(scene)


@honest()
def three_wrong_answers_and_watched_again(scene: Scene) -> None:
    """Answer enumeration: after three wrong answers that stretch is watched again, and then counts as any other."""
    player = watched(scene, checked_lesson(scene))
    check = asked(scene, player.device, player.lesson)
    start = check["ranges"][0][0]
    for result in ("wrong", "wrong", "lapsed"):
        check = asked(scene, player.device, player.lesson)
        told = reply(player.device, player.lesson, check["check"], keys(check, False)[0])
        scene.must(told.body.get("result") == result, f"{result}: {told}")
    player.play(SEEN_BEATS, rate=2, at=start).deliver()
    check = asked(scene, player.device, player.lesson)
    told = reply(player.device, player.lesson, check["check"], *keys(check, True))
    scene.must(told.body.get("result") == "counted", f"it counts: {told}")
    _all_counts(scene)


def _behind(scene: Scene, lesson: int, device: Device) -> None:
    """What counts although it lies behind the unanswered check is cheated."""
    check = asked(scene, device, lesson)
    counted, _waiting = scene.kept()
    place = check["ranges"][0][0]
    scene.foreign(sum(max(0, end - max(place, start)) for start, end in zip(counted[::2], counted[1::2], strict=True)))


@evasion()
def checks_passed_over(scene: Scene) -> None:
    """Pop-up removal: the prompt is never shown; what is claimed behind it stays pending, however often."""
    lesson = checked_lesson(scene)
    script = Script(scene, lesson)
    for step in range(1, SEEN_BEATS + 1):
        scene.wait(1)
        script.claim([0, scene.ms(2 * step)])
    for _ in range(3):
        script.again()
        scene.wait(1)
        script.claim([0, HOUR_MS])
    _behind(scene, lesson, script.device)


@evasion()
def wrong_answers_by_the_dozen(scene: Scene) -> None:
    """Random answers: three wrong ones, and what waited is gone; a right one afterwards finds nothing to release."""
    lesson = checked_lesson(scene)
    player = watched(scene, lesson)
    before = scene.kept()[0]
    right, check = list[str](), asked(scene, player.device, lesson)
    for _ in range(3):
        check = asked(scene, player.device, lesson)
        right = keys(check, True)
        reply(player.device, lesson, check["check"], keys(check, False)[0])
    for key in [*right, "0", "1", "2", "3"]:
        told = reply(player.device, lesson, check["check"], key)
        scene.must(told.body.get("result") == "nothing", f"nothing is left to release: {told}")
    scene.must(scene.kept() == (before, []), "nothing counts or waits behind the check")
    scene.book.played.clear()  # it was watched in vain: nobody's honest seconds


@evasion()
def answers_enumerated(scene: Scene) -> None:
    """Answer enumeration: every option of the question at once, in one answer and on twelve lines at one moment."""
    lesson = checked_lesson(scene)
    player = watched(scene, lesson)
    before = scene.kept()
    check = asked(scene, player.device, lesson)
    number, every = check["check"], [each["key"] for each in check["question"]["options"]]
    for odd in (every, [], ["9"], ["-1"], ["0" * 5000], every * 9):
        told = reply(player.device, lesson, number, *odd)
        scene.must(told.status == 422, f"no answer at all: {told}")
    for body in ({}, {"check": 0}, {"check": "0", "chosen": "0"}, {"check": "0", "chosen": [0]}, [1], "x"):
        told = player.device.json("POST", f"/lessons/{lesson}/checks", body)
        scene.must(told.status == 422, f"{body} is no answer: {told}")
    scene.must(scene.kept() == before, "and nothing has changed")
    results: list[str] = []
    wrong, question = keys(check, False), check["question"].get("id")

    def send(line: int) -> None:
        body = {"check": number, "question": question, "chosen": [wrong[line % len(wrong)]]}
        told = player.device.twin(line).json("POST", f"/lessons/{lesson}/checks", body)
        results.append(str(told.body.get("result")))

    side_by_side(*(lambda n=n: send(n) for n in range(12)))
    scene.must(sorted(results) == ["nothing"] * 11 + ["wrong"], f"a question is answered once: {results}")
    scene.foreign(sum(scene.kept()[0][1::2]) - sum(before[0][1::2]))


@evasion()
def feeling_for_the_places(scene: Scene) -> None:
    """Unpredictable position: single milliseconds all over the lesson, to see where "pending" begins."""
    lesson = checked_lesson(scene)
    script = Script(scene, lesson)
    scene.wait(1)
    length = scene.ms(LENGTH_BEATS)
    places = [at * length // 640 for at in range(640)]
    for part in range(10):
        told = script.claim(*([at, at + 1] for at in places[part * 64 : part * 64 + 64]))
        scene.must(told == 200, "it is judged")
    counted, waiting = scene.kept()
    scene.must(len(counted) + len(waiting) > 900, "nearly all of it is seen as single milliseconds")
    # Unless the check stands within the two thirds of a second really played, no place can be told from another.
    scene.must(not waiting or len(waiting) > 2, f"no border is to be seen: {waiting[:4]}")
    for step in range(1, SEEN_BEATS + 1):
        scene.wait(1)
        script.claim([0, scene.ms(2 * step)])
    scene.must(sum(scene.kept()[1]) > 0, "the check came all the same")


@evasion()
def anothers_check(scene: Scene) -> None:
    """Harvested keys: a friend answers: another learner's sign-in, and another's answer sent for one's own."""
    lesson = checked_lesson(scene)
    player, friend = watched(scene, lesson), scene.device(scene.someone())
    check = asked(scene, player.device, lesson)
    before = scene.kept()
    for number in (check["check"], "0", "1", "away"):
        told = reply(friend, lesson, number, *keys(check, True))
        scene.must(told.status in (200, 422) and told.body.get("result") in (None, "nothing"), f"not theirs: {told}")
    stale = player.device.twin(3)
    stale.csrf = friend.csrf
    scene.must(reply(stale, lesson, check["check"], *keys(check, True)).status == 400, "nor by another's token")
    scene.must(scene.kept() == before, "nothing has changed")
    _behind(scene, lesson, player.device)
