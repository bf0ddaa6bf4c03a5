"""What joins the slices for the learner and the course editor: my year, catalogue, course page, editor."""
