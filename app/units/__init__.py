"""Units in time: the tree as of any day, and the acts that change it: open, change, merge, split, close."""
