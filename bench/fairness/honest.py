"""Honest watching: whatever a learner does in front of the picture, no second is refused."""

from __future__ import annotations

from bench.fairness.case import honest
from bench.fairness.device import beat_body
from bench.fairness.player import Player
from bench.fairness.scene import RATE_M, Scene


def _counted(scene: Scene, player: Player, least_beats: float) -> None:
    """All of it counts, nothing waits; and it was not nothing."""
    player.deliver()
    counted, waiting = scene.kept()
    scene.must(sum(counted[1::2]) - sum(counted[::2]) >= scene.ms(least_beats) * 0.9, f"it counts: {counted}")
    scene.must(not waiting, f"nothing waits: {waiting}")


@honest()
def plain_watching(scene: Scene) -> None:
    """Baseline: the union of watched intervals, timed by server receipt."""
    player = Player(scene, scene.device(), scene.lesson()).open()
    _counted(scene, player.play(14), 14)


@honest()
def double_speed(scene: Scene) -> None:
    """Rate override: allowed 2×."""
    player = Player(scene, scene.device(), scene.lesson()).open()
    _counted(scene, player.play(14, rate=2), 28)


@honest()
def exactly_the_highest_rate(scene: Scene) -> None:
    """Rate override: a course that allows 1×, watched at 1×; there is no slack but the line's own delay."""
    player = Player(scene, scene.device(), scene.lesson(rate_m=1000)).open()
    _counted(scene, player.play(14), 14)


@honest()
def rewinding_and_watching_again(scene: Scene) -> None:
    """Rate override: rewind never lowers credit."""
    player = Player(scene, scene.device(), scene.lesson()).open()
    player.play(4, rate=2).play(4, rate=2, at=scene.ms(1)).play(4, rate=2, at=0)
    _counted(scene, player.play(2, rate=2), 9)


@honest()
def seeking_back_and_forth(scene: Scene) -> None:
    """Seek to end: seeking stays allowed; what was played counts, gaps stay gaps."""
    player = Player(scene, scene.device(), scene.lesson()).open()
    for place in (100, 20, 300, 21, 160, 0):
        player.play(2, rate=2, at=scene.ms(place))
    _counted(scene, player, 20)
    scene.must(len(scene.kept()[0]) >= 10, "gaps stay gaps")


@honest()
def a_long_pause(scene: Scene) -> None:
    """Visibility: breaks are honest; a pause longer than the ceiling costs nothing."""
    player = Player(scene, scene.device(), scene.lesson()).open()
    player.play(4, rate=2)
    scene.pass_time(300)
    scene.wait(2)
    _counted(scene, player.play(4, rate=2), 16)


@honest()
def sleep_and_wake(scene: Scene) -> None:
    """Visibility: sleep counted as use. The device sleeps two hours in mid-play, wakes, and plays on."""
    player = Player(scene, scene.device(), scene.lesson()).open()
    player.play(3, rate=2)
    scene.pass_time(7200)
    _counted(scene, player.play(5, rate=2), 16)


@honest()
def a_hidden_tab_reports_seldom(scene: Scene) -> None:
    """Visibility: background timers starve (video.js, vidstack): one report in five beats is enough."""
    player = Player(scene, scene.device(), scene.lesson()).open()
    _counted(scene, player.play(15, rate=2, every=5), 30)


@honest()
def leaving_at_the_end_credits(scene: Scene) -> None:
    """Finish call: viewers leave during the credits. Nine tenths reach the mark while the page is still there."""
    player = Player(scene, scene.device(), scene.lesson(beats=16)).open()
    player.play(7.6, rate=2)
    player.deliver()
    scene.must(any(told.body.get("mark") for told in player.answers), "the mark was crossed and settled")
    _counted(scene, player, 15)


@honest()
def the_last_second(scene: Scene) -> None:
    """viewing.md: players stop short of the last frame; the gap is closed, charged to the allowances."""
    player = Player(scene, scene.device(), scene.lesson(beats=10)).open()
    length = player.opened.length_ms
    player.play(12, rate=1)
    scene.must(player.at == length, "the picture ran to its end")
    again = Player(scene, player.device, scene.lesson(beats=10)).open()
    again.play((10 - 0.6 / scene.beat) / 2, rate=2)
    stop = again.at
    scene.wait(2)
    again.deliver()
    if stop < again.opened.length_ms:  # the last word a second later, as players send it
        again.device.beat(beat_body(again.opened.lease, again.seq + 1, [[stop - 1, stop]]))
    covered = scene.device().open(again.lesson).coverage
    scene.ended()
    scene.must(covered[-1][1] == again.opened.length_ms, f"the end is closed: {covered}")


@honest()
def watched_in_order(scene: Scene) -> None:
    """Forward-seek blocking: rewinding, an unsent stretch over a reload, and going on are all in order."""
    player = Player(scene, scene.device(), scene.lesson(in_order=True)).open()
    player.play(3, rate=2).play(2, rate=2, at=scene.ms(1)).play(3, rate=2, at=scene.ms(6), sending=False)
    reached = player.at
    player.reload().play(3, rate=2, at=reached)
    _counted(scene, player, 17)


@honest()
def many_small_ranges(scene: Scene) -> None:
    """Seek to end: navigation by keyboard: more than 64 pieces wait, and go in several beats."""
    player = Player(scene, scene.device(), scene.lesson(beats=2000)).open()
    for number in range(100):
        player.play(0.05, rate=1.5, at=scene.ms(number * 5), sending=False, every=0.05)
    scene.must(len(player.waiting) == 100, "more than one beat can carry")
    _counted(scene, player, 7)


@honest()
def audio_only(scene: Scene) -> None:
    """Unattended: mute means nothing; a lesson that is only heard."""
    player = Player(scene, scene.device(), scene.lesson(kind="audio")).open()
    _counted(scene, player.play(10, rate=1.5), 15)


@honest()
def a_transcript_read_at_pace(scene: Scene) -> None:
    """Seek to end: navigation by transcript: from line to line, each heard for a moment, none twice."""
    player = Player(scene, scene.device(), scene.lesson()).open()
    for line in range(24):
        player.play(0.5, at=scene.ms(line * 3), every=0.5)
    _counted(scene, player, 12)


@honest()
def speed_changed_in_mid_play(scene: Scene) -> None:
    """Rate override: buffering bursts, slower and faster within the policy."""
    player = Player(scene, scene.device(), scene.lesson()).open()
    for rate in (1, 2, 0.75, 1.5, 2, 1.25, 1):
        player.play(2, rate=rate)
    _counted(scene, player, 18)


@honest()
def the_policy_slows_down_in_mid_play(scene: Scene) -> None:
    """Rate override: the editor lowers the highest rate while somebody watches at 2×: their lease still holds."""
    lesson = scene.lesson()
    player = Player(scene, scene.device(), lesson).open()
    player.play(4, rate=2)
    scene.slow_down(lesson, 1000)
    player.play(6, rate=2).deliver()
    scene.rate_m = RATE_M
    _counted(scene, player, 20)
    player.open()
    scene.must(player.opened.length_ms and player.play(4, rate=1).deliver(), "the next opening is at the new rate")


@honest()
def the_sign_in_ends_under_beats(scene: Scene) -> None:
    """viewing.md: nobody is signed out in mid-lecture; the lease alone carries the beats."""
    player = Player(scene, scene.device(), scene.lesson()).open()
    player.play(3, rate=2)
    scene.sign_in_grows_old()
    scene.must(player.device.json("GET", "/account").status != 200, "the sign-in has ended")
    _counted(scene, player.play(8, rate=2), 22)


@honest()
def leaving_the_class_keeps_what_was_told(scene: Scene) -> None:
    """viewing.md: a viewing that ends by a withdrawal keeps every acknowledged second, with the reason told."""
    lesson = scene.lesson()
    player = Player(scene, scene.device(), lesson).open()
    player.play(8, rate=2).deliver()
    scene.withdraw(lesson)
    told = player.device.beat(beat_body(player.opened.lease, 99, [[0, 10]]))
    scene.must(told.body == {"reason": "withdrawn", "acknowledged": False}, f"the reason is told: {told}")
    scene.ended()
    scene.must(scene.kept()[0], "what was acknowledged stays")
