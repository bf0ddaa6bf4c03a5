"""The front door: the public home, announcements, what the academy offers to everybody, help, and the glossary.

Owns the table of announcements. Help and glossary are plain files under `content/help/`.
"""
