"""Figures: laid out once in Python, as frozen values with coordinates, and drawn per target."""
