"""What the page says, against what a claim is about: one reader for each sort of claim."""
