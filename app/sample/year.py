"""How a learner of the sample goes through a year: which days, which courses elsewhere, how many lessons here.

Pure, and the same for the same seed, login and year: whatever had happened by a day is the beginning of what will
have happened by a later one. `content/sample/year.toml` says how people differ.
"""

from __future__ import annotations

import random
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import accumulate
from typing import Any
from zoneinfo import ZoneInfo

MINUTES_PER_HOUR = 45  # of an hour of the academy's rules
# When people sit down on a working day and on a free one: (from, to) in minutes of the day, and how often.
WORKDAY = (((425, 470), 1), ((725, 790), 3), ((1140, 1330), 8))
FREE_DAY = (((540, 690), 4), ((870, 1020), 3), ((1150, 1310), 4))


@dataclass(frozen=True, slots=True)
class Profile:
    """A kind of year. `hours`: the least and the most in the whole year; `months`: how much falls into each;
    `lessons`: the share of the academy's own lessons; `waits`: how often one of them waits for a confirmation."""

    hours: tuple[float, float]
    months: tuple[float, ...]
    lessons: tuple[float, float]
    waits: float


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """A course of the province's academy; `minutes` of film."""

    code: str
    title: str
    title_en: str
    bucket: str
    category: str
    minutes: int


@dataclass(frozen=True, slots=True)
class Opened:
    """A lesson here (its place in the order in which this learner takes them) and how much was seen of it."""

    moment: datetime
    place: int
    share: float
    waits: bool


class Years:
    """All that `year.toml` says, and the days of each year as people use them."""

    def __init__(self, plan: Mapping[str, Any], zone: ZoneInfo) -> None:
        self.provider: str = plan["provider"]
        self.courses = [
            Elsewhere(each["code"], each["zh"], each["en"], each["bucket"], each["category"], each["minutes"])
            for each in plan["courses"]
        ]
        self._seed, self._zone = plan["seed"], zone
        self._week: Sequence[float] = plan["week"]
        self._holidays: Sequence[Sequence[str]] = plan["holidays"]
        self._profiles = {
            name: Profile((each["hours"][0], each["hours"][1]), tuple(each["months"]),
                          (each["lessons"][0], each["lessons"][1]), each.get("waits", 0.0))
            for name, each in plan["profiles"].items()
        }  # fmt: skip
        self._days: dict[tuple[str, int], tuple[list[date], list[float]]] = {}

    def elsewhere(self, login: str, profile: str, year: int) -> Iterator[tuple[datetime, Elsewhere]]:
        """What somebody finishes elsewhere in a year, in its order: until the hours that this kind of year has."""
        dice = self._dice(login, year, "elsewhere")
        chosen = self._chosen(dice, self._profiles[profile])
        yield from zip(self._moments(dice, profile, year, len(chosen)), chosen, strict=True)

    def lessons(self, login: str, profile: str, year: int, count: int) -> Iterator[Opened]:
        """Which of `count` lessons here somebody opens in a year, in its order; the last one may be left half."""
        dice = self._dice(login, year, "lessons")
        kind = self._profiles[profile]
        whole = round(count * dice.uniform(*kind.lessons))
        half = whole < count and kind.lessons[1] > 0 and dice.random() < 0.6
        waiting = dice.randrange(whole) if whole and dice.random() < kind.waits else -1
        for place, moment in enumerate(self._moments(dice, profile, year, whole + half)):
            share = 1.0 if place < whole else dice.uniform(0.15, 0.85)
            yield Opened(moment, place, share, place == waiting)

    def _dice(self, login: str, year: int, what: str) -> random.Random:
        return random.Random(f"{self._seed}:{login}:{year}:{what}")

    def _chosen(self, dice: random.Random, kind: Profile) -> list[Elsewhere]:
        """Courses up to the hours of the year, general and professional ones in a mixture of one's own."""
        wanted = dice.uniform(*kind.hours) * MINUTES_PER_HOUR
        general = dice.uniform(0.28, 0.42)
        stock = {
            bucket: dice.sample(found := [each for each in self.courses if each.bucket == bucket], len(found))
            for bucket in ("general", "professional")
        }
        got = {"general": 0, "professional": 0}
        taken: list[Elsewhere] = []
        while (total := sum(got.values())) < wanted and (stock["general"] or stock["professional"]):
            bucket = "general" if got["general"] <= general * total else "professional"
            bucket = bucket if stock[bucket] else next(name for name in stock if stock[name])
            taken.append(stock[bucket].pop())
            got[bucket] += taken[-1].minutes
        return taken

    def _moments(self, dice: random.Random, profile: str, year: int, count: int) -> list[datetime]:
        """So many moments of a year, in order: one in each of so many parts that weigh the same."""
        days, sums = self._calendar(profile, year)
        found = []
        for number in range(count):
            at = (number + dice.random()) / count * sums[-1]
            day = days[min(bisect_right(sums, at), len(days) - 1)]
            hours = FREE_DAY if day.weekday() >= 5 else WORKDAY
            (first, last), _weight = dice.choices(hours, [weight for _hours, weight in hours])[0]
            minute, second = dice.randint(first, last), dice.randrange(60)
            found.append(datetime(day.year, day.month, day.day, minute // 60, minute % 60, second, tzinfo=self._zone))
        return sorted(found)

    def _calendar(self, profile: str, year: int) -> tuple[list[date], list[float]]:
        """The days of a year and the rising sums of how much falls on each."""
        if (profile, year) not in self._days:
            first = date(year, 1, 1)
            days = [first + timedelta(days=number) for number in range((date(year + 1, 1, 1) - first).days)]
            months = self._profiles[profile].months
            weights = [months[day.month - 1] * self._week[day.weekday()] * self._holiday(day) for day in days]
            self._days[profile, year] = days, list(accumulate(weights))
        return self._days[profile, year]

    def _holiday(self, day: date) -> float:
        """Little is done on holidays, which are written MM-DD."""
        name = day.strftime("%m-%d")
        return 0.15 if any(first <= name <= last for first, last in self._holidays) else 1.0
