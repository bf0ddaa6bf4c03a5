"""What joins the slices for those who see learners through: my class."""
