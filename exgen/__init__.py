"""exgen: problem sets for deep learning, with keys that are derived and proven."""
