"""Derivations: from a graph to steps, in a notation, as LaTeX."""
