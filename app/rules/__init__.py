"""Pure rules: coverage, beats, credit, access. Standard library only; no clock, no database, no web."""
