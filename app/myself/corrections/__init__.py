"""Corrections of what the academy has of a person: asked for by that person, decided by somebody else."""
