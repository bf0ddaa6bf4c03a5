"""Evasions by authority: leases that are another's, altered, made up, or over."""

from __future__ import annotations

import base64
import hashlib
import hmac

from app.rules.viewing.lease import LeaseClaims, sign
from bench.fairness.case import evasion
from bench.fairness.device import beat_body
from bench.fairness.scene import Scene
from bench.fairness.script import HOUR_MS, Script

ALL = [[0, HOUR_MS]]


def _with(lease: str, place: int, value: object) -> str:
    """A lease with one of its claims altered (0 learner, 1 media, 2 viewing, 3 length, 4 rate, 5 expiry)."""
    parts = lease.split(".")
    parts[place] = str(value)
    return ".".join(parts)


@evasion()
def anothers_lease(scene: Scene) -> None:
    """Forged heartbeats: another learner's lease, as it is and with one's own number written into it."""
    script, victim, lesson = Script(scene, scene.lesson()), scene.someone(), scene.lesson()
    theirs = scene.open(scene.device(victim), lesson, victim)
    scene.wait(3)
    with scene.nothing_may_count():
        mine = _with(theirs.lease, 0, scene.learner.id)
        told = script.device.beat(beat_body(mine, 1, ALL))
        scene.must(told.status == 401 and told.body["error"] == "not_ours", f"it is not ours: {told}")
        swapped = _with(script.opened.lease, 2, theirs.viewing)
        scene.must(script.device.beat(beat_body(swapped, 2, ALL)).status == 401, "nor the other way round")
    told = script.device.beat(beat_body(theirs.lease, 1, [[0, scene.ms(2)]]))
    scene.must(told.acknowledged, f"a lease speaks for its own learner only: {told}")
    counted, waiting = scene.kept()
    scene.foreign(sum(counted[1::2]) + sum(waiting[1::2]))


@evasion()
def a_forged_signature(scene: Scene) -> None:
    """Reproduced signature (fixed salt in client): no salt is in the client; guesses and other secrets fail."""
    script = Script(scene, scene.lesson())
    text, _, signature = script.opened.lease.rpartition(".")
    guesses = ["", "A" * 22, signature[:-1], signature[:-2] + "AA", signature.swapcase(), signature + "=", "é" * 22]
    for secret in (b"", b"secret", b"d_yHJ!$pdA~5", b"duxue", scene.place.settings.secret.encode()):
        digest = hmac.new(secret or b"\0", text.encode(), hashlib.sha256).digest()
        guesses.append(base64.urlsafe_b64encode(digest[:16]).decode()[:22])
        guesses.append(hashlib.md5(secret + text.encode()).hexdigest()[:22])
    scene.wait(3)
    with scene.nothing_may_count():
        for number, guess in enumerate(guesses, 1):
            told = script.device.beat(beat_body(f"{text}.{guess}", number, ALL))
            scene.must(told.status == 401, f"{guess!r} opens nothing: {told}")
        other = sign(b"another secret that is long enough", _claims(script.opened.lease))
        scene.must(script.device.beat(beat_body(other, 60, ALL)).status == 401, "another academy's lease")


def _claims(lease: str) -> LeaseClaims:
    return LeaseClaims(*map(int, lease.split(".")[:6]))


@evasion()
def an_altered_length_or_rate(scene: Scene) -> None:
    """Client-settable completion: another length, rate, end or lesson in one's own lease."""
    script, other = Script(scene, scene.lesson(rate_m=1000)), scene.lesson(beats=10)
    lease = script.opened.lease
    scene.wait(3)
    with scene.nothing_may_count():
        changes = [(3, 1000), (3, 2**31), (4, 16_000), (5, 2**60), (1, other), (2, 1), (4, "1000 "), (3, "-1")]
        for number, (place, value) in enumerate(changes, 1):
            told = script.device.beat(beat_body(_with(lease, place, value), number, ALL))
            scene.must(told.status == 401, f"{place}={value}: {told}")
        for broken in (lease[1:], lease + "." + lease, lease.replace(".", ","), "." * 6, lease * 40):
            scene.must(script.device.beat(beat_body(broken, 90, ALL)).status == 401, "malformed is refused")


@evasion()
def an_expired_lease(scene: Scene) -> None:
    """Server-issued session lease: time after its end earns nothing; after the seven days nothing is taken."""
    script = Script(scene, scene.lesson())
    scene.wait(2)
    script.claim([0, scene.ms(4)])
    scene.close_time(script.opened)
    scene.wait(4)
    script.claim([0, HOUR_MS])  # what was left of the time before its end
    with scene.nothing_may_count():
        scene.pass_time(3600)
        for number in range(10, 16):
            scene.must(script.claim([scene.ms(50), HOUR_MS], seq=number) == 409, "it has ended")
        scene.pass_time(7.1 * 86_400)
        told = script.device.beat(beat_body(script.opened.lease, 20, ALL))
        scene.must(told.status == 409 and not told.body["acknowledged"], f"nothing more is taken: {told}")


@evasion()
def the_lease_of_a_withdrawn_lesson(scene: Scene) -> None:
    """viewing.md: withdrawn in that same transaction: nothing more is taken, not even a backlog."""
    script = Script(scene, scene.lesson())
    scene.wait(3)
    script.claim([0, scene.ms(1)])
    scene.wait(2)
    scene.withdraw(script.opened.lesson)
    scene.ended()
    with scene.nothing_may_count():
        for number in range(5, 9):
            told = script.device.beat(beat_body(script.opened.lease, number, ALL))
            scene.must(told.body == {"reason": "withdrawn", "acknowledged": False}, f"it says why: {told}")
        scene.must(_opens_not(script), "it does not open again")


@evasion()
def the_lease_of_a_disabled_learner(scene: Scene) -> None:
    """viewing.md: disabled in that same transaction; no user is loaded for a beat, and yet it is refused."""
    script = Script(scene, scene.lesson())
    scene.wait(3)
    script.claim([0, scene.ms(1)])
    scene.wait(2)
    scene.disable(scene.learner)
    scene.ended()
    with scene.nothing_may_count():
        for number in range(5, 9):
            told = script.device.beat(beat_body(script.opened.lease, number, ALL))
            scene.must(told.body == {"reason": "disabled", "acknowledged": False}, f"it says why: {told}")
        scene.must(_opens_not(script), "it does not open again")


def _opens_not(script: Script) -> bool:
    told = script.device.json("POST", "/viewings", {"lesson": script.opened.lesson})
    return told.status in (400, 401, 403, 404)


@evasion()
def opening_without_the_right_to(scene: Scene) -> None:
    """Paid proxy study: without a sign-in, without the token, and a course that nobody offered to the learner."""
    lesson = scene.lesson()
    device = scene.device()
    scene.take_back(lesson)
    with scene.nothing_may_count():
        scene.must(device.json("POST", "/viewings", {"lesson": lesson}).status == 403, "it is not offered")
        device.csrf = "made up"
        scene.must(device.json("POST", "/viewings", {"lesson": lesson}).status == 400, "no token, no opening")
        device.cookies.clear()
        told = device.json("POST", "/viewings", {"lesson": lesson})
        scene.must(told.status in (400, 401), f"nobody is signed in: {told}")
        scene.must(device.beat(beat_body("", 1, ALL)).status == 401, "no lease, no beat")
