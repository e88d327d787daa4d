"""exgen: problem sets for deep learning, with keys that are derived and proven."""

__version__ = "0.1.0"
