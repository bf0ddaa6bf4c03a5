"""People: units, dated memberships, roles, sign-in."""
