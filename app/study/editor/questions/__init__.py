"""The editor's pages about a course's questions: the bank, one question, files of them."""

from app.study.editor.questions import files, views

__all__ = ["files", "views"]
