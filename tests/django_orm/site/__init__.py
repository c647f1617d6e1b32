"""A shop as Django projects have it: models, sessions, accounts, the admin's pages."""
