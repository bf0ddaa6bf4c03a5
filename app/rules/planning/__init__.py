"""From a duty to the courses that close it: by folding what would be evidence, never by estimates."""
