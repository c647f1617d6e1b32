"""Parcels: where they are, and what is sent."""
