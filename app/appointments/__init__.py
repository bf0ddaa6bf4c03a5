"""The desks where roles are given and taken: the security administrator's for all, the academy's for its staff."""
