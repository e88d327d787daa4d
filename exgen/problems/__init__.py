"""The kinds of problems, in one visible table."""

from exgen.problems.table import KINDS

__all__ = ["KINDS"]
