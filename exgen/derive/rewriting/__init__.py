"""The rules by which an expression is brought into the form that a textbook prints."""
