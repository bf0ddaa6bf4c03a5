"""Rosters: a spreadsheet of people read strictly, and what it would change. Pure."""
