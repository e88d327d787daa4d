"""Presets: templates of text with asks, and for each which networks it fits and what is drawn."""
