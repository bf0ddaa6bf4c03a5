"""Question banks: one for every course; presence checks draw on them, so what was asked is never changed."""
