"""My time is wrong: what a learner says of a lesson's time, and what staff answer or grant."""
