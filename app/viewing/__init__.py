"""Viewing time: opening, beats, coverage, traces; the player."""
