"""Problems as text with asks: the notation, the table of asks, and what each answers."""
