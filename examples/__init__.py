"""Applications to record and replay."""
