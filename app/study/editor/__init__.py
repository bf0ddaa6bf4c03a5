"""The course editor's desk: courses, their lessons and files, and to whom they are offered."""

from app.study.editor import documents, lessons, questions, renditions
from app.study.editor.views import bp

__all__ = ["bp", "documents", "lessons", "questions", "renditions"]
