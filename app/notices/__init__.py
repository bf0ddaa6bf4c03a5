"""Messages to people inside the academy: what was told to whom, and whether it was read."""
