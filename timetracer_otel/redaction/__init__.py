"""Secrets and personal data out of cassettes, on the worker, before anything is written."""
