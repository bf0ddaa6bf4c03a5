"""Honest trouble with the network, devices, servers and clocks."""

from __future__ import annotations

import socket
import time

from bench.fairness.case import honest
from bench.fairness.device import Answer, beat_body
from bench.fairness.player import Player
from bench.fairness.scene import Scene
from bench.fairness.trouble import until_answered, wall_clock_back, without_writing

BACKLOG_DAYS_S = 6.9 * 86_400


def _all_counts(scene: Scene, *players: Player) -> None:
    for player in players:
        player.deliver()
    counted, waiting = scene.kept()
    scene.must(counted and not waiting, f"it counts and nothing waits: {counted} {waiting}")


@honest()
def the_network_away_for_less_than_the_ceiling(scene: Scene) -> None:
    """60 s intervals: buffered offline queues: what waited in the page counts at once."""
    player = Player(scene, scene.device(), scene.lesson(beats=2000)).open()
    player.play(4, rate=2).play_on(100, rate=2).play(4, rate=2, sending=False)
    _all_counts(scene, player.play(4, rate=2))


@honest()
def the_network_away_for_longer_than_the_ceiling(scene: Scene) -> None:
    """60 s intervals: bounded backlog. Time beyond the ceiling waits, and one plain confirmation releases it."""
    player = Player(scene, scene.device(), scene.lesson(beats=2000)).open()
    player.play(3, rate=2).play_on(300, rate=2).play(2, rate=2, sending=False).deliver()
    scene.must(scene.kept()[1], "what exceeds the ceiling waits")
    scene.confirm(player.device, player.lesson)
    _all_counts(scene, player.play(3, rate=2))


@honest()
def beats_sent_twice_late_and_out_of_order(scene: Scene) -> None:
    """Forged heartbeats: duplicates after a bad network are idempotent and never punished."""
    player = Player(scene, scene.device(), scene.lesson()).open()
    sent: list[tuple[bytes, Answer]] = []
    for _ in range(10):
        player.play(1, rate=2, sending=False)
        ranges, body = list(player.waiting), player.body()
        first, again = player.device.beat(body), player.device.beat(body)
        scene.must(first == again, "a number seen again gets the same answer")
        player.heard(first, ranges)
        sent.append((body, first))
        late = player.device.beat(sent[0][0])
        scene.must(late == first, "an older number gets the last answer")
    _all_counts(scene, player)


@honest()
def a_beacon_overtakes_a_beat(scene: Scene) -> None:
    """Unload hooks: the page hides while a beat is under way; its beacon carries all of it and may come first."""
    player = Player(scene, scene.device(), scene.lesson()).open()
    for _ in range(5):
        player.play(1, rate=2, sending=False)
        slow = player.body()
        player.play(1, rate=2, sending=False)
        ranges = list(player.waiting)
        player.heard(player.device.beat(player.body()), ranges)
        player.device.beat(slow)
    _all_counts(scene, player)


@honest()
def one_bad_range_among_good_ones(scene: Scene) -> None:
    """60 s intervals: one stale item must not reject a batch."""
    player = Player(scene, scene.device(), scene.lesson()).open()
    wrong: tuple[object, ...] = ([9, 3], ["0", 5], None, [0.5, 7], [-4, 2], [0, 2**70], [1, 2, 3], {})
    for bad in wrong:
        player.play(1, rate=2, sending=False)
        ranges = list(player.waiting)
        player.seq += 1
        told = player.device.beat(beat_body(player.opened.lease, player.seq, [bad, *ranges, bad]))
        scene.must([each["reason"] for each in told.body["refused"]] == ["not_a_range"] * 2, f"two are none: {told}")
        player.heard(told, ranges)
    _all_counts(scene, player)


@honest()
def a_reload_with_unsent_beats(scene: Scene) -> None:
    """Unattended: no reliance on an unload flush: what the old page kept goes with its old lease."""
    player = Player(scene, scene.device(), scene.lesson()).open()
    player.play(4, rate=2).play(4, rate=2, sending=False).reload()
    _all_counts(scene, player.play(4, rate=2))


@honest()
def killed_with_unsent_beats(scene: Scene) -> None:
    """Unattended: the tab is killed; the next day the kept beats go with the lease of the day before."""
    player = Player(scene, scene.device(), scene.lesson()).open()
    player.play(4, rate=2).play(4, rate=2, sending=False)
    scene.pass_time(86_400)
    _all_counts(scene, player.reload().play(3, rate=2))


@honest()
def another_device_takes_over(scene: Scene) -> None:
    """Parallel chapters: two devices: explained, "continue here"; the old one's backlog of before still counts."""
    lesson = scene.lesson()
    old = Player(scene, scene.device(), lesson).open()
    old.play(3, rate=2).play(3, rate=2, sending=False)
    new = Player(scene, scene.device(), lesson).open(old)
    new.play(3, rate=2, at=scene.ms(60))
    old.play(3, rate=2)  # it has not heard of it yet: what it plays now is nobody's
    scene.must(old.ended == "taken_over", f"the old device is told: {old.ended!r}")
    _all_counts(scene, old, new.play(3, rate=2))


@honest()
def two_devices_in_turns(scene: Scene) -> None:
    """Parallel chapters: a forgotten tab: phone and computer by turns, each continued where the other stopped."""
    lesson = scene.lesson()
    one, two = (Player(scene, scene.device(), lesson) for _ in range(2))
    for _ in range(3):
        one.open().play(2, rate=2, at=two.at)
        one.deliver()
        two.open().play(2, rate=2, at=one.at)
        two.deliver()
    _all_counts(scene, one, two)


@honest()
def the_lease_ends_with_a_backlog(scene: Scene) -> None:
    """Forged heartbeats: the lease ran out while the network was away: what was played before is taken for days."""
    player = Player(scene, scene.device(), scene.lesson()).open()
    player.play(4, rate=2).play(4, rate=2, sending=False)
    scene.close_time(player.opened)
    scene.pass_time(BACKLOG_DAYS_S)
    player.deliver()
    scene.must(player.ended in ("lease_ended", "closed"), f"the reason is told: {player.ended!r}")
    _all_counts(scene, player)


@honest()
def the_devices_clock_is_wrong_by_years(scene: Scene) -> None:
    """Forged heartbeats: client clocks are ignored, also those of the honest."""
    player = Player(scene, scene.device(), scene.lesson()).open()
    for _ in range(8):
        player.play(1, rate=2, sending=False)
        ranges = list(player.waiting)
        player.heard(player.device.beat(player.body(), Date="Mon, 01 Jan 2001 00:00:00 GMT"), ranges)
    _all_counts(scene, player)


@honest()
def the_server_is_killed_and_started_again(scene: Scene) -> None:
    """Buffered offline queues: SIGKILL of the process in mid-beat: the page sends again until it is acknowledged."""
    with scene.place.another() as process:
        player = Player(scene, scene.device(ports=[process.port]), scene.lesson()).open()
        player.play(3, rate=2)
        process.kill()
        process.start()
        _all_counts(scene, player.play(3, rate=2))
        scene.must(player.failures == 0 or player.seq > 3, "it was sent again")


@honest()
def nothing_saved_and_sent_again(scene: Scene) -> None:
    """Buffered offline queues: the database takes no writing for a while: 503, nothing saved, sent again, counts."""
    with scene.place.another() as process:
        player = Player(scene, scene.device(ports=[process.port]), scene.lesson()).open()
        player.play(2, rate=2)
        with without_writing(scene, process):
            told = until_answered(player, 503, scene.beat)
        scene.must(told.body.get("error") == "not_saved", f"the answer says so: {told}")
        _all_counts(scene, player.play(3, rate=2))


@honest()
def a_body_that_arrives_slowly(scene: Scene) -> None:
    """Buffered offline queues: a beat trickles in over seconds; it is judged when it is whole."""
    player = Player(scene, scene.device(), scene.lesson()).open()
    player.play(3, rate=2, sending=False)
    ranges, body = list(player.waiting), player.body()
    head = f"POST /beats HTTP/1.1\r\nHost: academy\r\nConnection: close\r\nContent-Length: {len(body)}\r\n\r\n".encode()
    with socket.create_connection(("127.0.0.1", scene.place.ports[0])) as line:
        line.sendall(head)
        for at in range(0, len(body), 8):
            line.sendall(body[at : at + 8])
            time.sleep(scene.beat / 8)
        raw = b"".join(iter(lambda: line.recv(65536), b""))
    scene.must(raw.startswith(b"HTTP/1.1 200"), f"it was taken: {raw[:80]!r}")
    told = player.device.beat(body)
    player.heard(told, ranges)
    _all_counts(scene, player.play(2, rate=2))


@honest(where="sqlite", why_not="here the database's machine tells the time, and no test can turn its clock")
def the_servers_clock_is_turned_back(scene: Scene) -> None:
    """viewing.md: a clock stepping back breaks nothing; the embedded form's clock does not follow it at all."""
    with scene.place.another("bench.fairness.turned:app", FAIRNESS_TURN=str(scene.turn_file)) as process:
        player = Player(scene, scene.device(ports=[process.port]), scene.lesson()).open()
        player.play(4, rate=2)
        wall_clock_back(scene, process, 3600)
        _all_counts(scene, player.play(6, rate=2))
