"""The op table: everything the network language can compute, one complete row each."""

from exgen.ops.table import TABLE, lookup, traits_of, uses

__all__ = ["TABLE", "lookup", "traits_of", "uses"]
