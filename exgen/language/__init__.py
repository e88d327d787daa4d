"""The network language: a small subset of Python's syntax, parsed and never executed."""

from exgen.language.network import read_expression, read_graph, read_network
from exgen.language.writer import to_text

__all__ = ["read_expression", "read_graph", "read_network", "to_text"]
