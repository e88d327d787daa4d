"""Reading back: the LaTeX that stands on a page, parsed as a student would read it."""
