"""Renditions: out of an uploaded file, what streams: pictures in two sizes, sound alone, a cover.

`plan` decides what is made, `making` makes it (a long task), `ffmpeg` runs the one program, `service` and `queries`
are for the rest of the house, `streams` says what the content origin gives out.
"""
