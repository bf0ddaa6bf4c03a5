"""What was watched, and how we know: coverage, the decision of a beat, its trace, its lease."""
