"""A copy of everything that the academy holds on a person, for that person (`docs/personal-data.md`)."""
