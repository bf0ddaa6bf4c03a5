"""The course editor's desk: courses, their lessons and files, and to whom they are offered."""

from app.study.editor import lessons
from app.study.editor.views import bp

__all__ = ["bp", "lessons"]
