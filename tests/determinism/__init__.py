"""Time and randomness as recorded."""
