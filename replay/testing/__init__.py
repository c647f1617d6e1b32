"""Cassettes in pytest: the first run records, every later run replays."""
