"""Questions: what makes one askable, and the GIFT text format that banks come and go in."""
