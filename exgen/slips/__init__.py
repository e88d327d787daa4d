"""Slips: the mistakes that students usually make, as rewritings of a right answer."""
