"""The files of `content/`: each film is drawn from its script, has captions, and all together stay small."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from app.courses.measuring import measure
from app.rules.questions import gift
from tools import make_lectures

CONTENT = Path(__file__).resolve().parents[1] / "content"
COURSES = sorted(path.parent for path in CONTENT.glob("courses/*/course.toml"))
SCRIPTS = [path for path in sorted(CONTENT.glob("courses/*/*.toml")) if "[[scenes]]" in path.read_text("utf-8")]
MOST_BYTES = 20_000_000


def test_all_media_together_stay_small() -> None:
    media = [path for path in CONTENT.rglob("*") if path.suffix in (".mp4", ".m4a", ".mp3", ".webp", ".png", ".pdf")]
    assert len(media) >= len(SCRIPTS)
    assert sum(path.stat().st_size for path in media) <= MOST_BYTES


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_a_film_is_as_long_as_its_script_and_says_what_it_says(script: Path) -> None:
    lecture = make_lectures.read_script(script)
    for language in ("zh", "en"):
        kept = script.with_suffix(f".{language}.vtt").read_text(encoding="utf-8")
        assert kept == make_lectures.captions(lecture, language)
    found = measure(script.with_suffix(".mp4"))
    assert (found.kind, abs(found.length_ms - lecture.length_ms) <= 250) == ("video", True)


@pytest.mark.parametrize("folder", COURSES, ids=lambda path: path.name)
def test_a_course_has_all_that_it_names_in_both_languages(folder: Path) -> None:
    plan = tomllib.loads((folder / "course.toml").read_text(encoding="utf-8"))
    said = [plan["title"], plan["summary"], plan["provider"], plan["lecturer"], *plan["learn"]]
    said += [*plan.get("sources", []), *(lesson["title"] for lesson in plan["lessons"])]
    assert all(each["zh"] and each["en"] for each in said)
    assert len(plan["slip"]) == 4
    for lesson in plan["lessons"]:
        files = [lesson["file"], *lesson.get("captions", {}).values()]
        assert all((folder / name).is_file() for name in files)
        assert lesson["kind"] == "article" or set(lesson["captions"]) == {"zh", "en"}


@pytest.mark.parametrize("folder", COURSES, ids=lambda path: path.name)
def test_every_film_that_asks_has_questions(folder: Path) -> None:
    plan = tomllib.loads((folder / "course.toml").read_text(encoding="utf-8"))
    if not plan["policies"]["check_minutes"]:
        return
    items = gift.parse((folder / "questions.gift").read_text(encoding="utf-8"))
    asked = {each.category for each in items if isinstance(each, gift.Taken)}
    films = {lesson["title"]["zh"] for lesson in plan["lessons"] if lesson["kind"] == "video"}
    assert films <= asked <= {lesson["title"]["zh"] for lesson in plan["lessons"]}
