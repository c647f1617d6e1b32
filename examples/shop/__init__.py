"""A small shop: the application of ``timetracer demo``."""
