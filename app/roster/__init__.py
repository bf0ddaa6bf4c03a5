"""Rosters: people who arrive as spreadsheets, source by source; what a file would change, applied and undone."""
