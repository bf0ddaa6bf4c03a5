"""Evasions by pace, place and number: with a lease of one's own, more than was watched."""

from __future__ import annotations

import json
import time

from bench.fairness.case import evasion
from bench.fairness.device import beat_body
from bench.fairness.scene import Scene
from bench.fairness.script import HOUR_MS, Script


@evasion()
def the_finish_call(scene: Scene) -> None:
    """Finish call without viewing: the first report claims position = duration; made-up fields and addresses."""
    script = Script(scene, scene.lesson(beats=60))
    length = script.opened.length_ms
    scene.must(script.claim([0, length]) == 200, "it is judged")
    for more in ({"finished": True}, {"position": length}, {"progress": 1.0}, {"isdrag": 3}, {"duration": length}):
        told = script.device.beat(beat_body(script.opened.lease, 50, [[0, length]], **more))
        scene.must(told.status == 400, f"no such field is taken: {told}")
    for path in ("finish", "complete", "progress", "credit"):
        body = {"coverage": [[0, length]], "counted_ms": length, "finished": True}
        told = script.device.json("POST", f"/lessons/{script.opened.lesson}/{path}", body)
        scene.must(told.status in (404, 405), f"there is no such call: {told}")
    scene.close(script.device, script.opened, 99, [[0, length]])


@evasion()
def a_back_dated_start(scene: Scene) -> None:
    """Back-dated start: the opening is asked for as of an hour ago, by every name that it might have."""
    lesson = scene.lesson()
    device = scene.device()
    past = int(time.time() * 1000) - HOUR_MS
    opened = scene.open(device, lesson, opened_ms=past, start=past, clock_ms=past, credit_us=10**10, rate_m=4000)
    told = device.beat(beat_body(opened.lease, 1, [[0, 120_000]]), Date="Mon, 01 Jan 2001 00:00:00 GMT")
    scene.must(told.status == 200 and told.body["refused"], f"most of it is refused: {told}")


@evasion()
def ranges_of_the_future(scene: Scene) -> None:
    """Forged heartbeats: each beat claims what will only be played until the next."""
    script = Script(scene, scene.lesson())
    at = 0
    for _ in range(8):
        scene.must(script.claim([at, at + scene.ms(4)]) == 200, "it is judged")
        at += scene.ms(4)
        scene.wait(1)


@evasion()
def a_minute_every_eight_seconds(scene: Scene) -> None:
    """~60 s intervals posted every 8–15 s, to 85%: seven and a half times what passes, one after the other."""
    script = Script(scene, scene.lesson(beats=100))
    for number in range(11):
        scene.wait(1)
        script.claim([scene.ms(7.5 * number), scene.ms(7.5 * (number + 1))])


@evasion()
def ten_times_the_speed(scene: Scene) -> None:
    """Rate override up to 10×: ten times what passes, beat after beat."""
    script = Script(scene, scene.lesson())
    for number in range(10):
        scene.wait(1)
        script.claim([scene.ms(10 * number), scene.ms(10 * (number + 1))])


@evasion()
def twice_the_speed_where_once_is_allowed(scene: Scene) -> None:
    """Excess over policy rate earns nothing: at 2× in a course that allows 1×."""
    script = Script(scene, scene.lesson(rate_m=1000))
    for number in range(10):
        scene.wait(1)
        script.claim([scene.ms(2 * number), scene.ms(2 * (number + 1))])


@evasion()
def beats_replayed(scene: Scene) -> None:
    """Forged heartbeats: one recorded beat sent forty times, in time."""
    script = Script(scene, scene.lesson())
    scene.wait(2)
    script.claim([0, scene.ms(4)])
    before = scene.kept()
    with scene.nothing_may_count():
        for _ in range(40):
            script.claim([0, scene.ms(4)], seq=1)
            script.claim([scene.ms(50), scene.ms(60)], seq=1)
            scene.wait(0.1)
    scene.must(before == scene.kept(), "nothing has changed")


@evasion()
def replayed_under_new_numbers(scene: Scene) -> None:
    """Forged heartbeats: the same ranges under a new number, again and again: a second counts once."""
    script = Script(scene, scene.lesson())
    scene.wait(2)
    script.claim([0, scene.ms(4)])
    for _ in range(20):
        scene.wait(0.2)
        script.claim([0, scene.ms(4)], [0, scene.ms(4)])
    counted, waiting = scene.kept()
    scene.foreign(sum(counted[1::2]) - sum(counted[::2]) + len(waiting) - scene.ms(4))


@evasion()
def overlapping_ranges(scene: Scene) -> None:
    """Union of watched intervals: sixty-four ranges over each other sum to hours, and are seconds."""
    script = Script(scene, scene.lesson())
    for _ in range(6):
        scene.wait(1)
        script.claim(*([at * 10, scene.ms(40) - at * 10] for at in range(64)))


@evasion()
def ranges_beyond_the_end(scene: Scene) -> None:
    """Seek to end: a short lesson claimed far beyond its length counts its length at most."""
    script = Script(scene, scene.lesson(beats=6))
    scene.wait(6)
    length = script.opened.length_ms
    script.claim([length, length + HOUR_MS], [length - 100, length + HOUR_MS], [0, HOUR_MS], [HOUR_MS, 2 * HOUR_MS])
    counted, waiting = scene.kept()
    scene.foreign(sum(counted[1::2]) - sum(counted[::2]) + sum(waiting[1::2]) - sum(waiting[::2]) - length)


@evasion()
def numbers_that_are_none(scene: Scene) -> None:
    """Forged heartbeats: negative, huge, infinite, fractional, boolean numbers, and sequence numbers likewise."""
    script = Script(scene, scene.lesson())
    wrong = (
        "[-9e15, 9e15]", "[0, 1e999]", "[NaN, 5]", "[0, Infinity]", "[true, 99999]", "[0, 99999.5]", "[0]", "[5, 5]",
        "[0, 9007199254740993]", "[0, 123456789012345678901234567890]", '{"0": 9}', "[[0, 9], [9, 99]]",
    )  # fmt: skip
    with scene.nothing_may_count():
        scene.wait(2)
        for number, each in enumerate(wrong, 1):
            raw = f'{{"lease": {json.dumps(script.opened.lease)}, "seq": {number}, "ranges": [{each}]}}'
            scene.must(script.device.beat(raw.encode()).status in (200, 400), f"{each} is answered")
        for seq in ("-1", "1e400", "9007199254740993", '"7"', "null", "1.5", "true"):
            raw = f'{{"lease": {json.dumps(script.opened.lease)}, "seq": {seq}, "ranges": [[0, 1000]]}}'
            scene.must(script.device.beat(raw.encode()).status == 400, f"no number: {seq}")
    scene.must(script.claim([0, 500], seq=2**53 - 1) == 200, "the viewing lives")


@evasion()
def floods_of_64_kilobytes(scene: Scene) -> None:
    """Forged heartbeats: bodies as large as they may be, thousands of ranges each; then one larger."""
    script = Script(scene, scene.lesson())
    for _ in range(12):
        many = [[at * 1000, at * 1000 + 900] for at in range(2900)]
        scene.must(script.claim(*many) == 200, "it is judged")
        scene.wait(0.4)
    scene.must(script.device.beat(b"x" * 65_537).status == 413, "too large is refused")
    told = script.device.beat(b"[" * 60_000)
    scene.must(told.status == 400, f"deep is refused: {told}")


@evasion()
def a_stream_of_milliseconds(scene: Scene) -> None:
    """Forged heartbeats: thousands of pieces of one millisecond, to bloat the row and to feel for checks."""
    script = Script(scene, scene.lesson(beats=2000))
    for number in range(60):
        script.claim(*([(number * 64 + at) * 7, (number * 64 + at) * 7 + 1] for at in range(64)))
        scene.wait(0.1)
    scene.must(len(scene.kept()[0]) + len(scene.kept()[1]) <= 2 * 2002, "the row stays small")


@evasion()
def seeking_to_the_end(scene: Scene) -> None:
    """Seek to end: the picture is dragged to its last seconds: the gap stays a gap."""
    script = Script(scene, scene.lesson(beats=200))
    length = script.opened.length_ms
    scene.wait(2)
    script.claim([0, scene.ms(2)])
    scene.wait(2)
    script.claim([length - scene.ms(2), length], [length, length])
    script.claim([scene.ms(2), length])
    counted, waiting = scene.kept()
    scene.must(counted[-1] == length and len(counted) >= 4, f"the gap stays: {counted} {waiting}")


@evasion()
def seeking_ahead_where_it_is_not_allowed(scene: Scene) -> None:
    """Forward-seek blocking: in a course that is watched in order, the end is claimed before the middle was seen."""
    script = Script(scene, scene.lesson(beats=200, in_order=True))
    scene.wait(2)
    script.claim([0, scene.ms(2)])
    for number in range(5):
        scene.wait(1)
        script.claim([scene.ms(100 + 10 * number), scene.ms(104 + 10 * number)], [scene.ms(190), scene.ms(200)])
    counted, waiting = scene.kept()
    scene.foreign(sum(counted[1::2]) - sum(counted[::2]) + sum(waiting[1::2]) - sum(waiting[::2]) - scene.ms(2))


@evasion(stoppable=False)
def forged_at_true_pace(scene: Scene) -> None:
    """Paced forging at real speed: not told from watching by pace. It meets checks, the exam, and a person."""
    script = Script(scene, scene.lesson())
    for step in range(1, 12):
        scene.wait(1)
        script.claim([0, int(scene.ms(step) * 1.9)])
    counted, _waiting = scene.kept()
    scene.foreign(sum(counted[1::2]) - sum(counted[::2]))
