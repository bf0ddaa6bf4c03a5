"""Evasions by many viewings, lessons, devices and processes, and by waiting."""

from __future__ import annotations

import time

from bench.fairness.case import evasion
from bench.fairness.device import beat_body
from bench.fairness.scene import Scene
from bench.fairness.script import HOUR_MS, Script, side_by_side


@evasion()
def four_lessons_at_once(scene: Scene) -> None:
    """Parallel chapters (jobs = 4): four threads, each opens its own lesson again and again."""
    lessons, first = [scene.lesson() for _ in range(4)], scene.device()

    def job(number: int) -> None:
        script = Script(scene, lessons[number], first.twin(number))
        for step in range(1, 5):
            scene.wait(1)
            script.claim([0, scene.ms(8 * step)])
            script.again()

    side_by_side(*(lambda n=n: job(n) for n in range(4)))


@evasion()
def one_lesson_on_four_devices(scene: Scene) -> None:
    """Parallel chapters: the same lesson on four devices, a quarter each; the older ones go on claiming."""
    lesson = scene.lesson()
    scripts = [Script(scene, lesson) for _ in range(4)]

    def job(number: int) -> None:
        for step in range(1, 8):
            scene.wait(1)
            scripts[number].claim([scene.ms(100 * number), scene.ms(100 * number + 2 * step)])

    side_by_side(*(lambda n=n: job(n) for n in range(4)))


@evasion()
def fifty_openings(scene: Scene) -> None:
    """viewing.md: however often a lesson is reopened: a fresh allowance is empty."""
    script = Script(scene, scene.lesson())
    for _ in range(50):
        script.claim([0, HOUR_MS])
        script.again()
    script.claim([0, HOUR_MS])


@evasion()
def a_backlog_cut_into_many_viewings(scene: Scene) -> None:
    """viewing.md: however a backlog is cut into beats: eight ended viewings each claim a part, many times over."""
    device, lesson = scene.device(), scene.lesson()
    scripts = []
    for _ in range(8):
        scripts.append(Script(scene, lesson, device))
        scene.wait(0.8)
    scene.close(device, scripts[-1].opened, 1)
    scene.wait(4)
    for number, script in enumerate(scripts):
        for part in range(6):
            script.claim([scene.ms(10 * number + part), scene.ms(10 * number + part + 1)])
        script.claim([0, HOUR_MS])


@evasion()
def saving_up_the_ceiling(scene: Scene) -> None:
    """Sleep counted as use: open, sleep far beyond the ceiling, claim all of it: no more than the ceiling counts."""
    script = Script(scene, scene.lesson(beats=20_000))
    scene.wait(2)
    scene.pass_time(600)
    begun = time.monotonic()
    for number in range(4):
        script.claim([number * 300_000, (number + 1) * 300_000])
    took = time.monotonic() - begun
    counted, waiting = scene.kept()
    scene.must(waiting, "the rest waits")
    most = scene.place.ceiling_ms + round(took * 1000)
    scene.foreign(sum(counted[1::2]) - sum(counted[::2]) - most * 2)


@evasion()
def the_last_second_again_and_again(scene: Scene) -> None:
    """viewing.md: the gap at the very end is charged: many viewings that claim only what stands before it."""
    device = scene.device()
    for _ in range(8):
        script = Script(scene, scene.lesson(beats=20), device)
        length = script.opened.length_ms
        scene.wait(0.2)
        for number in range(5):
            script.claim([length - 1000 - number, length - 999 - number])
    scene.ended()


@evasion()
def waiting_in_one_lesson_for_another(scene: Scene) -> None:
    """Parallel chapters: an open viewing gathers an allowance, and another lesson claims it as well."""
    device = scene.device()
    first = Script(scene, scene.lesson(), device)
    scene.wait(6)
    second = Script(scene, scene.lesson(), device)
    second.claim([0, HOUR_MS])
    first.claim([0, HOUR_MS])
    scene.wait(2)
    second.claim([0, HOUR_MS])
    first.claim([0, HOUR_MS])


@evasion()
def closed_and_claimed_later(scene: Scene) -> None:
    """Backlog: a viewing is closed, its owner waits, and claims the time since."""
    script = Script(scene, scene.lesson())
    scene.wait(2)
    scene.close(script.device, script.opened, 1, [[0, scene.ms(2)]])
    scene.wait(6)
    scene.pass_time(3600)
    for number in range(2, 6):
        scene.must(script.claim([0, HOUR_MS], seq=number) == 409, "it has ended")


@evasion()
def the_older_device_plays_on(scene: Scene) -> None:
    """Newest login wins: the device that was taken over goes on claiming beside the new one."""
    lesson = scene.lesson()
    old, new = Script(scene, lesson), Script(scene, lesson)
    old.claim([0, HOUR_MS])  # what it had until it was taken over
    before = scene.kept()[0][-1]
    for step in range(1, 9):
        scene.wait(1)
        scene.must(old.claim([scene.ms(100), scene.ms(100 + 2 * step)]) == 409, "the older one is told")
        new.claim([0, before + scene.ms(2 * step)])
    scene.must(scene.kept()[0][-1] < scene.ms(100), "what the older device played after the takeover is nobody's")


@evasion()
def two_processes_raced(scene: Scene) -> None:
    """viewing.md: correct with several processes: sixteen connections spend the same allowance at one moment."""
    script = Script(scene, scene.lesson())
    twins = [script.device.twin(number) for number in range(16)]
    for round_ in range(5):
        scene.wait(1)

        def spend(number: int, seq: int = 100 * (round_ + 1)) -> None:
            body = beat_body(script.opened.lease, seq + number, [[scene.ms(20 * number), scene.ms(20 * number + 20)]])
            twins[number].beat(body)

        side_by_side(*(lambda n=n, s=spend: s(n) for n in range(16)))
