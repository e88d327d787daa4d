"""Certificates: no answer is printed unless independent methods agree on it."""
