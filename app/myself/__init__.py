"""One's own page: what the academy knows of somebody, corrections of it, a copy of everything."""
