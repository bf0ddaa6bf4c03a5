"""Courses: lessons, media versions measured by the server, captions, uploads, the content origin."""
