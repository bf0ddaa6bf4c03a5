"""Virtual classes: their learners, and the courses offered to them."""
